/** What the tests came to, read from the JUnit report that `deno test` writes. */

/** One test or step. */
export interface TestCase {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

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
  const cases = xml.matchAll(/<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g);
  return [...cases].map(([, name, inside]) => ({
    name: name!.replaceAll(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity),
    outcome: /<(failure|error)\b/.test(inside!)
      ? "failed"
      : inside!.includes("<skipped")
      ? "skipped"
      : "passed",
  }));
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
}

const BRING_WEBGPU = "apt install mesa-vulkan-drivers libvulkan1";

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
  const webgpu = skipped.filter((test) => /webgpu/i.test(test.name));
  const lines: string[] = [];
  for (const { name } of skipped) {
    if (!webgpu.some((test) => test.name === name)) lines.push(`skipped: ${name}`);
  }
  if (webgpu.length > 0) {
    lines.push(
      `skipped: ${webgpu.length} WebGPU tests, since there is no WebGPU adapter. ` +
        `On Debian and Ubuntu a software one: ${BRING_WEBGPU}`,
    );
  }
  const refused = options.requireWebgpu && webgpu.length > 0;
  if (refused) lines.push("FOLIO_REQUIRE_WEBGPU=1 makes that a failure");
  // A run that fails without a failed test (types, a leak at the end) counts as one.
  const failures = count("failed") + (refused ? webgpu.length : 0);
  const failed = options.success || failures > 0 ? failures : 1;
  const passed = count("passed");
  lines.push(
    `tests: ${passed} passed, ${failed} failed` +
      (skipped.length > 0 ? `, ${skipped.length} skipped` : ""),
  );
  return { passed, failed, skipped: skipped.length, lines, success: failed === 0 };
}
