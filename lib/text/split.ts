/**
 * Cutting ids: into a part to train on and one held out, and into inputs and targets.
 *
 * @module
 */
/** How {@linkcode splitTokens} divides the ids. */
export interface SplitOptions {
  /** The part that is held out, from 0 (nothing) to less than 1. */
  readonly validationFraction: number;
}

/**
 * Divides the ids of a corpus into what we train on and what we hold out to validate on.
 *
 * Both parts are contiguous and the validation part is the last one: were it drawn at random, its
 * characters would stand between ones that the model has been trained on.
 *
 * @param ids The ids of the whole corpus.
 * @param options Which fraction is held out.
 * @returns Two views of the same memory; `validation` has `floor(fraction × length)` ids.
 * @throws {RangeError} If the fraction is not from 0 to less than 1.
 *
 * @example Holding out a tenth
 * ```ts
 * import { splitTokens } from "folio";
 * import assert from "node:assert/strict";
 *
 * const ids = new Int32Array(1000);
 * const { train, validation } = splitTokens(ids, { validationFraction: 0.1 });
 * assert.equal(train.length, 900);
 * assert.equal(validation.length, 100);
 * ```
 */
export function splitTokens(
  ids: Int32Array,
  options: SplitOptions,
): { train: Int32Array; validation: Int32Array } {
  const { validationFraction } = options;
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new RangeError(
      `Cannot hold out a validationFraction of ${validationFraction}: ` +
        `it must be at least 0 and less than 1, for example 0.1`,
    );
  }
  const boundary = ids.length - Math.floor(ids.length * validationFraction);
  return {
    train: ids.subarray(0, boundary),
    validation: ids.subarray(boundary),
  };
}

/** The arrays of numbers that {@linkcode splitInputTarget} takes besides plain arrays. */
export type NumberArray =
  | Int32Array
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint16Array;

/**
 * Makes an input and its target from one sequence: the target is the input one step later.
 *
 * @param sequence A text or array with at least two elements.
 * @returns All but the last element, and all but the first, both copies.
 * @throws {RangeError} If the sequence has fewer than two elements.
 *
 * @example At each character, the next one is the answer
 * ```ts
 * import { splitInputTarget } from "folio";
 * import assert from "node:assert/strict";
 *
 * const [input, target] = splitInputTarget("Hello");
 * assert.equal(input, "Hell");
 * assert.equal(target, "ello");
 * ```
 */
export function splitInputTarget(sequence: string): [string, string];
/** The same of a typed array: two arrays of its type. */
export function splitInputTarget<S extends NumberArray>(sequence: S): [S, S];
/** The same of any array. */
export function splitInputTarget<T>(sequence: readonly T[]): [T[], T[]];
export function splitInputTarget(
  sequence: string | NumberArray | readonly unknown[],
): [unknown, unknown] {
  if (typeof sequence === "string") {
    // By code points, so that a character of two code units is never cut in half.
    const [input, target] = splitInputTarget([...sequence]);
    return [input.join(""), target.join("")];
  }
  if (sequence.length < 2) {
    throw new RangeError(
      `Cannot split a sequence of length ${sequence.length} into input and target: ` +
        `it needs at least 2 elements, so that each of the two has one`,
    );
  }
  return [sequence.slice(0, -1), sequence.slice(1)];
}
