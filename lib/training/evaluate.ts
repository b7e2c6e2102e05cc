import * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import { sparseCategoricalCrossentropy } from "../model/loss.ts";
import type { SequenceBatch } from "../text/sequence_batch.ts";
import { forEachBatch } from "./batch_loop.ts";
import { LossMeter } from "./loss_meter.ts";

/**
 * The mean loss of a model on batches, in nats per character: the mean over all targets, however
 * many of them a batch has.
 *
 * @param model the model; it does not change
 * @param dataset batches, such as `validationBatches` makes
 * @returns the loss
 * @throws {RangeError} if the dataset is empty
 *
 * @example An untrained model hesitates between all its characters
 * ```ts
 * import { createCharModel, evaluate, presets, selectDevice, validationBatches } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const model = createCharModel({ vocabularySize: 5, ...presets.tutorial.model, rnnUnits: 8 });
 * const ids = Int32Array.from({ length: 101 }, (_, i) => 1 + i % 4);
 * const batches = validationBatches(ids, { sequenceLength: 10, batchSize: 4 })!;
 * assert.ok(Math.abs(await evaluate(model, batches) - Math.log(5)) < 0.1);
 * ```
 */
export async function evaluate(
  model: CharModel,
  dataset: tf.data.Dataset<SequenceBatch>,
): Promise<number> {
  const losses = new LossMeter();
  await forEachBatch(dataset, async ({ xs, ys }) => {
    const loss = tf.tidy(() =>
      sparseCategoricalCrossentropy(ys, model.network.apply(xs) as tf.Tensor)
    );
    await losses.add(loss, ys.size);
  });
  const loss = await losses.mean();
  if (loss === undefined) {
    throw new RangeError("Cannot evaluate: the dataset has no batch");
  }
  return loss;
}
