import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Adam } from "folio";
import { testOnDevices } from "../testdata/devices.ts";
import { relativeError, someNumbers } from "../testdata/numbers.ts";

const size = 10;

/** Keras' Adam in float64, on the gradients given. */
function adamFloat64(
  weights: Float64Array,
  gradients: readonly Float64Array[],
  clipNorm?: number,
) {
  const [m, v] = [new Float64Array(size), new Float64Array(size)];
  gradients.forEach((gradient, i) => {
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    const scale = clipNorm === undefined ? 1 : Math.min(1, clipNorm / norm);
    const rate = 0.01 * Math.sqrt(1 - 0.999 ** (i + 1)) / (1 - 0.9 ** (i + 1));
    for (let j = 0; j < size; j++) {
      const g = gradient[j] * scale;
      m[j] = 0.9 * m[j] + 0.1 * g;
      v[j] = 0.999 * v[j] + 0.001 * g * g;
      weights[j] -= rate * m[j] / (Math.sqrt(v[j]) + 1e-7);
    }
  });
  return weights;
}

testOnDevices(
  "ten steps of Adam are Keras' ten steps, clipped or not",
  async (device) => {
    for (const clipNorm of [undefined, 0.7]) {
      const start = someNumbers(size);
      const gradients = Array.from(
        { length: 10 },
        (_, i) => someNumbers(size, { text: i + 1 }),
      );
      const variable = tf.variable(tf.tensor1d(Float32Array.from(start)));
      const optimizer = new Adam({ learningRate: 0.01, clipNorm });
      for (const gradient of gradients) {
        const tensor = tf.tensor1d(Float32Array.from(gradient));
        optimizer.applyGradients([{ name: variable.name, tensor }]);
        tensor.dispose();
      }
      const expected = adamFloat64(start, gradients, clipNorm);
      assert.ok(
        relativeError(await variable.data(), expected) <= device.tolerance,
      );
      optimizer.dispose();
      variable.dispose();
    }
  },
);

testOnDevices(
  "a clone of a weight does not change with the weight",
  async () => {
    const variable = tf.variable(tf.tensor1d([1, 2, 3]));
    const clone = variable.clone();
    const optimizer = new Adam();
    const gradient = tf.tensor1d([1, 1, 1]);
    optimizer.applyGradients([{ name: variable.name, tensor: gradient }]);
    assert.deepEqual([...await clone.data()], [1, 2, 3]);
    assert.notDeepEqual([...await variable.data()], [1, 2, 3]);
    tf.dispose([variable, clone, gradient]);
    optimizer.dispose();
  },
);

testOnDevices("steps of Adam leave no tensor behind", () => {
  const variable = tf.variable(tf.tensor1d([1, 2, 3]));
  const optimizer = new Adam({ clipNorm: 1 });
  const step = () => optimizer.minimize(() => tf.sum(tf.square(variable)), false, [variable]);
  step();
  const before = tf.memory().numTensors;
  step();
  assert.equal(tf.memory().numTensors, before);
  optimizer.dispose();
  variable.dispose();
});
