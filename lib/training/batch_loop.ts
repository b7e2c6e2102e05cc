import type * as tf from "@tensorflow/tfjs";
import { HeldTensors } from "../model/held_tensors.ts";
import type { SequenceBatch } from "../text/sequence_batch.ts";

/**
 * Runs over the batches of one epoch and disposes each.
 *
 * @param dataset The batches.
 * @param act Is given each batch, and waited for.
 */
export async function forEachBatch(
  dataset: tf.data.Dataset<SequenceBatch>,
  act: (batch: SequenceBatch) => void | Promise<void>,
): Promise<void> {
  const iterator = await dataset.iterator();
  const held = new HeldTensors();
  for (
    let next = await iterator.next();
    !next.done;
    next = await iterator.next()
  ) {
    held.add(next.value.xs);
    held.add(next.value.ys);
    try {
      await act(next.value);
    } finally {
      held.dispose();
    }
  }
}
