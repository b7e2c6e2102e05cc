/**
 * A model's weights as writing needs them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { StepLayer } from "../kernels/mod.ts";
import type { CharModel } from "./char_model.ts";
import type { ModelState } from "./model_state.ts";

/** The weights that take one character at a time. */
export interface StepWeights {
  /** `[vocabularySize, 3 · rnnUnits]`: embedding · kernel + bias of the first layer. */
  readonly table: tf.Tensor2D;
  readonly layers: readonly Omit<StepLayer, "state">[];
  readonly dense: { readonly denseKernel: tf.Tensor2D; readonly denseBias: tf.Tensor1D };
  /** What was made of the weights, for the caller to dispose; the weights stay the model's. */
  readonly made: readonly tf.Tensor[];
}

/** Gathers them. */
export function stepWeights(model: CharModel): StepWeights {
  const weights = new Map(model.weights().map(({ name, variable }) => [name, variable]));
  const weight = <T extends tf.Tensor>(name: string) => weights.get(name) as tf.Tensor as T;
  const biases = Array.from(
    { length: model.config.layers },
    (_, i) => tf.unstack(weight(`gru.${i}.bias`)) as [tf.Tensor1D, tf.Tensor1D],
  );
  const layers = biases.map(([inputBias, recurrentBias], i) => ({
    ...i === 0 ? {} : { kernel: weight<tf.Tensor2D>(`gru.${i}.kernel`), inputBias },
    recurrentKernel: weight<tf.Tensor2D>(`gru.${i}.recurrent_kernel`),
    recurrentBias,
  }));
  const table = tf.fused.matMul({
    a: weight<tf.Tensor2D>("embedding.weight"),
    b: weight<tf.Tensor2D>("gru.0.kernel"),
    bias: biases[0]![0],
  }) as tf.Tensor2D;
  return {
    table,
    layers,
    dense: { denseKernel: weight("dense.kernel"), denseBias: weight("dense.bias") },
    made: [table, ...biases.flat()],
  };
}

/** The layers with a state for each. */
export function withStates(
  layers: StepWeights["layers"],
  states: ModelState,
): readonly StepLayer[] {
  return layers.map((layer, i) => ({ ...layer, state: states[i]! }));
}
