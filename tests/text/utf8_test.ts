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

Deno.test("a file that is not UTF-8 is refused with its name, the place and the way out", () => {
  const latin1 = Uint8Array.from(
    "Gr\u00F6\u00DFe",
    (character) => character.charCodeAt(0),
  );
  assert.throws(() => decodeUtf8(latin1, "/texts/goethe.txt"), {
    name: "Error",
    message: "Cannot read /texts/goethe.txt: it is not UTF-8 (bad byte 0xF6 at offset 2). " +
      "Convert it first, for example with: iconv -f ISO-8859-1 -t UTF-8 FILE > NEW_FILE",
  });
  const utf16 = Uint8Array.of(0xFF, 0xFE, 0x61, 0x00);
  assert.throws(
    () => decodeUtf8(utf16, "f"),
    /bad byte 0xFF at offset 0.*iconv -f UTF-16/,
  );
});
