import * as tf from "@tensorflow/tfjs";
import type { SequenceBatch } from "../text/sequence_batch.ts";

/**
 * Runs over the batches of one epoch and disposes each.
 *
 * @param dataset the batches
 * @param act is given each batch, and waited for
 */
export async function forEachBatch(
  dataset: tf.data.Dataset<SequenceBatch>,
  act: (batch: SequenceBatch) => void | Promise<void>,
): Promise<void> {
  const iterator = await dataset.iterator();
  for (
    let next = await iterator.next();
    !next.done;
    next = await iterator.next()
  ) {
    try {
      await act(next.value);
    } finally {
      tf.dispose(next.value);
    }
  }
}
