/**
 * What the steps of `deno task test:all` came to, read from what they print.
 *
 * @module
 */

/** How a step ended. */
export interface StepEnd {
  readonly code: number;
  /** What it printed to standard output. */
  readonly output: string;
  readonly seconds: number;
}

/** How many of a step's tests passed. */
export interface StepCounts {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

/**
 * Reads the last line of counts that a step printed, `tests: 3 passed, 0 failed`. A step that ended
 * badly and counted no failure, or counted nothing at all, is one failure.
 *
 * @param name The step.
 * @param end Its exit code, its output, and how long it took.
 * @returns Its counts.
 */
export function stepCounts(name: string, { code, output, seconds }: StepEnd): StepCounts {
  const lines = [...output.matchAll(/^(?:tests|notebooks): (\d+) passed, (\d+) failed/gm)];
  const [passed = 0, failed = 0] = lines.at(-1)?.slice(1).map(Number) ?? [];
  const isLost = lines.length === 0 || code !== 0;
  return { name, passed, failed: isLost ? Math.max(failed, 1) : failed, seconds };
}

/**
 * A line for each step, and one that adds them up.
 *
 * @param steps What the steps came to.
 * @returns The lines; the last is `all: 3 passed, 0 failed`.
 */
export function stepsTable(steps: readonly StepCounts[]): string[] {
  const width = Math.max(...steps.map(({ name }) => name.length));
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const lines = steps.map(({ name, passed, failed, seconds }) =>
    `${name.padEnd(width)}  ${passed} passed, ${failed} failed in ${seconds.toFixed(0)} s`
  );
  const [passed, failed] = [
    sum(steps.map(({ passed }) => passed)),
    sum(steps.map(({ failed }) => failed)),
  ];
  return [...lines, `all: ${passed} passed, ${failed} failed`];
}
