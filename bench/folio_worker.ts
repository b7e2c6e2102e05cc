/**
 * folio as a benchmark worker: `folio_worker.ts JOB DEVICE`, both JSON and the last arguments.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { type DeviceOptions, selectDevice } from "folio";
import { preparingBatches, vectorizing } from "./corpus_work.ts";
import type { Job } from "./jobs.ts";
import { trainingSteps } from "./train_step.ts";
import { serve, type Work } from "./worker.ts";
import { writing } from "./writing.ts";

async function workOf(job: Job): Promise<Work> {
  switch (job.task) {
    case "train":
      return trainingSteps(job);
    case "write":
      return writing(job);
    case "vectorize":
      return await vectorizing(job);
    case "batches":
      return await preparingBatches(job);
  }
}

const [job, options] = Deno.args.slice(-2).map((text) => JSON.parse(text)) as [Job, DeviceOptions];
await serve(job, async (job) => {
  const device = await selectDevice(options);
  const [, threads] = /(\d+) threads?/.exec(device.description) ?? [];
  return {
    work: await workOf(job),
    about: {
      mode: device.description,
      versions: { Deno: Deno.version.deno, tfjs: tf.version.tfjs },
      // Without a BLAS the products run on one thread.
      threads: Math.min(Number(threads ?? 1), availableParallelism()),
    },
  };
});
// tfjs keeps a GPU device open.
Deno.exit();
