import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "../../lib/device.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import type { TensorRecord } from "../../lib/files/safetensors.ts";
import {
  assignWeights,
  checkWeights,
  recordToTensor,
  tensorToRecord,
  weightShapes,
  weightsToRecords,
} from "../../lib/model/weights.ts";

const config = {
  vocabularySize: 7,
  embeddingDim: 3,
  rnnUnits: 5,
  layers: 2,
  embeddingScale: 0.1,
  seed: 1,
};

const byName = (records: readonly TensorRecord[]) =>
  new Map(records.map((record) => [record.name, record]));

for (const device of ["cpu", "wasm"] as const) {
  Deno.test(`weights on ${device}: from one model into another, to the bit`, async () => {
    await selectDevice({ name: device });
    const before = tf.memory().numTensors;
    const model = createCharModel(config);
    const other = createCharModel({ ...config, seed: 2 });
    const records = await weightsToRecords(model.weights());
    const tensors = tf.memory().numTensors;
    assignWeights(other.weights(), byName(records));
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(await weightsToRecords(other.weights()), records);
    model.dispose();
    other.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  Deno.test(`weights on ${device}: a loaded model does not share the file's memory`, async () => {
    await selectDevice({ name: device });
    const model = createCharModel(config, { initialize: false });
    const records = await weightsToRecords(model.weights());
    const mine = records.map((r) => ({ ...r, data: r.data.slice().fill(1) }));
    assignWeights(model.weights(), byName(mine));
    mine.forEach(({ data }) => data.fill(2));
    for (const { data } of await weightsToRecords(model.weights())) {
      assert(data.every((value) => value === 1));
    }
    model.dispose();
  });
}

Deno.test("weights: the shapes of a config are the model's", async () => {
  await selectDevice({ name: "cpu" });
  for (const layers of [1, 2, 3]) {
    const model = createCharModel({ ...config, layers }, { initialize: false });
    assert.deepEqual(
      [...weightShapes({ ...config, layers })],
      model.weights().map(({ name, variable }) => [name, variable.shape]),
    );
    model.dispose();
  }
});

Deno.test("weights: the tutorial's model has 4,022,850 of them", () => {
  const shapes = weightShapes({
    ...config,
    vocabularySize: 66,
    embeddingDim: 256,
    rnnUnits: 1024,
    layers: 1,
  });
  const sizes = [...shapes.values()].map((s) => s.reduce((a, b) => a * b));
  assert.equal(sizes.reduce((a, b) => a + b), 4_022_850);
});

Deno.test("weights: what does not fit is named, and nothing is assigned", async () => {
  await selectDevice({ name: "cpu" });
  const model = createCharModel(config);
  const records = await weightsToRecords(model.weights());
  const before = records.map((r) => ({ ...r, data: r.data.slice() }));
  const zeros = records.map((r) => ({ ...r, data: r.data.slice().fill(0) }));
  const bias = zeros.at(-1)!; // the last one: all others could be assigned
  const refused = (tensors: readonly TensorRecord[], message: RegExp) =>
    assert.throws(
      () => assignWeights(model.weights(), byName(tensors)),
      message,
    );
  refused(zeros.slice(0, -1), /"dense.bias": it is missing, .* needs \[7\]/);
  refused(
    [...zeros.slice(0, -1), { ...bias, shape: [7, 1] }],
    /"dense.bias": it is \[7, 1\], the model needs \[7\]/,
  );
  refused(
    [...zeros.slice(0, -1), { ...bias, dtype: "I32", data: new Int32Array(7) }],
    /"dense.bias": I32 is not F32/,
  );
  refused(
    [...zeros, { ...bias, name: "dense.more" }],
    /"dense.more": the model has none/,
  );
  assert.deepEqual(await weightsToRecords(model.weights()), before);
  model.dispose();
});

Deno.test("weights: names are not mistaken for what objects inherit", () => {
  const shapes = new Map([["toString", [1]]]);
  assert.throws(
    () => checkWeights(shapes, new Map()),
    /"toString": it is missing/,
  );
});

Deno.test("weights: int32 scalars go through, other types do not", async () => {
  await selectDevice({ name: "cpu" });
  const steps = tf.scalar(2 ** 31 - 1, "int32"), mask = tf.tensor([true]);
  const record = await tensorToRecord("iter", steps);
  assert.deepEqual(record, {
    name: "iter",
    dtype: "I32",
    shape: [],
    data: Int32Array.of(2 ** 31 - 1),
  });
  const back = recordToTensor(record);
  assert.equal(back.dtype, "int32");
  assert.deepEqual(await back.data(), record.data);
  await assert.rejects(
    tensorToRecord("mask", mask),
    /"mask": it is of type bool/,
  );
  tf.dispose([steps, mask, back]);
});
