import assert from "node:assert/strict";
import { decodeUtf8, firstBadByte } from "../../lib/text/utf8.ts";
import fc from "../testdata/fast_check.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Bytes that are often almost UTF-8: well-formed text with a few bytes changed or cut away. */
const nearlyUtf8 = fc.tuple(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 255 })), {
    maxLength: 2,
  }),
  fc.nat(3),
).map(([text, changes, cut]) => {
  const bytes = encode(text);
  for (const [place, value] of changes) {
    if (place < bytes.length) bytes[place] = value;
  }
  return bytes.subarray(0, Math.max(0, bytes.length - cut));
});

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

Deno.test("what is before the first bad byte is UTF-8, and with one character more it is not", () => {
  fc.assert(
    fc.property(nearlyUtf8, (bytes) => {
      const offset = firstBadByte(bytes);
      assert.equal(offset === bytes.length, isUtf8(bytes));
      assert(isUtf8(bytes.subarray(0, offset)));
      for (
        let end = offset + 1;
        end <= Math.min(offset + 4, bytes.length);
        end++
      ) {
        assert(!isUtf8(bytes.subarray(0, end)));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("overlong forms, surrogates and numbers past the last are bad", () => {
  const bad = [
    [0x80],
    [0xC0, 0x80],
    [0xC1, 0xBF],
    [0xE0, 0x9F, 0xBF],
    [0xED, 0xA0, 0x80],
    [0xF0, 0x8F, 0xBF, 0xBF],
    [0xF4, 0x90, 0x80, 0x80],
    [0xF5, 0x80, 0x80, 0x80],
    [0xFF],
  ];
  for (const sequence of bad) {
    assert.equal(firstBadByte(Uint8Array.of(0x61, ...sequence)), 1);
  }
  const good = "\u0000\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\u{10000}\u{10FFFF}";
  assert.equal(firstBadByte(encode(good)), encode(good).length);
});

Deno.test("a byte order mark is taken away, line ends are kept", () => {
  assert.equal(
    decodeUtf8(encode("\uFEFFA line\r\nand one\rmore\n"), "f"),
    "A line\r\nand one\rmore\n",
  );
  assert.equal(
    decodeUtf8(encode("Größe \uFEFF 漢字 😀"), "f"),
    "Größe \uFEFF 漢字 😀",
  );
});

/** A text in another encoding. */
const inUnits = (text: string, bytes: 2 | 4, littleEndian: boolean) => {
  const units = bytes === 2
    ? Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
    : Array.from(text, (character) => character.codePointAt(0)!);
  const view = new DataView(new ArrayBuffer(bytes * units.length));
  units.forEach((unit, i) =>
    bytes === 2
      ? view.setUint16(2 * i, unit, littleEndian)
      : view.setUint32(4 * i, unit, littleEndian)
  );
  return new Uint8Array(view.buffer);
};
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

Deno.test("a file that is not UTF-8 is refused with its name, the place and the way out", () => {
  assert.throws(() => decodeUtf8(latin("Gr\u00F6\u00DFe"), "/texts/goethe.txt"), {
    name: "Error",
    message:
      "Cannot read /texts/goethe.txt: it is not UTF-8 (bad byte 0xF6 at offset 2), but looks " +
      "like ISO-8859-1. " +
      "Convert it first, for example with: iconv -f ISO-8859-1 -t UTF-8 FILE > NEW_FILE",
  });
  const text = "In the beginning there was one letter, and then another one.\n";
  const encodings: [Uint8Array, string][] = [
    [latin("It\x92s a \x93quote\x94 \x96 of caf\u00E9s"), "WINDOWS-1252"],
    [latin("caf\u00E9s"), "ISO-8859-1"],
    [inUnits("\uFEFF" + text, 2, true), "UTF-16"],
    [inUnits("\uFEFF" + text, 2, false), "UTF-16"],
    [inUnits("\uFEFF" + text, 4, true), "UTF-32"],
    [inUnits("\uFEFF" + text, 4, false), "UTF-32"],
    [inUnits(text, 2, true), "UTF-16LE"],
    [inUnits(text, 2, false), "UTF-16BE"],
    [inUnits(text, 4, true), "UTF-32LE"],
    [inUnits(text, 4, false), "UTF-32BE"],
  ];
  for (const [bytes, encoding] of encodings) {
    const message = new RegExp(`looks like ${encoding}\\. .*iconv -f ${encoding} -t UTF-8`);
    assert.throws(() => decodeUtf8(bytes, "f"), { message });
  }
});

Deno.test("the encoding that is advised brings the characters back", () => {
  const text = "It’s a “quote” – of cafés, 5 €.";
  const bytes = Uint8Array.from(text, (character) => {
    const special: Record<string, number> = {
      "’": 0x92,
      "“": 0x93,
      "”": 0x94,
      "–": 0x96,
      "€": 0x80,
    };
    return special[character] ?? character.charCodeAt(0);
  });
  let advised = "";
  try {
    decodeUtf8(bytes, "f");
  } catch (error) {
    advised = /iconv -f (\S+)/.exec((error as Error).message)![1]!;
  }
  assert.equal(new TextDecoder(advised).decode(bytes), text);
});

Deno.test("archives, documents and pictures are said to be that; texts are not", () => {
  const kinds: [Uint8Array, RegExp][] = [
    [latin("PK\x03\x04\x14"), /zip archive, as \.docx/],
    [Uint8Array.of(0x1F, 0x8B, 8, 0), /gzip/],
    [latin("BZh91AY&SY\xAB"), /bzip2/],
    [latin("%PDF-1.7\n%\xE2"), /PDF/],
    [latin("{\\rtf1\\ansi"), /RTF/],
    [Uint8Array.of(0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1), /\.doc/],
    [Uint8Array.of(0x89, 0x50, 0x4E, 0x47, 13), /PNG/],
  ];
  for (const [bytes, message] of kinds) {
    assert.throws(() => decodeUtf8(bytes, "my.txt"), { message });
    assert.throws(() => decodeUtf8(bytes, "my.txt"), { message: /Save its text as plain text/ });
  }
  for (const text of ["PK is short", "BZh9 is a word", "a\0b", "", "漢", "\0", "100 % PDF"]) {
    assert.equal(decodeUtf8(encode(text), "f"), text);
  }
});
