import * as tf from "@tensorflow/tfjs";
import { CounterRandom, streams } from "../random.ts";
import type { SequenceOptions } from "./sequences.ts";
import { shuffledIndices } from "./shuffle.ts";

/** One batch: the ids that go in, and the ids that should come out, both `[batch, time]`. */
export type SequenceBatch = {
  /** The inputs, int32. */
  xs: tf.Tensor2D;
  /** The targets: the inputs one character later, int32. */
  ys: tf.Tensor2D;
};

/** A batch before it becomes tensors: memory that nobody has to dispose. */
interface AssembledBatch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

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
  readonly #options: Required<SequenceOptions>;
  #nextEpoch: number;

  /**
   * Use {@linkcode sequenceBatches}, which fills in the defaults and checks the options.
   *
   * @param ids The ids of the text.
   * @param options All of the options.
   */
  constructor(ids: Int32Array, options: Required<SequenceOptions>) {
    super();
    this.#ids = ids;
    this.#options = options;
    this.#nextEpoch = options.firstEpoch;
    this.size = batchesPerEpoch(ids.length, options);
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
    const dataset = tf.data.generator(() => toTensors(this.#epoch(), this.#options));
    return dataset.iterator();
  }

  *#epoch(): Generator<AssembledBatch> {
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
      const inputs = new Int32Array(batchSize * sequenceLength);
      const targets = new Int32Array(batchSize * sequenceLength);
      for (let row = 0; row < batchSize; row++) {
        const start = offset + chunk * order.next().value!;
        inputs.set(
          this.#ids.subarray(start, start + sequenceLength),
          row * sequenceLength,
        );
        targets.set(
          this.#ids.subarray(start + 1, start + chunk),
          row * sequenceLength,
        );
      }
      yield { inputs, targets };
    }
  }
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
  options: Required<SequenceOptions>,
): number {
  const largestOffset = options.randomOffset ? options.sequenceLength - 1 : 0;
  const sequences = Math.floor(
    (length - largestOffset) / (options.sequenceLength + 1),
  );
  return Math.floor(Math.max(sequences, 0) / options.batchSize);
}

/**
 * Turns assembled batches into tensors, a few of them assembled ahead.
 *
 * Only plain arrays wait here. tf.data's own prefetch would make the tensors ahead, and who stops in
 * the middle of an epoch would leave them behind without an owner.
 */
function toTensors(
  batches: Iterator<AssembledBatch>,
  options: Required<SequenceOptions>,
): Iterator<SequenceBatch> {
  const { batchSize, sequenceLength, prefetch } = options;
  const shape: [number, number] = [batchSize, sequenceLength];
  const ready: AssembledBatch[] = [];
  const refill = () => {
    while (ready.length < prefetch) {
      const next = batches.next();
      if (next.done) return;
      ready.push(next.value);
    }
  };
  return {
    next() {
      const batch = ready.shift() ??
        batches.next().value as AssembledBatch | undefined;
      if (batch === undefined) return { value: undefined, done: true };
      queueMicrotask(refill);
      return {
        value: {
          xs: tf.tensor2d(batch.inputs, shape, "int32"), // [batch, time]
          ys: tf.tensor2d(batch.targets, shape, "int32"), // [batch, time]
        },
        done: false,
      };
    },
  };
}
