/**
 * What the bytes of a file look like, where they are no UTF-8 text.
 *
 * @module
 */

/** How files of other kinds begin, and what they are called. */
const beginnings: readonly (readonly [bytes: readonly number[] | string, kind: string])[] = [
  ["PK\x03\x04", "a zip archive, as .docx, .odt and .epub documents are"],
  [[0x1F, 0x8B], "a gzip archive"],
  ...Array.from({ length: 9 }, (_, i) => [`BZh${i + 1}1AY&SY`, "a bzip2 archive"] as const),
  [[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz archive"],
  [[0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive"],
  [[0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"],
  ["Rar!", "a RAR archive"],
  ["%PDF-", "a PDF document"],
  ["{\\rtf", "an RTF document"],
  [[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "an old Office document, as .doc files are"],
  [[0x89, 0x50, 0x4E, 0x47], "a PNG picture"],
  [[0xFF, 0xD8, 0xFF], "a JPEG picture"],
  [[0x7F, 0x45, 0x4C, 0x46], "a program"],
];

/**
 * Recognises archives, documents and pictures by their first bytes.
 *
 * @param bytes The beginning of a file.
 * @returns What it is; undefined where it may be a text.
 */
export function documentKind(bytes: Uint8Array): string | undefined {
  return beginnings.find(([beginning]) => {
    const codes = typeof beginning === "string"
      ? Array.from(beginning, (character) => character.charCodeAt(0))
      : beginning;
    return codes.every((code, i) => bytes[i] === code);
  })?.[1];
}

/** How many bytes are looked at for an encoding that nothing announces. */
const sample = 4096;

/**
 * Guesses in which encoding a text is that is no UTF-8, by the names that `iconv` has for them.
 *
 * @param bytes The whole file.
 * @param firstBad Where it stops being UTF-8; its length if it does not.
 * @returns The encoding; undefined where it is UTF-8.
 */
export function otherEncoding(bytes: Uint8Array, firstBad: number): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xFF && b === 0xFE) return c === 0 && d === 0 ? "UTF-32" : "UTF-16";
  if (a === 0xFE && b === 0xFF) return "UTF-16";
  if (a === 0 && b === 0 && c === 0xFE && d === 0xFF) return "UTF-32";
  // In UTF-16 and UTF-32 most characters of most scripts have bytes of 0, always at the same places.
  const zeros = [0, 0, 0, 0];
  const length = Math.min(bytes.length, sample) & ~3;
  for (let i = 0; i < length; i++) if (bytes[i] === 0) zeros[i % 4]!++;
  const isMostlyZero = zeros.map((count) => length >= 4 && count > 0.3 * length / 4);
  const pattern = isMostlyZero.map(Number).join("");
  if (pattern === "0111") return "UTF-32LE";
  if (pattern === "1110") return "UTF-32BE";
  if (pattern === "0101") return "UTF-16LE";
  if (pattern === "1010") return "UTF-16BE";
  if (firstBad === bytes.length) return undefined;
  // These are control characters in Latin-1, which no text has, and quotation marks and dashes in
  // Windows-1252.
  return bytes.some((byte) => byte >= 0x80 && byte < 0xA0) ? "WINDOWS-1252" : "ISO-8859-1";
}
