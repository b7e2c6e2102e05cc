/**
 * tfjs' own layers as a benchmark worker, without folio: `tfjs_worker.ts JOB BACKEND`, both JSON
 * and the last arguments.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";
import type { Job, TrainJob } from "./jobs.ts";
import { serve, type Work } from "./worker.ts";

/** Training steps of the same model made of tfjs' stock layers; its Adam does not clip. */
function trainingSteps({ model, batch, length }: TrainJob): Work {
  const { vocabularySize, embeddingDim, rnnUnits, layers } = model;
  const network = tf.sequential();
  network.add(tf.layers.embedding({
    inputDim: vocabularySize,
    outputDim: embeddingDim,
    inputShape: [length],
  }));
  // Its GRU knows only the form that resets before the recurrent product.
  for (let layer = 0; layer < layers; layer++) {
    network.add(tf.layers.gru({
      units: rnnUnits,
      returnSequences: true,
      recurrentActivation: "sigmoid",
      // tfjs' orthogonal initializer takes minutes at these sizes.
      recurrentInitializer: "glorotUniform",
    }));
  }
  network.add(tf.layers.dense({ units: vocabularySize }));
  const optimizer = tf.train.adam(0.001);
  const ids = Int32Array.from(
    { length: batch * length + 1 },
    (_, i) => 1 + (i * 7919) % (vocabularySize - 1),
  );
  const xs = tf.tensor2d(ids.slice(0, -1), [batch, length], "int32");
  const ys = tf.oneHot(tf.tensor1d(ids.slice(1), "int32"), vocabularySize);
  return async (steps) => {
    for (let step = 0; step < steps; step++) {
      const loss = optimizer.minimize(() => {
        const logits = network.apply(xs, { training: true }) as tf.Tensor;
        return tf.losses.softmaxCrossEntropy(ys, logits.reshape([-1, vocabularySize]));
      }, true)!;
      await loss.data();
      loss.dispose();
    }
  };
}

const [job, backend] = Deno.args.slice(-2).map((text) => JSON.parse(text)) as [Job, string];
await serve(job, async (job) => {
  if (job.task !== "train") throw new Error(`tfjs' stock layers do not ${job.task}`);
  if (!await tf.setBackend(backend)) throw new Error(`tfjs cannot start its ${backend} backend`);
  await tf.ready();
  const versions = { Deno: Deno.version.deno, tfjs: tf.version.tfjs };
  return {
    work: trainingSteps(job),
    about: { mode: `stock GRU, ${backend} backend`, versions, threads: 1 },
  };
});
Deno.exit();
