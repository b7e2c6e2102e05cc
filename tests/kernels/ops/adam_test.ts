import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Adam, type AdamForm } from "folio";
import { testOnDevices } from "../../testdata/devices.ts";
import { relativeError, someNumbers } from "../../testdata/numbers.ts";

const size = 10;

/** What the float64 Adam is told. */
interface ReferenceOptions {
  readonly clipNorm?: number | undefined;
  readonly form?: AdamForm;
  readonly epsilon?: number;
}

/** Adam in float64 on the gradients given, each form as its framework writes it. */
function adamFloat64(
  weights: Float64Array,
  gradients: readonly Float64Array[],
  { clipNorm, form = "keras", epsilon = 1e-7 }: ReferenceOptions = {},
) {
  const [m, v] = [new Float64Array(size), new Float64Array(size)];
  gradients.forEach((gradient, i) => {
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    const scale = clipNorm === undefined ? 1 : Math.min(1, clipNorm / norm);
    const [correction1, correction2] = [1 - 0.9 ** (i + 1), 1 - 0.999 ** (i + 1)];
    for (let j = 0; j < size; j++) {
      const g = gradient[j]! * scale;
      m[j] = 0.9 * m[j]! + 0.1 * g;
      v[j] = 0.999 * v[j]! + 0.001 * g * g;
      weights[j]! -= form === "keras"
        ? 0.01 * Math.sqrt(correction2) / correction1 * m[j]! / (Math.sqrt(v[j]!) + epsilon)
        : 0.01 * (m[j]! / correction1) / (Math.sqrt(v[j]! / correction2) + epsilon);
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
      const expected = adamFloat64(start, gradients, { clipNorm });
      assert.ok(
        relativeError(await variable.data(), expected) <= device.tolerance,
      );
      optimizer.dispose();
      variable.dispose();
    }
  },
);

testOnDevices("ten steps with a large ε are those of the form chosen", async (device) => {
  // An ε as large as the gradients: where it stands decides how far each step goes.
  const epsilon = 0.1;
  const ends: Float64Array[] = [];
  for (const form of ["keras", "pytorch"] as const) {
    const start = someNumbers(size);
    const gradients = Array.from({ length: 10 }, (_, i) => someNumbers(size, { text: i + 1 }));
    const variable = tf.variable(tf.tensor1d(Float32Array.from(start)));
    const optimizer = new Adam({ learningRate: 0.01, form, epsilon });
    for (const gradient of gradients) {
      const tensor = tf.tensor1d(Float32Array.from(gradient));
      optimizer.applyGradients([{ name: variable.name, tensor }]);
      tensor.dispose();
    }
    const expected = adamFloat64(start, gradients, { form, epsilon });
    assert.ok(relativeError(await variable.data(), expected) <= device.tolerance, form);
    ends.push(expected);
    optimizer.dispose();
    variable.dispose();
  }
  assert.ok(relativeError(ends[0]!, ends[1]!) > 0.01, "the two forms would not be told apart");
});

Deno.test("ε is the framework's own unless it is given", () => {
  assert.equal(new Adam().getConfig().epsilon, 1e-7);
  assert.equal(new Adam({ form: "pytorch" }).getConfig().epsilon, 1e-8);
  assert.equal(new Adam({ form: "pytorch", epsilon: 1e-3 }).getConfig().epsilon, 1e-3);
});

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

testOnDevices("a weight that was read, or is being read, reads anew after a step", async () => {
  const variable = tf.variable(tf.tensor1d([1, 2, 3]));
  const optimizer = new Adam({ learningRate: 0.1 });
  const gradient = tf.tensor1d([1, 1, 1]);
  const step = () => optimizer.applyGradients([{ name: variable.name, tensor: gradient }]);
  let before = (await variable.data()).slice();
  for (let i = 0; i < 3; i++) {
    step();
    const after = (await variable.data()).slice();
    after.forEach((value, j) => assert.ok(Math.abs(before[j]! - value - 0.1) < 1e-4));
    before = after;
  }
  const reading = variable.data();
  step();
  assert.deepEqual((await reading).length, 3);
  const after = await variable.data();
  after.forEach((value, j) => assert.ok(Math.abs(before[j]! - value - 0.1) < 1e-4));
  tf.dispose([variable, gradient]);
  optimizer.dispose();
});
