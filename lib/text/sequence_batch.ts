/**
 * A batch of sequences and how it is cut out of the ids of a text.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** One batch: the ids that go in, and the ids that should come out, both `[batch, time]`. */
export type SequenceBatch = {
  /** The inputs, int32. */
  xs: tf.Tensor2D;
  /** The targets: the inputs one character later, int32. */
  ys: tf.Tensor2D;
};

/** Where the sequences of a batch lie in a text. */
export interface SequencePlaces {
  /** The index of the first input of each sequence. */
  readonly starts: readonly number[];
  /** How many inputs, and as many targets, each has. */
  readonly length: number;
}

/**
 * Cuts one batch out of a text.
 *
 * @param ids The ids of the text; they reach one id beyond the last input.
 * @param places Where the sequences begin, and how long they are.
 * @returns Inputs and targets `[starts.length, length]`, which the caller disposes.
 */
export function sequenceBatch(ids: Int32Array, { starts, length }: SequencePlaces): SequenceBatch {
  const shape: [number, number] = [starts.length, length];
  const inputs = new Int32Array(starts.length * length);
  const targets = new Int32Array(starts.length * length);
  for (const [row, start] of starts.entries()) {
    inputs.set(ids.subarray(start, start + length), row * length);
    targets.set(ids.subarray(start + 1, start + 1 + length), row * length);
  }
  return {
    xs: tf.tensor2d(inputs, shape, "int32"), // [batch, time]
    ys: tf.tensor2d(targets, shape, "int32"), // [batch, time]
  };
}
