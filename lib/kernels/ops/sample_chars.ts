/**
 * Several characters of each text, drawn one after the other without leaving the device.
 *
 * A character drawn is the next one read, so on a GPU nothing but the ids need come back,
 * and those many at a time. How a character is drawn is `generation/sampling.ts`' business
 * on other devices; a device with this kernel does the same, with the same random words.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { numbered, type StepLayer } from "./char_step.ts";

/** What the draws start from. */
export interface SampleCharsInputs {
  /** What may come next, `[batch, vocabularySize]`. */
  readonly logits: tf.Tensor2D;
  /** `[vocabularySize, 3 · rnnUnits]`: embedding · kernel + bias of the first layer. */
  readonly table: tf.Tensor2D;
  /** Where each text has come in each layer is not changed here. */
  readonly layers: readonly StepLayer[];
  /** `[rnnUnits, vocabularySize]` */
  readonly denseKernel: tf.Tensor2D;
  /** `[vocabularySize]` */
  readonly denseBias: tf.Tensor1D;
  /** int32 `[batch, 2]`: the first two words of each text's random numbers. */
  readonly words: tf.Tensor2D;
  /** How many tokens to draw for each text. */
  readonly count: number;
  /** How many were drawn before. */
  readonly position: number;
  readonly temperature: number;
}

/** What the draws end with. */
export interface SampledChars {
  /** int32 `[count, batch]`; −1 − i says that the logit of id i was no number to draw by. */
  readonly ids: tf.Tensor2D;
  readonly logits: tf.Tensor2D;
  readonly states: readonly tf.Tensor2D[];
}

/** The kernel's name in tfjs' registry. */
export const sampleCharsName = "FolioSampleChars";

/** Whether the current backend has the kernel. */
export function hasSampleChars(): boolean {
  return tf.getKernel(sampleCharsName, tf.getBackend()) !== undefined;
}

/** Draws; what it is given stays as it is. */
export function sampleChars(
  { layers, count, position, temperature, ...tensors }: SampleCharsInputs,
) {
  const inputs = { ...tensors, ...numbered(layers) };
  const attrs = { layers: layers.length, count, position, temperature };
  const [ids, logits, ...states] = tf.engine().runKernel(
    sampleCharsName,
    inputs,
    attrs,
  ) as unknown as [tf.Tensor2D, tf.Tensor2D, ...tf.Tensor2D[]];
  return { ids, logits, states } satisfies SampledChars;
}
