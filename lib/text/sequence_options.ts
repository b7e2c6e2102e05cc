/**
 * How the ids of a text are cut into sequences, and what may be asked for.
 *
 * @module
 */
import type { Complete } from "../config.ts";
import { CounterRandom, streams } from "../random.ts";
import { checkBatchOptions } from "./batch_options.ts";

/** How `sequenceBatches` cuts, orders and batches the ids. */
export interface SequenceOptions {
  /** Characters in an input, and as many in its target. Default 100. */
  readonly sequenceLength?: number | undefined;
  /** Sequences in a batch. Default 64. */
  readonly batchSize?: number | undefined;
  /** How many sequences the shuffle draws from; 0 keeps the text's order. Default 10,000. */
  readonly shuffleBuffer?: number | undefined;
  /** An integer from 0 to 2^32 − 1; the same seed gives the same batches. Default 0. */
  readonly seed?: number | undefined;
  /**
   * Whether each epoch starts cutting at another place, from 0 to sequenceLength − 1, so that the
   * model meets the text in more than one cut. Default false.
   */
  readonly randomOffset?: boolean | undefined;
  /** Which epoch's order comes first, counted from 0: for training that resumes. Default 0. */
  readonly firstEpoch?: number | undefined;
}

/**
 * How many batches the ids fill.
 *
 * It is the same for every epoch: with random offsets it is what the largest of them leaves room for.
 *
 * @param length How many ids there are.
 * @param options All of the options.
 * @returns The number of whole batches, perhaps 0.
 */
export function batchesPerEpoch(
  length: number,
  options: Complete<SequenceOptions>,
): number {
  const largestOffset = options.randomOffset ? options.sequenceLength - 1 : 0;
  const sequences = Math.floor(
    (length - largestOffset) / (options.sequenceLength + 1),
  );
  return Math.floor(Math.max(sequences, 0) / options.batchSize);
}

/**
 * Checks ids and options.
 *
 * @throws {TypeError} If the ids are not an Int32Array.
 * @throws {RangeError} If an option is out of its range, or the ids do not fill one batch.
 */
export function requireOptions(
  ids: Int32Array,
  options: Complete<SequenceOptions>,
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
