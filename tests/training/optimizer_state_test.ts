import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "../../lib/device.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import type { TensorRecord } from "../../lib/files/safetensors.ts";
import { Adam } from "../../lib/training/adam.ts";
import { assignOptimizer } from "../../lib/training/optimizer_state.ts";
import { config } from "./toy_training.ts";

Deno.test("optimizer state: what is not of these weights is refused, and named", async () => {
  await selectDevice({ name: "cpu" });
  const model = createCharModel(config), optimizer = new Adam();
  const weights = model.weights(), tensors = tf.memory().numTensors;
  const iter: TensorRecord = { name: "iter", dtype: "I32", shape: [], data: Int32Array.of(7) };
  const mean = (name: string, size: number): TensorRecord => ({
    name: `${name}/mean`,
    dtype: "F32",
    shape: [size],
    data: new Float32Array(size),
  });
  const refused = (records: readonly TensorRecord[], message: RegExp) =>
    assert.rejects(assignOptimizer(optimizer, { records, weights }), message);
  await refused([], /its step count "iter" is not first/);
  await refused([mean("dense.bias", 5), iter], /"iter" is not first/);
  await refused([{ ...iter, shape: [1] }], /"iter" is not first/);
  await refused([iter, mean("gru.7.bias", 5)], /"gru.7.bias\/mean" belongs to no weight/);
  await refused([iter, mean("dense.bias", 6)], /"dense.bias\/mean" is \[6\], the weight \[5\]/);
  assert.equal(optimizer.iterations, 0);
  assert.equal(tf.memory().numTensors, tensors);

  const kind = { ...mean("dense.bias", 5), name: "dense.bias/velocity" };
  await refused([iter, kind], /is no state of Adam/);
  assert.equal(tf.memory().numTensors, tensors);
  model.dispose();
});
