/**
 * One training step of a preset's model.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  Adam,
  createCharModel,
  type PresetName,
  presets,
  sequenceBatches,
  sparseCategoricalCrossentropy,
} from "folio";

/** How {@linkcode trainingSteps} measures. */
export interface TrainingStepOptions {
  /** How many steps are timed, after two that warm up. */
  readonly rounds: number;
}

/** What {@linkcode trainingSteps} measured. */
export interface TrainingStepTimes {
  /** One number for each step, from handing over the batch to reading the loss. */
  readonly milliseconds: readonly number[];
  /** The largest resident size of the process, seen after each step. */
  readonly peakMegabytes: number;
  /** What a step computes: 6 · parameters · characters, in GFLOP. */
  readonly gigaflop: number;
}

const vocabularySize = 66;

/** Trains a preset's model on made-up text and times each step. */
export async function trainingSteps(
  preset: PresetName,
  { rounds }: TrainingStepOptions,
): Promise<TrainingStepTimes> {
  const { model: sizes, training } = presets[preset];
  const model = createCharModel({ ...sizes, vocabularySize });
  const { network } = model;
  const optimizer = new Adam({ clipNorm: training.clipNorm });
  network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
  const { batchSize, sequenceLength } = training;
  const characters = batchSize * sequenceLength;
  const ids = Int32Array.from(
    { length: characters + batchSize },
    (_, i) => 1 + (i * 7919) % (vocabularySize - 1),
  );
  const batches = sequenceBatches(ids, { batchSize, sequenceLength });
  const milliseconds: number[] = [];
  let peakMegabytes = 0;
  for (let round = -2; round < rounds; round++) {
    await batches.forEachAsync(async ({ xs, ys }) => {
      const start = performance.now();
      const loss = network.trainStep(xs, ys);
      await loss.data();
      if (round >= 0) milliseconds.push(performance.now() - start);
      tf.dispose([xs, ys, loss]);
      peakMegabytes = Math.max(peakMegabytes, Deno.memoryUsage().rss / 1e6);
    });
  }
  const gigaflop = 6 * network.countParams() * characters / 1e9;
  model.dispose();
  optimizer.dispose();
  return { milliseconds, peakMegabytes, gigaflop };
}
