import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Adam, createCharModel, presets, selectDevice, sparseCategoricalCrossentropy } from "folio";
import { devices } from "../testdata/devices.ts";
import { countCalls } from "../testdata/dispatches.ts";

const { missing } = devices.find(({ name }) => name === "webgpu")!;

Deno.test({
  name: "a training step of the tutorial takes 450 dispatches at most, and reads nothing",
  ignore: missing !== null,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await selectDevice({ name: "webgpu" });
    // The tutorial's batch, length and layers; fewer units, since a dispatch is a dispatch.
    const { batchSize, sequenceLength } = presets.tutorial.training;
    const sizes = { ...presets.tutorial.model, embeddingDim: 8, rnnUnits: 16 };
    const model = createCharModel({ ...sizes, vocabularySize: 66 });
    const optimizer = new Adam();
    model.network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
    const shape: [number, number] = [batchSize, sequenceLength];
    const ids = Int32Array.from({ length: batchSize * sequenceLength }, (_, i) => i * 7919 % 66);
    const [xs, ys] = [tf.tensor2d(ids, shape, "int32"), tf.tensor2d(ids, shape, "int32")];
    const losses: number[] = [];
    for (let step = 0; step < 2; step++) {
      const before = tf.memory().numTensors;
      let loss: tf.Scalar | undefined;
      const { dispatches, readings } = await countCalls(() => {
        loss = model.network.trainStep(xs, ys);
      });
      assert.ok(dispatches >= 2 * sequenceLength && dispatches <= 450, `${dispatches} dispatches`);
      assert.equal(readings, 0);
      losses.push((await loss!.data())[0]);
      loss!.dispose();
      // The first step makes the optimizer's two means of each weight.
      const made = step === 0 ? 2 * model.weights().length : 0;
      assert.equal(tf.memory().numTensors, before + made);
    }
    assert.ok(losses[1] < losses[0]);
    for (const { name, variable } of model.weights()) {
      assert.ok((await variable.data()).every(Number.isFinite), name);
    }
    tf.dispose([xs, ys]);
    optimizer.dispose();
    model.dispose();
  },
});
