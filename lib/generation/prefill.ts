/**
 * Prefill: reading prompts with a model, to know what may come next and how to go on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import type { ModelState } from "../model/model_state.ts";
import type { HeldTensors } from "../model/held_tensors.ts";
import type { EventLoopYield } from "../event_loop.ts";

/** Where a model is after the texts of a batch. Its owner disposes it. */
export type Prefill = {
  /** What may come next: `[batch, vocabularySize]`. */
  readonly logits: tf.Tensor2D;
  /** Of each layer: `[batch, rnnUnits]`. */
  readonly state: tf.Tensor2D[];
};

const pieceLength = 256; // a long prompt is read in pieces, to bound the memory

/**
 * Reads equally long texts at once.
 *
 * @param model The model.
 * @param texts The ids of each text.
 * @param state Where they go on from, which stays the caller's; default the start.
 * @returns Where the model is after them.
 */
export function prefillBatch(
  model: CharModel,
  texts: readonly Int32Array[],
  state?: ModelState,
): Prefill {
  const batch = texts.length, time = texts[0]?.length ?? 0;
  const ids = new Int32Array(batch * time);
  texts.forEach((text, i) => ids.set(text, i * time));
  return tf.tidy(() => {
    const output = model.forward(
      tf.tensor2d(ids, [batch, time], "int32"),
      state,
    );
    const size = output.logits.shape[2];
    const last = time === 1
      ? output.logits // [batch, 1, vocabularySize]
      : output.logits.slice([0, time - 1, 0], [batch, 1, size]);
    const logits = last.reshape<tf.Tensor2D>([batch, size]);
    return { logits, state: [...output.state] };
  });
}

/** How {@linkcode prefill} reads. */
export interface PrefillOptions {
  /** When to let the event loop have its turn. */
  readonly eventLoop: EventLoopYield;
  /** Who holds the result, and what is read on the way to it. */
  readonly held: HeldTensors;
}

/**
 * Reads texts of any lengths, each by itself, so that none is padded and what is
 * read of one does not depend on the others.
 *
 * @param model The model.
 * @param texts The ids of each text, one at least.
 * @param options When to pause, and who holds what is read.
 * @returns Where the model is after them, as one batch.
 */
export async function prefill(
  model: CharModel,
  texts: readonly Int32Array[],
  { eventLoop, held }: PrefillOptions,
): Promise<Prefill> {
  const parts: Prefill[] = [];
  for (const text of texts) {
    for (let begin = 0; begin < text.length; begin += pieceLength) {
      await eventLoop.ifDue();
      const piece = text.subarray(begin, begin + pieceLength);
      const before = begin === 0 ? undefined : parts.pop();
      parts.push(holdPrefill(held, prefillBatch(model, [piece], before?.state)));
      if (before !== undefined) releasePrefill(held, before);
    }
  }
  const batch = tf.tidy(() => ({
    logits: tf.concat(parts.map(({ logits }) => logits)),
    state: Array.from(
      { length: model.config.layers },
      (_, layer) => tf.concat(parts.map(({ state }) => state[layer]!)),
    ),
  }));
  holdPrefill(held, batch);
  for (const part of parts) releasePrefill(held, part);
  return batch;
}

/** Lets the tensors of a prefill be held. */
export function holdPrefill(held: HeldTensors, prefilled: Prefill): Prefill {
  for (const tensor of [prefilled.logits, ...prefilled.state]) held.add(tensor);
  return prefilled;
}

function releasePrefill(held: HeldTensors, prefilled: Prefill): void {
  for (const tensor of [prefilled.logits, ...prefilled.state]) held.release(tensor).dispose();
}
