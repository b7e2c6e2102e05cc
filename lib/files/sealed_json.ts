/**
 * JSON that reveals when it was altered: it holds the digest of all that it says besides.
 *
 * @module
 */
import { sha256 } from "./file_digest.ts";

/** The field that holds the digest. */
const field = "sha256";

/**
 * Writes a value as JSON with a digest of itself.
 *
 * @param value An object without a field `sha256`.
 * @returns The text of the file.
 */
export async function sealJson(value: object): Promise<string> {
  const text = JSON.stringify(value, null, 2);
  return JSON.stringify({ ...JSON.parse(text), [field]: await sha256(text) }, null, 2) + "\n";
}

/**
 * Reads what {@linkcode sealJson} wrote, or JSON from before there were digests.
 *
 * @param text The text of the file.
 * @returns The value, without the digest.
 * @throws {SyntaxError} If it is no JSON.
 * @throws {Error} If it is not what was written.
 */
export async function openSealedJson(text: string): Promise<unknown> {
  const value = JSON.parse(text);
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return value;
  const { [field]: expected, ...rest } = value;
  if (await sha256(JSON.stringify(rest, null, 2)) !== expected) {
    throw new Error("it was altered: its SHA-256 is another");
  }
  return rest;
}
