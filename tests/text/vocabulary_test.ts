import assert from "node:assert/strict";
import { Vocabulary } from "../../lib/text/vocabulary.ts";
import fc from "../testdata/fast_check.ts";
import { testWithShakespeare } from "../testdata/shakespeare.ts";

/** Any sequence of UTF-16 code units: lone surrogates included. */
const anyUnits = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 0xFFFF }),
    fc.integer({ min: 0xD7FF, max: 0xE000 }),
    fc.constantFrom(0x61, 0xD83D, 0xDE00),
  ),
  { minLength: 1 },
).map((units) => String.fromCharCode(...units));

testWithShakespeare("Shakespeare gets the tutorial's ids", async (path) => {
  const text = await Deno.readTextFile(path);
  const vocabulary = Vocabulary.fromText(text);
  assert.equal(vocabulary.size, 66);
  assert.deepEqual([...vocabulary.encode("abcdefg")], [
    40,
    41,
    42,
    43,
    44,
    45,
    46,
  ]);
  assert.deepEqual([...vocabulary.encode("xyz")], [63, 64, 65]);
  const ids = vocabulary.encode(text);
  assert.equal(ids.length, 1_115_394);
  assert.deepEqual([...ids.subarray(0, 3)], [19, 48, 57]);
  assert.deepEqual([...ids.subarray(-3)], [46, 9, 1]);
  assert.equal(vocabulary.decode(ids), text);
});

Deno.test("characters are code points, sorted by code point, after [UNK]", () => {
  // U+FFFD comes before U+1F600, though the code units of the emoji are the smaller ones.
  const vocabulary = Vocabulary.fromText("😀b\uFFFDa😀\ud800b");
  assert.deepEqual(vocabulary.characters, [
    "[UNK]",
    "a",
    "b",
    "\ud800",
    "\uFFFD",
    "😀",
  ]);
  assert.deepEqual([...vocabulary.encode("😀a")], [5, 1]);
});

Deno.test("the vocabulary of a text is its set of characters", () => {
  fc.assert(fc.property(anyUnits, (text) => {
    const expected = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    assert.deepEqual(Vocabulary.fromText(text).characters.slice(1), expected);
  }));
});

Deno.test("a text comes back from its ids, lone surrogates included", () => {
  fc.assert(fc.property(anyUnits, (text) => {
    const vocabulary = Vocabulary.fromText(text);
    const ids = vocabulary.encode(text, { unknown: "error" });
    assert.equal(ids.length, [...text].length);
    assert.equal(ids.byteLength, ids.buffer.byteLength);
    assert.equal(vocabulary.decode(ids), text);
  }));
});

Deno.test("an unknown character becomes [UNK], also beyond U+FFFF and as half a pair", () => {
  const vocabulary = Vocabulary.fromText("ab😀");
  assert.deepEqual([...vocabulary.encode("añ😃b\ud83d")], [1, 0, 0, 2, 0]);
  assert.equal(vocabulary.decode([1, 0, 2]), "a[UNK]b");
  assert.equal(vocabulary.decode([]), "");
  assert.equal(vocabulary.encode("").length, 0);
});

Deno.test("an unknown character is refused by name and place when asked", () => {
  const vocabulary = Vocabulary.fromText("abc😀");
  assert.throws(() => vocabulary.encode("ab😀ñ", { unknown: "error" }), {
    name: "RangeError",
    message: 'Cannot encode "ñ" (U+00F1) at position 3: it is not in the vocabulary of 5. ' +
      'Leave it out, or encode with { unknown: "unk" }, which makes it [UNK]',
  });
  assert.throws(
    () => vocabulary.encode("😃", { unknown: "error" }),
    /"😃" \(U\+1F603\) at position 0/,
  );
  assert.throws(
    () => vocabulary.encode("a\n", { unknown: "error" }),
    /"\\n" \(U\+000A\) at position 1/,
  );
});

Deno.test("the empty text has no vocabulary", () => {
  assert.throws(() => Vocabulary.fromText(""), {
    name: "RangeError",
    message: /empty text/,
  });
});

Deno.test("an id that is none of the vocabulary is refused by name and place", () => {
  const vocabulary = Vocabulary.fromText("ab");
  for (const id of [-1, 3, 1.5, NaN]) {
    assert.throws(() => vocabulary.decode([0, id]), {
      name: "RangeError",
      message: `Cannot decode id ${id} at position 1: the vocabulary of 3 has the ids 0 to 2`,
    });
  }
});

Deno.test("a vocabulary comes back from its JSON", () => {
  fc.assert(fc.property(anyUnits, (text) => {
    const vocabulary = Vocabulary.fromText(text);
    const again = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    assert.deepEqual(again.characters, vocabulary.characters);
    assert.deepEqual(again.encode(text), vocabulary.encode(text));
  }));
});

Deno.test("a vocabulary cannot be changed from outside", () => {
  const vocabulary = Vocabulary.fromText("ab");
  assert.throws(() => (vocabulary.characters as string[]).push("c"), TypeError);
  vocabulary.toJSON().characters.push("c");
  assert.equal(vocabulary.size, 3);
});

Deno.test("JSON of another shape is a TypeError", () => {
  const shapes = [null, 3, "ab", [], {}, { characters: "ab" }, {
    characters: ["[UNK]", 1],
  }];
  for (const json of shapes) {
    assert.throws(() => Vocabulary.fromJSON(json), {
      name: "TypeError",
      message: /Cannot read the vocabulary/,
    });
  }
});

Deno.test("JSON that is no vocabulary is a RangeError that names what is wrong", () => {
  const cases: [string[], RegExp][] = [
    [[], /0 entries and starts with undefined/],
    [["[UNK]"], /1 entries/],
    [["a", "b"], /starts with "a"/],
    [["[UNK]", ""], /"" at id 1 is not a single character/],
    [["[UNK]", "a", "bc"], /"bc" at id 2 is not a single character/],
    [["[UNK]", "b", "a"], /"a" \(U\+0061\) at id 2 does not come after "b"/],
    [["[UNK]", "a", "a"], /"a" \(U\+0061\) at id 2 does not come after "a"/],
    [["[UNK]", "a", "[UNK]"], /"\[UNK\]" at id 2 is not a single character/],
  ];
  for (const [characters, message] of cases) {
    assert.throws(() => Vocabulary.fromJSON({ characters }), {
      name: "RangeError",
      message,
    });
  }
});
