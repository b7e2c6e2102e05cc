/**
 * Numbers for tests, and how far two lists of them lie apart.
 *
 * @module
 */
import { CounterRandom } from "../../lib/random.ts";

/** `size` float32 values uniform in (−scale, scale), the same for the same `text`. */
export function someNumbers(
  size: number,
  { text = 0, scale = 1 } = {},
): Float64Array {
  const random = new CounterRandom({ seed: 7, stream: 9, index: text });
  return Float64Array.from(
    { length: size },
    (_, i) => Math.fround((2 * random.uniform(i) - 1) * scale),
  );
}

/** The largest difference, over the largest expected value. */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(distance)) return NaN;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference === 0 ? 0 : difference / largest;
}
