/** The corpus that a command line or the environment names. */
import { statSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Makes a corpus' path absolute, since notebooks run in a folder of their own; names and URLs stay.
 *
 * @param value A known name, a path or a URL; `undefined` or empty for none.
 * @param folder The folder that a relative path starts from.
 * @returns The value to pass on in FOLIO_CORPUS.
 * @throws {Error} If the value is a path and there is no such file.
 */
export function corpusArgument(
  value: string | undefined,
  folder: string,
): string | undefined {
  if (!value) return undefined;
  if (/^[a-z][a-z0-9+.-]+:/i.test(value)) return value; // two letters at least: C: is a drive
  const path = resolve(folder, value);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return path;
  if (/[\\/.]/.test(value)) {
    throw new Error(
      `Cannot find the corpus "${value}": there is no file ${path}`,
    );
  }
  return value;
}
