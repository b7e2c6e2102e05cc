/**
 * Reading texts with a model, to know what may come next and how to go on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { CharModel, ModelState } from "../model/char_model.ts";
import type { HeldTensors } from "../model/held_tensors.ts";
import type { Pauses } from "../event_loop.ts";

/** Where a model is after the texts of a batch. Its owner disposes it. */
export type Reading = {
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
export function readBatch(
  model: CharModel,
  texts: readonly Int32Array[],
  state?: ModelState,
): Reading {
  const batch = texts.length, time = texts[0].length;
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

/** How {@linkcode readTexts} reads. */
export interface ReadingOptions {
  /** When to let the event loop have its turn. */
  readonly pauses: Pauses;
  /** Who holds the reading, and what is read on the way to it. */
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
export async function readTexts(
  model: CharModel,
  texts: readonly Int32Array[],
  { pauses, held }: ReadingOptions,
): Promise<Reading> {
  const readings: Reading[] = [];
  for (const text of texts) {
    for (let begin = 0; begin < text.length; begin += pieceLength) {
      await pauses.take();
      const piece = text.subarray(begin, begin + pieceLength);
      const before = begin === 0 ? undefined : readings.pop();
      readings.push(holdReading(held, readBatch(model, [piece], before?.state)));
      if (before !== undefined) releaseReading(held, before);
    }
  }
  const batch = tf.tidy(() => ({
    logits: tf.concat(readings.map(({ logits }) => logits)),
    state: readings[0].state.map((_, layer) =>
      tf.concat(readings.map(({ state }) => state[layer]))
    ),
  }));
  holdReading(held, batch);
  for (const reading of readings) releaseReading(held, reading);
  return batch;
}

/** Lets the tensors of a reading be held. */
export function holdReading(held: HeldTensors, reading: Reading): Reading {
  for (const tensor of [reading.logits, ...reading.state]) held.add(tensor);
  return reading;
}

function releaseReading(held: HeldTensors, reading: Reading): void {
  for (const tensor of [reading.logits, ...reading.state]) held.release(tensor).dispose();
}

/**
 * Reads the logits off the device.
 *
 * @param reading Where the model is.
 * @returns The logits of each text.
 */
export async function logitRows({ logits }: Reading): Promise<Float32Array[]> {
  const [batch, size] = logits.shape;
  const values = await logits.data<"float32">();
  return Array.from(
    { length: batch },
    (_, i) => values.subarray(i * size, (i + 1) * size),
  );
}
