/**
 * `deno task test:all`: the tests with all their cases, then the notebook runner under load,
 * JupyterLab, Keras and PyTorch beside folio, and the nine notebooks: what CI runs. `--full` draws
 * every random case, where it otherwise draws a tenth of the costly ones.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { projectPaths } from "./project_paths.ts";
import { type StepCounts, stepCounts, stepsTable } from "./test_steps.ts";

/** How {@linkcode runAllTests} goes about it. */
export interface AllTestsOptions {
  /** Draw every random case. False by default. */
  readonly full?: boolean;
}

/** What is run, in order: a name, and a task with its arguments. */
const STEPS: readonly (readonly [name: string, ...task: string[]])[] = [
  ["deno test -P", "test", "-P"],
  ["tests", "test"],
  ["runner under load", "test:runner-stress"],
  ["JupyterLab", "test:lab"],
  ["Keras and PyTorch", "test:parity"],
  ["notebooks", "notebooks"],
];

/**
 * Runs everything, also when something fails, and prints what passed.
 *
 * @param options How many of the random cases are drawn.
 * @returns The exit code.
 */
export async function runAllTests(options: AllTestsOptions = {}): Promise<number> {
  const env = { FOLIO_TESTS: options.full ? "full" : "all", DENO_NO_UPDATE_CHECK: "1" };
  const counts: StepCounts[] = [];
  for (const [name, ...task] of STEPS) {
    console.log(`\n== deno task ${task.join(" ")}`);
    const started = performance.now();
    const { code, output } = await runAndKeep(["task", "--quiet", ...task], env);
    const seconds = (performance.now() - started) / 1000;
    counts.push(stepCounts(name, { code, output, seconds }));
  }
  const lines = stepsTable(counts);
  console.log(`\n${lines.join("\n")}`);
  return counts.every(({ failed }) => failed === 0) ? 0 : 1;
}

/** Runs Deno, passes on what it says, and keeps what it prints to standard output. */
async function runAndKeep(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly output: string }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: projectPaths().root,
    env: { ...env },
    stdout: "piped",
  }).spawn();
  let output = "";
  const [status] = await Promise.all([
    process.status,
    process.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        async write(text) {
          output += text;
          await new Blob([text]).stream().pipeTo(Deno.stdout.writable, { preventClose: true });
        },
      }),
    ),
  ]);
  return { code: status.code, output };
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({ options: { full: { type: "boolean", default: false } } });
    Deno.exit(await runAllTests(values));
  } catch (error) {
    console.error(`test:all: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
