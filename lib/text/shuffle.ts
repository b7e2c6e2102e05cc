/**
 * The order of the sequences in an epoch.
 *
 * @module
 */
import { CounterRandom, streams } from "../random.ts";

/** How {@linkcode shuffledIndices} orders them. */
export interface ShuffleOptions {
  /** How many indices wait to be drawn from; 0 keeps the order, `count` or more mixes all. */
  readonly bufferSize: number;
  /** The person's seed. */
  readonly seed: number;
  /** Counted from 0; each epoch has an order of its own. */
  readonly epoch: number;
}

/**
 * Gives the indices 0 to `count` − 1 in the order of one epoch.
 *
 * It shuffles as tf.data does: a buffer is filled with the first indices, one of it is drawn, and the
 * next index takes the free place. Only indices wait in the buffer, so a buffer of ten thousand
 * sequences costs ten thousand numbers and not a million tokens.
 *
 * @param count How many indices there are.
 * @param options Buffer, seed and epoch.
 * @yields Every index once.
 */
export function* shuffledIndices(
  count: number,
  options: ShuffleOptions,
): Generator<number> {
  const bufferSize = Math.min(options.bufferSize, count);
  const random = new CounterRandom({
    seed: options.seed,
    stream: streams.shuffle,
    index: options.epoch,
  });
  const buffer = Int32Array.from({ length: bufferSize }, (_, index) => index);
  let waiting = bufferSize;
  for (let position = 0; position < count; position++) {
    if (bufferSize === 0) {
      yield position;
      continue;
    }
    const place = random.below(position, waiting);
    const index = buffer[place]!;
    const next = position + bufferSize;
    buffer[place] = next < count ? next : buffer[--waiting]!;
    yield index;
  }
}
