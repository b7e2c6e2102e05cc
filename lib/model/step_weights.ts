/**
 * A model's weights as writing needs them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { CharModel } from "./char_model.ts";

/**
 * Gathers the weights that take one character at a time.
 *
 * @param model whose weights they stay
 * @returns the weights, and a table that its owner disposes: embedding · kernel of the
 * first layer, one row for each token
 */
export function stepWeights(model: CharModel) {
  const weights = new Map(model.weights().map(({ name, variable }) => [name, variable]));
  const weight = <T extends tf.Tensor>(name: string) => weights.get(name) as tf.Tensor as T;
  const layers = Array.from({ length: model.config.layers }, (_, i) => ({
    ...i === 0 ? {} : { kernel: weight<tf.Tensor2D>(`gru.${i}.kernel`) },
    recurrentKernel: weight<tf.Tensor2D>(`gru.${i}.recurrent_kernel`),
    bias: weight<tf.Tensor2D>(`gru.${i}.bias`),
  }));
  const embedding = weight<tf.Tensor2D>("embedding.weight");
  const table: tf.Tensor2D = tf.matMul(embedding, weight("gru.0.kernel")); // [vocabularySize, 3 · rnnUnits]
  return {
    table,
    layers,
    dense: {
      denseKernel: weight<tf.Tensor2D>("dense.kernel"),
      denseBias: weight<tf.Tensor1D>("dense.bias"),
    },
  };
}
