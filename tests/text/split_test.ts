import assert from "node:assert/strict";
import { splitInputTarget, splitTokens } from "../../lib/text/split.ts";
import fc from "../testdata/fast_check.ts";

Deno.test("the two parts are the ids, in order, and share their memory", () => {
  const fraction = fc.double({
    min: 0,
    max: 1,
    maxExcluded: true,
    noNaN: true,
  });
  fc.assert(
    fc.property(fc.int32Array(), fraction, (ids, validationFraction) => {
      const { train, validation } = splitTokens(ids, { validationFraction });
      assert.deepEqual([...train, ...validation], [...ids]);
      assert.equal(
        validation.length,
        Math.floor(ids.length * validationFraction),
      );
      assert.equal(train.buffer, ids.buffer);
      assert.equal(validation.buffer, ids.buffer);
    }),
  );
});

Deno.test("a tenth of the tutorial's corpus is held out at the end", () => {
  const ids = Int32Array.from({ length: 1_115_394 }, (_, index) => index);
  const { train, validation } = splitTokens(ids, { validationFraction: 0.1 });
  assert.equal(train.length, 1_003_855);
  assert.equal(validation[0], 1_003_855);
  assert.equal(
    splitTokens(ids, { validationFraction: 0 }).validation.length,
    0,
  );
});

Deno.test("a fraction that holds out all or less than nothing is refused", () => {
  for (const validationFraction of [1, 1.5, -0.1, NaN]) {
    assert.throws(
      () => splitTokens(new Int32Array(10), { validationFraction }),
      {
        name: "RangeError",
        message: new RegExp(`validationFraction of ${validationFraction}`),
      },
    );
  }
});

Deno.test("input and target are the sequence without its last and without its first element", () => {
  assert.deepEqual(splitInputTarget("Tensorflow"), ["Tensorflo", "ensorflow"]);
  assert.deepEqual(splitInputTarget(["a", "b", "c"]), [["a", "b"], ["b", "c"]]);
  assert.deepEqual(splitInputTarget(Int32Array.of(5, 6, 7)), [
    Int32Array.of(5, 6),
    Int32Array.of(6, 7),
  ]);
  assert.deepEqual(splitInputTarget(Float32Array.of(1, 2)), [
    Float32Array.of(1),
    Float32Array.of(2),
  ]);
});

Deno.test("a text is split between characters, never inside one", () => {
  assert.deepEqual(splitInputTarget("a😀b😀"), ["a😀b", "😀b😀"]);
  assert.throws(() => splitInputTarget("😀"), RangeError);
});

Deno.test("input and target are copies", () => {
  const ids = Int32Array.of(1, 2, 3);
  const [input, target] = splitInputTarget(ids);
  ids.fill(0);
  assert.deepEqual([[...input], [...target]], [[1, 2], [2, 3]]);
});

Deno.test("a sequence of one or none cannot be split", () => {
  for (const sequence of [[], [1]]) {
    assert.throws(() => splitInputTarget(sequence), {
      name: "RangeError",
      message: new RegExp(`length ${sequence.length}`),
    });
  }
  assert.throws(() => splitInputTarget(new Int32Array(1)), RangeError);
  assert.throws(() => splitInputTarget(""), RangeError);
});
