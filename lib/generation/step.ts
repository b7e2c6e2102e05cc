/**
 * One step of decoding by hand, with the state as plain data.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import { HeldTensors } from "../model/held_tensors.ts";
import { samplingRandoms } from "./decode.ts";
import type { EventLoopYield } from "../event_loop.ts";
import { logitRows } from "../model/logit_rows.ts";
import { holdPrefill, prefill, prefillBatch } from "./prefill.ts";
import { sampleToken } from "./sampling.ts";

/**
 * Where some texts are: all that the model remembers of them.
 *
 * It is plain data, not tensors: nothing has to be disposed, and a step can be
 * taken again from the same state.
 */
export interface StepState {
  /** The hidden state of each GRU layer: `[batch, rnnUnits]`, row by row. */
  readonly hidden: readonly Float32Array[];
  /** How many texts there are. */
  readonly batch: number;
  /** How many tokens have been drawn for each. */
  readonly position: number;
}

/** What one step gives. */
export interface StepResult {
  /** The token drawn for each text. */
  readonly ids: Int32Array;
  /** For each text the logits of all tokens, out of which one was drawn. */
  readonly logits: readonly Float32Array[];
  /** Where to go on from. */
  readonly state: StepState;
}

/** Where a step starts, and how it draws. */
export interface StepOptions {
  readonly state?: StepState | undefined;
  readonly temperature: number;
  readonly seed: number;
  /** When to let the event loop have its turn. */
  readonly eventLoop: EventLoopYield;
}

/**
 * Reads what is new of some texts and draws the next token of each.
 *
 * @param model The model.
 * @param texts The new ids of each text; equally many when there is a state.
 * @param options Where to start, and how to draw.
 * @returns The tokens, the logits and the new state.
 * @throws {RangeError} If the state is not one of these texts and this model.
 */
export async function takeStep(
  model: CharModel,
  texts: readonly Int32Array[],
  { state, temperature, seed, eventLoop }: StepOptions,
): Promise<StepResult> {
  const batch = texts.length, position = state?.position ?? 0;
  const randoms = samplingRandoms(seed, batch);
  await eventLoop.ifDue();
  const held = new HeldTensors();
  try {
    const prefilled = state === undefined
      ? await prefill(model, texts, { eventLoop, held })
      : holdPrefill(held, readFrom(state, { model, texts }));
    const rows = await logitRows(prefilled.logits);
    const logits = rows.map((row) => row.slice());
    const hidden = await Promise.all(prefilled.state.map(async (layer) => {
      return (await layer.data<"float32">()).slice();
    }));
    const ids = Int32Array.from(
      logits,
      (row, text) => sampleToken(row, { temperature, random: randoms[text]!, position }),
    );
    return { ids, logits, state: { hidden, batch, position: position + 1 } };
  } finally {
    held.dispose();
  }
}

function readFrom(
  { hidden, batch }: StepState,
  { model, texts }: { model: CharModel; texts: readonly Int32Array[] },
) {
  const { layers, rnnUnits } = model.config;
  if (batch !== texts.length) {
    throw new RangeError(
      `Cannot go on with ${texts.length} texts: the state is of ${batch}`,
    );
  }
  const size = batch * rnnUnits;
  if (hidden.length !== layers || hidden.some((h) => h.length !== size)) {
    throw new RangeError("Cannot go on: the state is of another model");
  }
  if (new Set(texts.map(({ length }) => length)).size > 1) {
    throw new RangeError(
      "Cannot go on: with a state, all texts must have equally many characters",
    );
  }
  return tf.tidy(() => {
    // Copies, because on some devices a tensor shares the array it is made of.
    const state = hidden.map((h) => tf.tensor2d(h.slice(), [batch, rnnUnits]));
    return prefillBatch(model, texts, state);
  });
}
