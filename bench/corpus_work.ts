/**
 * What folio does to a corpus before it trains.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sequenceBatches, Vocabulary } from "folio";
import type { BatchesJob, VectorizeJob } from "./jobs.ts";
import type { Work } from "./worker.ts";

/** Turns the corpus into ids. */
export async function vectorizing({ textPath }: VectorizeJob): Promise<Work> {
  const text = await Deno.readTextFile(textPath);
  const vocabulary = Vocabulary.fromText(text);
  return () => {
    vocabulary.encode(text);
  };
}

/** Prepares all batches of an epoch, as tensors on the device. */
export async function preparingBatches(job: BatchesJob): Promise<Work> {
  const text = await Deno.readTextFile(job.textPath);
  const ids = Vocabulary.fromText(text).encode(text);
  const { batch: batchSize, length: sequenceLength, shuffleBuffer } = job;
  const batches = sequenceBatches(ids, { batchSize, sequenceLength, shuffleBuffer });
  return async () => {
    await batches.forEachAsync((batch) => tf.dispose(batch));
  };
}
