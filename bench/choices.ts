/**
 * What a person chooses on the command line of a benchmark.
 *
 * @module
 */
import type { Row } from "./jobs.ts";

/**
 * The rows that were asked for.
 *
 * @param names Their ids, with commas between them; without, all.
 * @param rows All there are.
 * @throws {RangeError} If there is no such row.
 */
export function rowsNamed(names: string | undefined, rows: readonly Row[]): Row[] {
  const wanted = names?.split(",") ?? rows.map(({ id }) => id);
  const unknown = wanted.find((id) => !rows.some((row) => row.id === id));
  if (unknown === undefined) return rows.filter(({ id }) => wanted.includes(id));
  const known = rows.map(({ id }) => id).join(", ");
  throw new RangeError(`There is no row "${unknown}": choose among ${known}`);
}

/**
 * A whole number from the command line.
 *
 * @param name The option.
 * @param text Its value.
 * @throws {RangeError} If it is not an integer of 1 or more.
 */
export function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be an integer of 1 or more, not "${text}"`);
}
