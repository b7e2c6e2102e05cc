import { CounterRandom, streams } from "../random.ts";
import { checkBatchOptions } from "./batch_options.ts";
import { batchesPerEpoch, SequenceDataset } from "./sequence_dataset.ts";

/** How {@linkcode sequenceBatches} cuts, orders and batches the ids. */
export interface SequenceOptions {
  /** Characters in an input, and as many in its target. Default 100. */
  readonly sequenceLength?: number;
  /** Sequences in a batch. Default 64. */
  readonly batchSize?: number;
  /** How many sequences the shuffle draws from; 0 keeps the text's order. Default 10,000. */
  readonly shuffleBuffer?: number;
  /** An integer from 0 to 2^32 − 1; the same seed gives the same batches. Default 0. */
  readonly seed?: number;
  /**
   * Whether each epoch starts cutting at another place, from 0 to sequenceLength − 1, so that the
   * model meets the text in more than one cut. Default false.
   */
  readonly randomOffset?: boolean;
  /** Which epoch's order comes first, counted from 0: for training that resumes. Default 0. */
  readonly firstEpoch?: number;
}

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
  const all: Required<SequenceOptions> = {
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

function requireOptions(
  ids: Int32Array,
  options: Required<SequenceOptions>,
): void {
  const { sequenceLength, batchSize, shuffleBuffer, firstEpoch, randomOffset } = options;
  checkBatchOptions(ids, {
    sequenceLength: { value: sequenceLength, least: 1 },
    batchSize: { value: batchSize, least: 1 },
    shuffleBuffer: { value: shuffleBuffer, least: 0 },
    firstEpoch: { value: firstEpoch, least: 0 },
  });
  // Made for its check alone, so that a bad seed is refused here and not in the first epoch.
  new CounterRandom({ seed: options.seed, stream: streams.shuffle });
  if (batchesPerEpoch(ids.length, options) > 0) return;
  const needed = batchSize * (sequenceLength + 1) +
    (randomOffset ? sequenceLength - 1 : 0);
  throw new RangeError(
    `Cannot fill one batch with ${ids.length} ids: a batch of ${batchSize} sequences of ` +
      `${sequenceLength} + 1${randomOffset ? " with random offsets" : ""} needs ${needed}. ` +
      `Give a longer text, or a smaller batchSize or sequenceLength`,
  );
}
