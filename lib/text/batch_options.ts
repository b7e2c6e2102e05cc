/**
 * What every way to batch the ids of a text checks first.
 *
 * @module
 */

/**
 * Checks the ids, and options that are integers.
 *
 * @param ids The ids of a text.
 * @param options Each option that is checked, by its name: its value and the least that it may be.
 * @throws {TypeError} If the ids are not an Int32Array.
 * @throws {RangeError} If an option is no integer, or less than it may be.
 */
export function checkBatchOptions(
  ids: Int32Array,
  options: Readonly<Record<string, { readonly value: number; readonly least: number }>>,
): void {
  if (!(ids instanceof Int32Array)) {
    throw new TypeError(
      "Cannot batch the ids: they must be an Int32Array, as encode returns it",
    );
  }
  for (const [name, { value, least }] of Object.entries(options)) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(
        `Cannot batch with a ${name} of ${value}: it must be an integer of at least ${least}`,
      );
    }
  }
}
