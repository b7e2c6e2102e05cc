/**
 * The training loop.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import { sparseCategoricalCrossentropy } from "../model/loss.ts";
import type { SequenceBatch } from "../text/sequence_batch.ts";
import { SequenceDataset } from "../text/sequence_dataset.ts";
import { Adam } from "./adam.ts";
import { forEachBatch } from "./batch_loop.ts";
import { evaluate } from "./evaluate.ts";
import { LossMeter } from "./loss_meter.ts";
import { TrainingClock } from "./training_clock.ts";
import { notify, rateOf, type TrainContext, type TrainingCallback } from "./callbacks.ts";
import type { RestoredTraining, TrainingHistory, UnfinishedEpoch } from "./records.ts";

/** How {@linkcode train} runs. */
export interface TrainOptions {
  /** The last epoch, counted from 1. */
  readonly epochs: number;
  /** Default: the one the network was compiled with, else {@linkcode Adam}. */
  readonly optimizer?: tf.Optimizer | undefined;
  /** Held-out batches, of `validationBatches`; their loss is taken after each epoch. */
  readonly validation?: tf.data.Dataset<SequenceBatch> | undefined;
  /** What is told how it goes; default nobody. */
  readonly callbacks?: readonly TrainingCallback[] | undefined;
  /**
   * What was trained already: a history, or what `Checkpoints.restore` returned. Training goes on after
   * it, with the batches of the epoch that comes next. Default nothing.
   */
  readonly history?: TrainingHistory & Pick<RestoredTraining, "unfinished"> | undefined;
  /** Stops at the next step boundary when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains a model: for each epoch, a step for each batch, then the held-out loss.
 *
 * The step is `model.network.trainStep`, the very one `fitDataset` makes.
 *
 * @param model The model; its weights change.
 * @param dataset Batches; each iteration over it is an epoch.
 * @param options Epochs, optimizer, validation, callbacks.
 * @returns The history of all epochs, those of `options.history` first.
 * @throws {RangeError} If `epochs` is no integer of 1 or more, the dataset is empty, or the history
 * has an unfinished epoch that does not come next.
 * @throws The signal's reason, if it is aborted.
 *
 * @example Learn to count
 * ```ts
 * import { createCharModel, presets, selectDevice, sequenceBatches, train } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const ids = Int32Array.from({ length: 201 }, (_, i) => 1 + i % 4);
 * const model = createCharModel({ vocabularySize: 5, ...presets.quick.model, rnnUnits: 8 });
 * const batches = sequenceBatches(ids, { sequenceLength: 10, batchSize: 4 });
 * const { epochs } = await train(model, batches, { epochs: 3 });
 * const [first, , third] = epochs.map(({ loss }) => loss);
 * assert.ok(third! < first!);
 * ```
 */
export async function train(
  model: CharModel,
  dataset: tf.data.Dataset<SequenceBatch>,
  options: TrainOptions,
): Promise<TrainingHistory> {
  const { epochs, validation, callbacks = [], signal } = options;
  const { epochs: before, unfinished: begun } = options.history ?? { epochs: [] };
  if (!Number.isSafeInteger(epochs) || epochs < 1) {
    throw new RangeError(
      `Cannot train ${epochs} epochs: give an integer of 1 or more`,
    );
  }
  const next = before.length + 1;
  if (begun !== undefined && begun.epoch !== next) {
    throw new RangeError(
      `Cannot go on with epoch ${begun.epoch}: after the history comes epoch ${next}`,
    );
  }
  if (options.history !== undefined && dataset instanceof SequenceDataset) {
    dataset.startAt(before.length);
  }
  const { network } = model;
  const optimizer = options.optimizer ?? network.optimizer ?? new Adam();
  if (network.optimizer !== optimizer) {
    network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
  }
  const records = [...before];
  const stepsPerEpoch = Number.isFinite(dataset.size) ? dataset.size : undefined;
  const clock = new TrainingClock({ epochs, stepsPerEpoch });
  const context = (): TrainContext => ({
    model,
    optimizer,
    epochs: [...records],
    step: optimizer.iterations,
  });

  await notify(callbacks, "onTrainBegin", context());
  for (let epoch = next; epoch <= epochs; epoch++) {
    const earlier = epoch === next ? begun : undefined;
    clock.beginEpoch(epoch, earlier);
    await notify(callbacks, "onEpochBegin", epoch, context());
    const losses = new LossMeter(earlier && { sum: earlier.lossSum, count: earlier.steps });
    let learningRate = earlier?.learningRate ?? rateOf(optimizer);
    let skipped = 0;
    const unfinished = async (): Promise<UnfinishedEpoch> => {
      const { sum: lossSum, count: steps } = await losses.total();
      return { epoch, steps, lossSum, seconds: clock.epochSeconds, learningRate };
    };
    await forEachBatch(dataset, async ({ xs, ys }) => {
      signal?.throwIfAborted();
      if (skipped < (earlier?.steps ?? 0)) return void skipped++;
      learningRate = rateOf(optimizer);
      const loss = await losses.add(network.trainStep(xs, ys));
      const info = clock.step({ loss, learningRate });
      await notify(callbacks, "onStepEnd", info, { ...context(), unfinished });
    });
    const loss = await losses.mean();
    if (loss === undefined) {
      throw new RangeError("Cannot train: the dataset has no batch");
    }
    const validationLoss = validation && await evaluate(model, validation);
    const record = clock.endEpoch({ loss, validationLoss, learningRate });
    records.push(record);
    await notify(callbacks, "onEpochEnd", record, context());
  }
  const result = { epochs: records };
  await notify(callbacks, "onTrainEnd", result, context());
  return result;
}
