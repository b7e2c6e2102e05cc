/**
 * Decoding UTF-8, with an error that says where it stops and how to convert.
 *
 * @module
 */
import { documentKind, otherEncoding } from "./file_kind.ts";

/**
 * Decodes bytes that must be UTF-8, with or without byte order mark.
 *
 * @param bytes The bytes of a whole file.
 * @param source What to call the file in an error.
 * @returns The text without the mark; nothing else is changed, line ends included.
 * @throws {Error} If the bytes are a document, an archive or a text in another encoding: it says which,
 * and how to make a text in UTF-8 of it.
 */
export function decodeUtf8(bytes: Uint8Array, source: string): string {
  const kind = documentKind(bytes);
  if (kind !== undefined) {
    throw new Error(`Cannot read ${source}: it is ${kind}. Save its text as plain text, in UTF-8`);
  }
  const offset = firstBadByte(bytes);
  const encoding = otherEncoding(bytes, offset);
  if (encoding === undefined) return new TextDecoder().decode(bytes);
  const bad = bytes[offset]?.toString(16).toUpperCase().padStart(2, "0");
  const why = bad === undefined
    ? "bytes of 0 between the others"
    : `bad byte 0x${bad} at offset ${offset}`;
  throw new Error(
    `Cannot read ${source}: it is not UTF-8 (${why}), but looks like ${encoding}. ` +
      `Convert it first, for example with: iconv -f ${encoding} -t UTF-8 FILE > NEW_FILE`,
  );
}

/**
 * Finds where bytes stop being UTF-8, by table 3-7 of the Unicode standard.
 *
 * @param bytes Any bytes.
 * @returns The offset at which the first character that is not well formed starts; the length of the
 * bytes if all of it is well formed.
 */
export function firstBadByte(bytes: Uint8Array): number {
  let offset = 0;
  while (offset < bytes.length) {
    const lead = bytes[offset]!;
    const length = sequenceBytes(lead);
    if (length === 0) return offset;
    for (let k = 1; k < length; k++) {
      const [low, high] = k === 1 ? secondByteRange(lead) : [0x80, 0xBF];
      const byte = bytes[offset + k];
      if (byte === undefined || byte < low || byte > high) return offset;
    }
    offset += length;
  }
  return offset;
}

/** How many bytes a character has that starts with this one; 0 if none does. */
function sequenceBytes(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

/** The second byte is narrower where overlong forms, surrogates and numbers past U+10FFFF would be. */
function secondByteRange(lead: number): [number, number] {
  switch (lead) {
    case 0xE0:
      return [0xA0, 0xBF];
    case 0xED:
      return [0x80, 0x9F];
    case 0xF0:
      return [0x90, 0xBF];
    case 0xF4:
      return [0x80, 0x8F];
    default:
      return [0x80, 0xBF];
  }
}
