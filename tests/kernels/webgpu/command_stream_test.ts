import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Adam, createCharModel, presets, selectDevice, sparseCategoricalCrossentropy } from "folio";
import { webgpu } from "../../testdata/devices.ts";
import { countCalls } from "../../testdata/dispatches.ts";
import { allTests, needing } from "../../testdata/needs.ts";

Deno.test({
  ...needing(
    "a training step of the tutorial takes 450 dispatches at most, and reads nothing",
    ...[webgpu, allTests],
  ),
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
    const bytes: number[] = [];
    for (let step = 0; step < 3; step++) {
      const before = tf.memory().numTensors;
      let loss: tf.Scalar | undefined;
      const { dispatches, readings, errors } = await countCalls(() => {
        loss = model.network.trainStep(xs, ys);
      });
      assert.ok(dispatches >= 2 * sequenceLength && dispatches <= 450, `${dispatches} dispatches`);
      assert.equal(readings, 0);
      assert.deepEqual(errors, []);
      losses.push((await loss!.data())[0]!);
      loss!.dispose();
      // The first step makes the optimizer's two means of each weight.
      const made = step === 0 ? 2 * model.weights().length : 0;
      assert.equal(tf.memory().numTensors, before + made);
      bytes.push((tf.memory() as tf.MemoryInfo & { numBytesInGPU: number }).numBytesInGPU);
    }
    assert.equal(bytes[2], bytes[1]);
    assert.ok(losses[1]! < losses[0]!);
    for (const { name, variable } of model.weights()) {
      assert.ok((await variable.data()).every(Number.isFinite), name);
    }
    tf.dispose([xs, ys]);
    optimizer.dispose();
    model.dispose();
  },
});

Deno.test({
  ...needing("two layers, clipped, train on WebGPU with nothing refused", webgpu),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await selectDevice({ name: "webgpu" });
    const sizes = { ...presets.quick.model, embeddingDim: 4, rnnUnits: 8, layers: 2 };
    const model = createCharModel({ ...sizes, vocabularySize: 11 });
    const optimizer = new Adam({ clipNorm: 0.1, learningRate: 0.01 });
    model.network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
    const ids = Int32Array.from({ length: 24 }, (_, i) => i * 7 % 11);
    const [xs, ys] = [tf.tensor2d(ids, [2, 12], "int32"), tf.tensor2d(ids, [2, 12], "int32")];
    const losses: number[] = [];
    const { errors } = await countCalls(async () => {
      for (let step = 0; step < 5; step++) {
        const loss = model.network.trainStep(xs, ys);
        losses.push((await loss.data())[0]!);
        loss.dispose();
      }
    });
    assert.deepEqual(errors, []);
    assert.ok(Math.abs(losses[0]! - Math.log(11)) < 0.5 && losses[4]! < losses[0]!, `${losses}`);
    tf.dispose([xs, ys]);
    optimizer.dispose();
    model.dispose();
  },
});
