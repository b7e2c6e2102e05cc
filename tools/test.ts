/**
 * `deno task test`: sets up what the tests need, runs the quick ones, the examples in the docs
 * included, and ends with the slowest ten and the counts. FOLIO_TESTS=all adds the slow ones. Other
 * arguments go on to `deno test`, for example `--filter=Vocabulary`.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { corpusArgument } from "./corpus_argument.ts";
import { passThrough } from "./process.ts";
import { graphicsVariables, projectPaths } from "./project_paths.ts";
import { setUp } from "./setup.ts";
import { readExtent } from "./test_extent.ts";
import { readJunit, slowestTests, summarize } from "./test_report.ts";

/** Files that are tested at once. Each may open a browser or a GPU, so more would want memory. */
const MOST_JOBS = 4;

/** How the tests are run. */
export interface TestOptions {
  /** Run this file only, which is not among the ordinary tests. */
  readonly only?: string | undefined;
  /** Run the library's quick tests, under the permissions in deno.json, as `deno test -P` does. */
  readonly permitted?: boolean;
  /** Measure what the tests cover, and fail below the thresholds in deno.json. */
  readonly coverage?: boolean;
  /** More arguments for `deno test`. */
  readonly args?: readonly string[];
}

/**
 * Runs the tests and prints the counts.
 *
 * @param options Which tests, and whether to measure coverage.
 * @returns The exit code.
 */
export async function runTests(options: TestOptions = {}): Promise<number> {
  const paths = projectPaths();
  await setUp(paths);
  const folder = await Deno.makeTempDir({ prefix: "folio-tests-" });
  try {
    const report = join(folder, "report.xml");
    const profile = join(folder, "coverage");
    const corpus = corpusArgument(
      Deno.env.get("FOLIO_CORPUS"),
      Deno.env.get("INIT_CWD") ?? Deno.cwd(),
    );
    const [allowed, ...what] = options.permitted
      ? ["-P"]
      : ["-A", ...options.only ? [options.only] : ["--doc", "tests", "lib"]];
    const coverage = options.coverage ? [`--coverage=${profile}`, "--coverage-raw-data-only"] : [];
    readExtent(Deno.env.get("FOLIO_TESTS")); // a wrong one is refused before anything runs
    const seed = Deno.env.get("FOLIO_SEED") || `${Math.floor(Math.random() * 2 ** 31)}`;
    const jobs = Deno.env.get("DENO_JOBS") || `${Math.min(MOST_JOBS, availableParallelism())}`;
    const code = await passThrough(Deno.execPath(), [
      ...["test", allowed!, "--parallel", `--junit-path=${report}`, ...coverage],
      ...(options.args ?? []),
      ...what,
    ], {
      cwd: paths.root,
      env: {
        DENO_NO_UPDATE_CHECK: "1",
        DENO_JOBS: jobs,
        FOLIO_SEED: seed,
        ...(options.permitted && { FOLIO_TESTS: "quick" }),
        ...graphicsVariables(paths),
        ...(corpus && { FOLIO_CORPUS: corpus }),
      },
    });
    const xml = await Deno.readTextFile(report).catch(() => undefined);
    const cases = xml === undefined ? undefined : readJunit(xml);
    const summary = summarize(cases, {
      requireWebgpu: Deno.env.get("FOLIO_REQUIRE_WEBGPU") === "1",
      success: code === 0,
      signalCode: code >= 128 ? code : undefined,
    });
    const covered = options.coverage
      ? await passThrough(Deno.execPath(), ["coverage", "--include=/lib/", profile], {
        cwd: paths.root,
      })
      : 0;
    const seeds = `random tests began at the seed ${seed}; FOLIO_SEED=${seed} repeats them`;
    console.log(`\n${[...slowestTests(cases ?? [], 10), seeds, ...summary.lines].join("\n")}`);
    return summary.success ? covered : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function readArguments(args: readonly string[]): TestOptions {
  const rest = [...args];
  const coverage = take(rest, "--coverage") !== undefined;
  const permitted = take(rest, "-P") !== undefined;
  const at = rest.indexOf("--only");
  const only = at < 0 ? undefined : rest.splice(at, 2)[1];
  return { only, permitted, coverage, args: rest };
}

function take(args: string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args.splice(at, 1)[0];
}

if (import.meta.main) {
  try {
    Deno.exit(await runTests(readArguments(Deno.args)));
  } catch (error) {
    console.error(`test: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
