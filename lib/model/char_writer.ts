/**
 * Writing on the device: characters that are drawn and read where the weights are.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { charDraws, type DrawLayer } from "../kernels/mod.ts";
import type { CharModel, ModelState } from "./char_model.ts";
import { stepWeights } from "./step_weights.ts";

/** What a {@linkcode CharWriter} starts from. */
export interface CharWriterOptions {
  /** What may come next, `[batch, vocabularySize]`; copied. */
  readonly logits: tf.Tensor2D;
  /** Where the texts have come, `[batch, rnnUnits]` for each layer; copied. */
  readonly state: ModelState;
  /** The first two words of each text's random numbers. */
  readonly words: readonly (readonly [number, number])[];
  readonly temperature: number;
}

/** A model that writes on, with a kernel that draws many characters at a time. */
export class CharWriter {
  readonly #fixed: ReturnType<typeof weightsOf>;
  readonly #words: tf.Tensor2D;
  readonly #temperature: number;
  #logits: tf.Tensor2D;
  #states: readonly tf.Tensor2D[];
  #position = 0;

  constructor(model: CharModel, { logits, state, words, temperature }: CharWriterOptions) {
    this.#fixed = weightsOf(model);
    this.#words = tf.tensor2d(Int32Array.from(words.flat(), (word) => word | 0), [
      words.length,
      2,
    ], "int32");
    this.#temperature = temperature;
    this.#logits = logits.clone();
    this.#states = state.map((layer) => layer.clone());
  }

  /**
   * Draws the next tokens of each text.
   *
   * @param count how many
   * @returns one array for each position, with the id of each text
   * @throws {Error} if the logits are no distribution, as after diverged training
   */
  async draw(count: number): Promise<Int32Array[]> {
    const { table, layers, ...dense } = this.#fixed;
    const before = [this.#logits, ...this.#states];
    const { ids, logits, states } = charDraws({
      ...dense,
      table,
      layers: layers.map((layer, i): DrawLayer => ({ ...layer, state: this.#states[i] })),
      logits: this.#logits,
      words: this.#words,
      count,
      position: this.#position,
      temperature: this.#temperature,
    });
    tf.dispose(before);
    [this.#logits, this.#states] = [logits, states];
    this.#position += count;
    const values = await ids.data<"int32">();
    ids.dispose();
    const batch = this.#words.shape[0];
    return Array.from({ length: count }, (_, i) => values.slice(i * batch, (i + 1) * batch));
  }

  /** Frees what it holds; the weights stay the model's. */
  dispose(): void {
    tf.dispose([this.#fixed.table, this.#words, this.#logits, ...this.#states]);
  }
}

/** The weights, with the first layer's input bias already added to the table. */
function weightsOf(model: CharModel) {
  const { table: product, layers, dense } = stepWeights(model);
  const table: tf.Tensor2D = tf.tidy(() =>
    tf.add(product, tf.slice(layers[0].bias, [0, 0], [1, 3 * model.config.rnnUnits]))
  ); // [vocabularySize, 3 · rnnUnits]
  product.dispose();
  return { table, layers, ...dense };
}
