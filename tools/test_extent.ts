/**
 * How much of the tests a run takes.
 *
 * @module
 */

/** What FOLIO_TESTS may say: the quick tests, what CI runs, or that with every random case. */
export const extents = ["quick", "all", "full"] as const;

/** One of the {@linkcode extents}. */
export type TestExtent = typeof extents[number];

/**
 * Reads an extent.
 *
 * @param text What FOLIO_TESTS says; nothing means `quick`.
 * @returns The extent.
 * @throws {RangeError} If it is none.
 */
export function readExtent(text: string | undefined): TestExtent {
  const extent = extents.find((extent) => extent === (text || "quick"));
  if (extent === undefined) {
    throw new RangeError(`FOLIO_TESTS is "${text}"; it must be one of ${extents.join(", ")}`);
  }
  return extent;
}
