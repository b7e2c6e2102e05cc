/**
 * Training steps of folio's model.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Adam, createCharModel, sparseCategoricalCrossentropy } from "folio";
import type { TrainJob } from "./jobs.ts";
import type { Work } from "./worker.ts";

/** A batch of made-up ids, and what should follow them. */
export function madeUpBatch(job: TrainJob): { readonly xs: tf.Tensor2D; readonly ys: tf.Tensor2D } {
  const { batch, length, model: { vocabularySize } } = job;
  const ids = Int32Array.from(
    { length: batch * length + 1 },
    (_, i) => 1 + (i * 7919) % (vocabularySize - 1),
  );
  const tensor = (values: Int32Array) => tf.tensor2d(values, [batch, length], "int32");
  return { xs: tensor(ids.slice(0, -1)), ys: tensor(ids.slice(1)) };
}

/** Whether the loss of a step is read, of so many steps. */
export function readsLoss(
  { lossEvery = 1 }: TrainJob,
  { step, steps }: { readonly step: number; readonly steps: number },
): boolean {
  return step % lossEvery === lossEvery - 1 || step === steps - 1;
}

/** Trains on one batch, reading losses as the job says. */
export function trainingSteps(job: TrainJob): Work {
  const { network } = createCharModel({ ...job.model, embeddingScale: 0.05, seed: 0 });
  const optimizer = new Adam({ clipNorm: job.clipNorm });
  network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
  const { xs, ys } = madeUpBatch(job);
  return async (steps) => {
    for (let step = 0; step < steps; step++) {
      const loss = network.trainStep(xs, ys);
      if (readsLoss(job, { step, steps })) await loss.data();
      loss.dispose();
    }
  };
}
