import assert from "node:assert/strict";
import { nextCharacters } from "../../demo/page/next_characters.ts";

const characters = ["[UNK]", "\n", " ", "a", "b"];

Deno.test("next characters: the likeliest first, [UNK] never, all together 1", () => {
  const logits = Float32Array.of(90, Math.log(1), Math.log(4), Math.log(2), Math.log(3));
  const next = nextCharacters(logits, { temperature: 1, characters, limit: 4 });
  assert.deepEqual(next.map(({ label }) => label), ["␣", "b", "a", "↵"]);
  const expected = [0.4, 0.3, 0.2, 0.1];
  next.forEach(({ probability }, i) => assert(Math.abs(probability - expected[i]!) < 1e-6));
});

Deno.test("next characters: temperature sharpens and flattens", () => {
  const logits = Float32Array.of(0, 0, 0, Math.log(3), 0);
  const share = (temperature: number) =>
    nextCharacters(logits, { temperature, characters, limit: 1 })[0]!.probability;
  assert(Math.abs(share(1) - 3 / 6) < 1e-6);
  assert(Math.abs(share(0.5) - 9 / 12) < 1e-6);
  assert(Math.abs(share(1e6) - 1 / 4) < 1e-5);
  assert.equal(share(1e-6), 1);
});

Deno.test("next characters: the drawn one is always among them", () => {
  const logits = Float32Array.of(0, 1, 4, 3, 2);
  const ids = (drawn?: number) =>
    nextCharacters(logits, { temperature: 1, characters, limit: 2, drawn }).map(({ id }) => id);
  assert.deepEqual(ids(), [2, 3]);
  assert.deepEqual(ids(3), [2, 3]);
  assert.deepEqual(ids(1), [2, 1]);
});
