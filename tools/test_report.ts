/**
 * What the tests came to, read from the JUnit report that `deno test` writes.
 *
 * @module
 */

/** One test or step. */
export interface TestCase {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** How long it took. */
  readonly seconds: number;
}

/** How `needing` in tests/testdata/needs.ts says in a test's name why it is skipped. */
const SKIPPED = / \(skipped: (.*)\)$/;

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

/**
 * Reads a JUnit report of `deno test`.
 *
 * @param xml The report.
 * @returns Its tests and steps, in order.
 */
export function readJunit(xml: string): TestCase[] {
  const cases = xml.matchAll(
    /<testcase name="([^"]*)"[^>]* time="([\d.]+)"[^>]*>([\s\S]*?)<\/testcase>/g,
  );
  return [...cases].map(([, name, seconds, inside]) => ({
    name: name!.replaceAll(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity),
    outcome: /<(failure|error)\b/.test(inside!)
      ? "failed"
      : inside!.includes("<skipped")
      ? "skipped"
      : "passed",
    seconds: Number(seconds),
  }));
}

/**
 * The tests that took longest.
 *
 * @param cases The tests.
 * @param count How many of them.
 * @returns A line for each, the slowest first, under a heading; none where no test ran.
 */
export function slowestTests(cases: readonly TestCase[], count: number): string[] {
  const slowest = cases.filter(({ outcome }) => outcome !== "skipped")
    .toSorted((a, b) => b.seconds - a.seconds).slice(0, count);
  const lines = slowest.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`);
  return lines.length === 0 ? [] : ["the slowest tests:", ...lines];
}

/** The counts, and what is to be said about them. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly lines: readonly string[];
  readonly success: boolean;
}

/** What a summary depends on besides the tests. */
export interface SummaryOptions {
  /** Whether a skipped WebGPU test is a failure. */
  readonly requireWebgpu: boolean;
  /** Whether `deno test` itself ended well. */
  readonly success: boolean;
  /** The exit code of a signal, where one ended it; its report is written after the last test. */
  readonly signalCode?: number | undefined;
}

/**
 * Sums up a test run: the counts, and why what was skipped was skipped.
 *
 * @param cases The tests, or `undefined` where there is no report: nothing ran.
 * @param options Whether WebGPU must be there, and how `deno test` ended.
 * @returns The counts, the lines to print, and whether all is well.
 */
export function summarize(
  cases: readonly TestCase[] | undefined,
  options: SummaryOptions,
): TestSummary {
  const count = (outcome: TestCase["outcome"]) =>
    (cases ?? []).filter((test) => test.outcome === outcome).length;
  const skipped = (cases ?? []).filter((test) => test.outcome === "skipped");
  const reasons = skipped.map(({ name }) => SKIPPED.exec(name)?.[1] ?? name);
  const lines = [...new Set(reasons)].map((reason) => {
    const times = reasons.filter((other) => other === reason).length;
    return `skipped: ${times} ${times === 1 ? "test" : "tests"}: ${reason}`;
  });
  const withoutWebgpu = reasons.filter((reason) => reason.startsWith("no WebGPU adapter")).length;
  const refused = options.requireWebgpu ? withoutWebgpu : 0;
  if (refused > 0) lines.push("FOLIO_REQUIRE_WEBGPU=1 makes the lack of an adapter a failure");
  // A run that fails without a failed test (types, a leak at the end) counts as one.
  const failures = count("failed") + refused;
  const crashedAfterwards = cases !== undefined && options.signalCode !== undefined;
  if (crashedAfterwards) {
    lines.push(`CRASHED while it ended, after its last test (exit code ${options.signalCode})`);
  }
  const failed = options.success || crashedAfterwards || failures > 0 ? failures : 1;
  const passed = count("passed");
  lines.push(
    `tests: ${passed} passed, ${failed} failed` +
      (skipped.length > 0 ? `, ${skipped.length} skipped` : ""),
  );
  return { passed, failed, skipped: skipped.length, lines, success: failed === 0 };
}
