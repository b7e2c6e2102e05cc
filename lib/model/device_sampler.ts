/**
 * Sampling on the device: tokens that are drawn and read where the weights are.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { hasSampleChars, sampleChars } from "../kernels/mod.ts";
import type { CharModel } from "./char_model.ts";
import { logitRows } from "./logit_rows.ts";
import type { ModelState } from "./model_state.ts";
import { type StepWeights, stepWeights, withStates } from "./step_weights.ts";

/** What a {@linkcode DeviceSampler} starts from. */
export interface DeviceSamplerOptions {
  /** What may come next, `[batch, vocabularySize]`; copied. */
  readonly logits: tf.Tensor2D;
  /** Where the texts have come, `[batch, rnnUnits]` for each layer; copied. */
  readonly state: ModelState;
  /** The first two words of each text's random numbers. */
  readonly words: readonly (readonly [number, number])[];
  readonly temperature: number;
}

/**
 * Readies a model to sample on the device, where the device can.
 *
 * @param model The model, whose weights must stay as they are.
 * @param options Where the texts are, and how to sample.
 * @returns The sampler, which its owner disposes; null if the device does not sample by itself.
 */
export function openDeviceSampler(
  model: CharModel,
  options: DeviceSamplerOptions,
): DeviceSampler | null {
  return hasSampleChars() ? new DeviceSampler(model, options) : null;
}

/** Samples many tokens of a batch at a time, by one kernel. */
export class DeviceSampler implements Disposable {
  readonly #weights: StepWeights;
  readonly #words: tf.Tensor2D;
  readonly #temperature: number;
  #logits: tf.Tensor2D;
  #states: readonly tf.Tensor2D[];
  /** What was drawn and is being read off the device. */
  readonly #reading = new Set<tf.Tensor>();
  #position = 0;

  constructor(model: CharModel, { logits, state, words, temperature }: DeviceSamplerOptions) {
    const shape: [number, number] = [words.length, 2];
    const numbers = Int32Array.from(words.flat(), (word) => word | 0);
    // In a scope, so that nothing is left behind by an error, or by a stop.
    const copies = tf.tidy(() => {
      return {
        weights: stepWeights(model) as StepWeights & tf.TensorContainerObject,
        words: tf.tensor2d(numbers, shape, "int32"),
        logits: logits.clone(),
        states: state.map((layer) => layer.clone()),
      };
    });
    this.#weights = copies.weights;
    this.#words = copies.words;
    this.#temperature = temperature;
    this.#logits = copies.logits;
    this.#states = copies.states;
  }

  /**
   * Draws the next tokens of each text. Before they are read off the device, more may be asked for.
   *
   * @param count How many.
   * @returns One array for each position, with the id of each text.
   * @throws {Error} If the logits are no distribution, as after diverged training.
   */
  async draw(count: number): Promise<Int32Array[]> {
    const { table, layers, dense } = this.#weights;
    const before = [this.#logits, ...this.#states];
    const { ids, logits, states } = sampleChars({
      ...dense,
      table,
      layers: withStates(layers, this.#states),
      logits: this.#logits,
      words: this.#words,
      count,
      position: this.#position,
      temperature: this.#temperature,
    });
    tf.dispose(before);
    [this.#logits, this.#states] = [logits, states];
    this.#position += count;
    this.#reading.add(ids);
    const values = await ids.data<"int32">();
    this.#reading.delete(ids);
    ids.dispose();
    const batch = this.#words.shape[0];
    return Array.from({ length: count }, (_, i) => values.slice(i * batch, (i + 1) * batch));
  }

  /** Reads the logits of what may come next off the device, for each text. */
  async logits(): Promise<Float32Array[]> {
    return await logitRows(this.#logits);
  }

  /** Frees what it holds; the weights stay the model's. */
  dispose(): void {
    const { made } = this.#weights;
    tf.dispose([...made, this.#words, this.#logits, ...this.#states]);
    tf.dispose([...this.#reading]);
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
