import type { Complete } from "../config.ts";
import * as tf from "@tensorflow/tfjs";
import { CounterRandom, streams } from "../random.ts";
import { type SequenceBatch, sequenceBatch } from "./sequence_batch.ts";
import { batchesPerEpoch, type SequenceOptions } from "./sequence_options.ts";
import { shuffledIndices } from "./shuffle.ts";

/**
 * The batches that a model is trained on, a `tf.data.Dataset` whose every iterator is one epoch.
 *
 * Made by {@linkcode sequenceBatches}. Who draws a batch disposes its two tensors, as `fitDataset`
 * and `train` do.
 */
export class SequenceDataset extends tf.data.Dataset<SequenceBatch> {
  /** How many batches one epoch has. */
  override readonly size: number;
  readonly #ids: Int32Array;
  readonly #options: Complete<SequenceOptions>;
  #nextEpoch: number;

  /**
   * Use {@linkcode sequenceBatches}, which fills in the defaults and checks the options.
   *
   * @param ids The ids of the text.
   * @param options All of the options.
   */
  constructor(ids: Int32Array, options: Complete<SequenceOptions>) {
    super();
    this.#ids = ids;
    this.#options = options;
    this.#nextEpoch = options.firstEpoch;
    this.size = batchesPerEpoch(ids.length, options);
  }

  /**
   * Says which epoch comes next, for training that resumes.
   *
   * @param epoch Counted from 0.
   */
  startAt(epoch: number): void {
    this.#nextEpoch = epoch;
  }

  /**
   * Starts the next epoch.
   *
   * The epoch is counted when the first batch is drawn and not before: fitDataset makes one iterator
   * that it never reads, and an epoch must not be lost to it.
   *
   * @returns An iterator over the batches of one epoch.
   */
  override iterator(): ReturnType<tf.data.Dataset<SequenceBatch>["iterator"]> {
    return tf.data.generator(() => this.#epoch()).iterator();
  }

  *#epoch(): Generator<SequenceBatch> {
    const { sequenceLength, batchSize, shuffleBuffer, seed, randomOffset } = this.#options;
    const epoch = this.#nextEpoch++;
    const chunk = sequenceLength + 1;
    const offset = randomOffset
      ? new CounterRandom({ seed, stream: streams.offset }).below(
        epoch,
        sequenceLength,
      )
      : 0;
    const count = Math.floor((this.#ids.length - offset) / chunk);
    const order = shuffledIndices(count, {
      bufferSize: shuffleBuffer,
      seed,
      epoch,
    });
    for (let batch = 0; batch < this.size; batch++) {
      const starts = Array.from(
        { length: batchSize },
        () => offset + chunk * order.next().value!,
      );
      yield sequenceBatch(this.#ids, { starts, length: sequenceLength });
    }
  }
}
