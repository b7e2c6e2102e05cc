import { createHash } from "node:crypto";
import type { Corpus } from "./corpus.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * Makes a corpus of the bytes of a file.
 *
 * @param bytes The whole file: UTF-8, with or without byte order mark.
 * @param origin What to call the corpus, and the path or address of the file.
 * @returns The corpus, with the hash of these bytes.
 * @throws {Error} If the file is empty or not UTF-8.
 */
export function corpusFromBytes(
  bytes: Uint8Array,
  origin: { name: string; source: string },
): Corpus {
  const text = decodeUtf8(bytes, origin.source);
  if (text.length === 0) {
    throw new Error(
      `Cannot use ${origin.source} as a corpus: it is empty. Give a file with text`,
    );
  }
  return { ...origin, text, sha256: sha256Of(bytes) };
}

/**
 * The SHA-256 of bytes, or of a text as UTF-8.
 *
 * @param content What to hash.
 * @returns 64 lower-case hexadecimal digits.
 */
export function sha256Of(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}
