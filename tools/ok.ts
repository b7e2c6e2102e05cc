/**
 * `deno task ok`: the gate. Format, lint and types of everything, the notebooks' code cells, then the
 * quick tests, or with `--all` what `deno task test:all` runs. A change that does not pass it is not
 * finished.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkNotebooks } from "./check_notebooks.ts";
import { unformattedNotebooks } from "./notebook_format.ts";
import { capture, passThrough } from "./process.ts";
import { projectPaths } from "./project_paths.ts";
import { runTests } from "./test.ts";
import { runAllTests } from "./test_all.ts";

const CHECKED = ["lib", "cli", "tests", "tools", "bench", "demo"];

/** One thing the gate looks at. */
interface Check {
  readonly name: string;
  readonly way: string;
  run(): Promise<boolean>;
}

function checks(root: string): Check[] {
  const deno = (...args: string[]) => async () =>
    await passThrough(Deno.execPath(), args, {
      cwd: root,
      env: { DENO_NO_UPDATE_CHECK: "1" },
    }) === 0;
  const folders = CHECKED.filter((folder) => existsSync(join(root, folder)));
  return [
    {
      name: "deno.lock",
      way: "deno install brings it in step with deno.json",
      run: deno("install", "--frozen", "--quiet"),
    },
    {
      name: "format",
      way: "deno task fmt puts it right",
      run: async () => {
        const others = await deno(
          "fmt",
          "--check",
          "--quiet",
          "--ignore=notebooks,outputs,data,bench/results,.venv,.peers",
        )();
        const notebooks = await unformattedNotebooks(root);
        for (const path of notebooks) console.error(`not formatted: ${path}`);
        return others && notebooks.length === 0;
      },
    },
    { name: "lint", way: "deno lint shows it", run: deno("lint", "--quiet") },
    {
      name: "public docs",
      way: "deno doc --lint --no-npm lib/mod.ts shows what lacks",
      // Deno takes the types of npm packages for private ones of ours: docs/decisions/0012.
      run: async () =>
        (await capture(Deno.execPath(), ["doc", "--lint", "--no-npm", "lib/mod.ts"], { cwd: root }))
          ?.success ?? false,
    },
    { name: "types", way: "deno check shows them", run: deno("check", "--quiet", ...folders) },
    {
      name: "notebooks' cells",
      way: "deno task check:notebooks shows them",
      run: async () => {
        const { problems } = await checkNotebooks();
        for (const problem of problems) console.error(problem);
        return problems.length === 0;
      },
    },
  ];
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
  const failed: Check[] = [];
  for (const check of checks(projectPaths().root)) {
    const started = performance.now();
    const good = await check.run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`ok: ${check.name.padEnd(16)} ${good ? "good" : "NOT GOOD"} (${seconds} s)`);
    if (!good) failed.push(check);
  }
  if (failed.length > 0) {
    for (const { name, way } of failed) console.error(`ok: ${name}: ${way}`);
    console.error("ok: the tests were not run");
    return 1;
  }
  return values.all ? await runAllTests() : await runTests();
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    console.error(`ok: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
