/**
 * Decoding: the loop that writes a text, one token after the other.
 *
 * @module
 */
import { CounterRandom, streams } from "../random.ts";
import type { CharModel } from "../model/char_model.ts";
import { HeldTensors } from "../model/held_tensors.ts";
import { openSampler, type SamplerOptions } from "./sampler.ts";
import { EventLoopYield } from "../event_loop.ts";
import { prefill } from "./prefill.ts";

/** What {@linkcode decode} needs to know. */
export interface DecodeOptions extends SamplerOptions {
  /** How many tokens to draw for each text. */
  readonly length: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The randomness of each text of a batch: the same seed, another text number.
 *
 * @param seed An integer from 0 to 2^32 − 1.
 * @param count How many texts there are.
 * @returns One for each text.
 * @throws {RangeError} If the seed is out of range.
 */
export function samplingRandoms(seed: number, count: number): CounterRandom[] {
  return Array.from(
    { length: count },
    (_, index) => new CounterRandom({ seed, stream: streams.sampling, index }),
  );
}

/**
 * Goes on writing several texts, one token each at a time.
 *
 * @param model The model.
 * @param prompts The ids that each text begins with, one at least.
 * @param options How long and how.
 * @yields The next id of each text.
 * @throws The reason of the signal, once it is aborted.
 */
export async function* decode(
  model: CharModel,
  prompts: readonly Int32Array[],
  options: DecodeOptions,
): AsyncGenerator<Int32Array, void, undefined> {
  const { length, signal } = options;
  const eventLoop = new EventLoopYield({ signal });
  if (length === 0) return;
  const held = new HeldTensors();
  try {
    const prefilled = await prefill(model, prompts, { eventLoop, held });
    const sampler = held.add(openSampler(model, prefilled, options));
    let drawn: Int32Array[] = [];
    for (let written = 0; written < length; written++) {
      if (written > 0) await eventLoop.ifDue();
      if (drawn.length === 0) drawn = await sampler.draw(length - written);
      yield drawn.shift()!;
    }
  } finally {
    held.dispose();
  }
}
