import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { bitsPerCharacter, perplexity, sparseCategoricalCrossentropy } from "folio";
import { testOnDevices } from "../testdata/devices.ts";
import { relativeError, someNumbers } from "../testdata/numbers.ts";

const [rows, size] = [6, 5];
const ids = [0, 4, 2, 2, 1, 3];

/** Loss and gradient in float64. */
function expected(logits: Float64Array) {
  let loss = 0;
  const gradient = new Float64Array(logits.length);
  for (let i = 0; i < rows; i++) {
    const row = logits.subarray(i * size, (i + 1) * size);
    const largest = Math.max(...row);
    const sum = row.reduce(
      (total, value) => total + Math.exp(value - largest),
      0,
    );
    loss += Math.log(sum) + largest - row[ids[i]!]!;
    row.forEach((value, j) => {
      gradient[i * size + j] = (Math.exp(value - largest) / sum - (j === ids[i] ? 1 : 0)) / rows;
    });
  }
  return { loss: loss / rows, gradient };
}

testOnDevices(
  "the loss and its gradient are the float64 ones, extreme logits included",
  async (device) => {
    for (const scale of [1, 300]) {
      const logits = someNumbers(rows * size, { scale });
      const tensor = tf.tensor3d(Float32Array.from(logits), [2, 3, size]);
      const targets = tf.tensor2d(ids, [2, 3], "int32");
      const loss = (x: tf.Tensor) => sparseCategoricalCrossentropy(targets, x);
      const before = tf.memory().numTensors;
      const { value, grad } = tf.valueAndGrad(loss)(tensor);
      const wanted = expected(logits);
      const actual = (await value.data())[0];
      assert.ok(
        Math.abs(actual! - wanted.loss) <= device.tolerance * wanted.loss,
      );
      assert.ok(
        relativeError(await grad.data(), wanted.gradient) <= device.tolerance,
      );
      tf.dispose([value, grad]);
      assert.equal(tf.memory().numTensors, before);
    }
  },
);

Deno.test("perplexity and bits say the loss in other units", () => {
  assert.ok(Math.abs(perplexity(Math.log(66)) - 66) < 1e-9);
  assert.ok(Math.abs(bitsPerCharacter(Math.log(8)) - 3) < 1e-12);
});
