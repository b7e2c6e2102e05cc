/**
 * What was compared, what came out, and whether that is right.
 *
 * @module
 */

/** One row of the table. */
export interface Finding {
  readonly peer: string;
  readonly what: string;
  readonly found: string;
  readonly wanted: string;
  readonly good: boolean;
}

/** A number that must not be larger than a limit; NaN is. */
export function atMost(
  labels: Pick<Finding, "peer" | "what">,
  { value, limit }: { readonly value: number; readonly limit: number },
): Finding {
  return {
    ...labels,
    found: value.toExponential(1),
    wanted: `at most ${limit.toExponential(0)}`,
    good: value <= limit,
  };
}

/** Losses each of which must be smaller than the one before; a bar marks a hand-over. */
export function falling(
  labels: Pick<Finding, "peer" | "what">,
  parts: readonly (readonly number[])[],
): Finding {
  const losses = parts.flat();
  return {
    ...labels,
    found: parts.map((part) => part.map((loss) => loss.toFixed(3)).join(" ")).join(" | "),
    wanted: "falling",
    good: losses.every((loss, i) => loss < (losses[i - 1] ?? Infinity)),
  };
}
