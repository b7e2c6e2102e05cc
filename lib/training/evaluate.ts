/**
 * The loss of a model on a held-out text.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import type { ModelState } from "../model/model_state.ts";
import { HeldTensors } from "../model/held_tensors.ts";
import { sparseCategoricalCrossentropy } from "../model/loss.ts";
import type { SequenceBatch } from "../text/sequence_batch.ts";
import { ValidationDataset } from "../text/validation_batches.ts";
import { forEachBatch } from "./batch_loop.ts";
import { LossMeter } from "./loss_meter.ts";

/** How {@linkcode evaluate} reads the text. */
export interface EvaluateOptions {
  /**
   * Whether the hidden state goes on from one batch to the next, over at most 32 streams of the
   * text, and is zero at their beginnings only. Default false: it is zero at the beginning of each
   * sequence, as in training, so that the first characters of each are predicted from little.
   */
  readonly carryState?: boolean | undefined;
}

/**
 * The mean loss of a model on batches, in nats per character: the mean over all targets, however
 * many of them a batch has.
 *
 * @param model The model; it does not change.
 * @param dataset Batches, such as `validationBatches` makes.
 * @param options Whether the hidden state is carried.
 * @returns The loss.
 * @throws {RangeError} If the dataset is empty.
 * @throws {TypeError} If the state is to be carried over a dataset that `validationBatches` has not
 * made.
 *
 * @example An untrained model hesitates between all its characters, whatever came before
 * ```ts
 * import { createCharModel, evaluate, presets, selectDevice, validationBatches } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const model = createCharModel({ vocabularySize: 5, ...presets.tutorial.model, rnnUnits: 8 });
 * const ids = Int32Array.from({ length: 101 }, (_, i) => 1 + i % 4);
 * const batches = validationBatches(ids, { sequenceLength: 10, batchSize: 4 })!;
 * for (const carryState of [false, true]) {
 *   const loss = await evaluate(model, batches, { carryState });
 *   assert.ok(Math.abs(loss - Math.log(5)) < 0.1);
 * }
 * ```
 */
export async function evaluate(
  model: CharModel,
  dataset: tf.data.Dataset<SequenceBatch>,
  { carryState = false }: EvaluateOptions = {},
): Promise<number> {
  const losses = new LossMeter();
  const held = new HeldTensors();
  let state: ModelState = []; // none at first: zero
  try {
    await forEachBatch(carryState ? streamsOf(dataset) : dataset, async ({ xs, ys }) => {
      const { loss, after } = tf.tidy(() => {
        // Streams that have ended have no row any more.
        const before = state.map((layer) => layer.slice(0, xs.shape[0]));
        const { logits, state: after } = carryState
          ? model.forward(xs, before)
          : { logits: model.network.apply(xs) as tf.Tensor, state: [] };
        return { loss: sparseCategoricalCrossentropy(ys, logits), after: [...after] };
      });
      held.dispose();
      state = after.map((layer) => held.add(layer));
      await losses.add(loss, ys.size);
    });
  } finally {
    held.dispose();
  }
  const loss = await losses.mean();
  if (loss === undefined) {
    throw new RangeError("Cannot evaluate: the dataset has no batch");
  }
  return loss;
}

function streamsOf(dataset: tf.data.Dataset<SequenceBatch>): tf.data.Dataset<SequenceBatch> {
  if (dataset instanceof ValidationDataset) return dataset.streams();
  throw new TypeError(
    "Cannot carry the state from batch to batch: the dataset cannot be read as streams. Give what " +
      "validationBatches returns, as it is, or leave carryState out",
  );
}
