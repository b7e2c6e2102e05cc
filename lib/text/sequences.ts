import type { Complete } from "../config.ts";
import { SequenceDataset } from "./sequence_dataset.ts";
import { requireOptions, type SequenceOptions } from "./sequence_options.ts";

/**
 * Cuts the ids of a text into sequences and gives them out in batches, shuffled anew each epoch.
 *
 * Each sequence is cut from the text without overlap and is one id longer than sequenceLength: its
 * first ids are the input, its last ones the target. What does not fill a batch is dropped.
 *
 * @param ids The ids of the text; they are read while iterating and never copied as a whole.
 * @param options Sizes, order and seed.
 * @returns A dataset for `network.fitDataset`, `train` or a loop of one's own.
 * @throws {TypeError} If the ids are not an Int32Array.
 * @throws {RangeError} If an option is out of its range, or the ids do not fill one batch.
 *
 * @example One epoch over a small text
 * ```ts
 * import { selectDevice, sequenceBatches, Vocabulary } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const text = "First Citizen:\nBefore we proceed any further, hear me speak.";
 * const ids = Vocabulary.fromText(text).encode(text);
 * const batches = sequenceBatches(ids, { sequenceLength: 9, batchSize: 2 });
 * assert.equal(batches.size, 3);
 * await batches.forEachAsync(({ xs, ys }) => {
 *   assert.deepEqual(xs.shape, [2, 9]);
 *   xs.dispose();
 *   ys.dispose();
 * });
 * ```
 */
export function sequenceBatches(
  ids: Int32Array,
  options: SequenceOptions = {},
): SequenceDataset {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const all: Complete<SequenceOptions> = {
    sequenceLength: 100,
    batchSize: 64,
    shuffleBuffer: 10_000,
    seed: 0,
    randomOffset: false,
    firstEpoch: 0,
    ...given,
  };
  requireOptions(ids, all);
  return new SequenceDataset(ids, all);
}
