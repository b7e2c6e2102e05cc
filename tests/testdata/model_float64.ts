/**
 * The whole model once more in float64: lookup, GRU layers, dense layer, cross-entropy, and the
 * gradients of them all.
 *
 * @module
 */
import { CounterRandom } from "../../lib/random.ts";
import { addOuterProduct, addProduct, addTransposedProduct } from "./float64_sums.ts";
import { type GruArrays, gruBackward, gruForward } from "./gru_float64.ts";
import { someNumbers } from "./numbers.ts";

/** The sizes of a model and of its batch. */
export interface ModelShape {
  readonly batch: number;
  readonly time: number;
  readonly vocabularySize: number;
  readonly embeddingDim: number;
  readonly units: number;
  readonly layers: number;
}

/** Weights, or their gradients, by the names that a `CharModel` has for them. */
export type Weights = Readonly<Record<string, Float64Array>>;

/** A batch of token ids and those that follow them. */
export interface Tokens {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
}

/** Weights for a model, the same every time, as large as what trained models have. */
export function someWeights(shape: ModelShape): Weights {
  const { vocabularySize, embeddingDim, units, layers } = shape;
  const weights: Record<string, Float64Array> = {};
  const add = (name: string, size: number, fanIn: number) => {
    const text = Object.keys(weights).length;
    weights[name] = someNumbers(size, { text, scale: 1.5 / Math.sqrt(fanIn) });
  };
  add("embedding.weight", vocabularySize * embeddingDim, 1);
  for (let layer = 0; layer < layers; layer++) {
    const inputDim = layer === 0 ? embeddingDim : units;
    add(`gru.${layer}.kernel`, inputDim * 3 * units, inputDim);
    add(`gru.${layer}.recurrent_kernel`, units * 3 * units, units);
    add(`gru.${layer}.bias`, 2 * 3 * units, 1);
  }
  add("dense.kernel", units * vocabularySize, units);
  add("dense.bias", vocabularySize, 1);
  return weights;
}

/**
 * Ids of all kinds but the last one, which occurs nowhere. They follow no pattern: in a sum of terms
 * that come again and again, float32 would round the same way every time.
 */
export function someTokens({ batch, time, vocabularySize }: ModelShape): Tokens {
  const from = (text: number) => {
    const random = new CounterRandom({ seed: 7, stream: 10, index: text });
    return Int32Array.from(
      { length: batch * time },
      (_, i) => random.below(i, vocabularySize - 1),
    );
  };
  return { ids: from(0), targets: from(1) };
}

/** What a model makes of a batch. */
export interface ModelResults {
  /** `[batch, time, vocabularySize]` */
  readonly logits: Float64Array;
  /** The mean over all characters, in nats. */
  readonly loss: number;
  readonly gradients: Weights;
}

/** Logits, loss, and the gradients of the loss by all weights. */
export function modelFloat64(
  shape: ModelShape,
  { weights, tokens: { ids, targets } }: { readonly weights: Weights; readonly tokens: Tokens },
): ModelResults {
  const { batch, time, vocabularySize, embeddingDim, units, layers } = shape;
  const rows = batch * time;
  const embedding = weights["embedding.weight"];
  let inputs: Float64Array = new Float64Array(rows * embeddingDim);
  ids.forEach((id, row) => {
    const looked = embedding!.subarray(id * embeddingDim, (id + 1) * embeddingDim);
    inputs.set(looked, row * embeddingDim);
  });
  const grus = Array.from({ length: layers }, (_, layer) => {
    const inputDim = layer === 0 ? embeddingDim : units;
    const gruShape = { batch, time, inputDim, units };
    const arrays: GruArrays = {
      inputs,
      initialState: new Float64Array(batch * units),
      kernel: weights[`gru.${layer}.kernel`]!,
      recurrentKernel: weights[`gru.${layer}.recurrent_kernel`]!,
      bias: weights[`gru.${layer}.bias`]!,
    };
    const states = gruForward(gruShape, arrays);
    inputs = states.hidden;
    return { gruShape, arrays, states };
  });
  const hidden = inputs;

  const gradients: Record<string, Float64Array> = {};
  const dense = { values: weights["dense.kernel"]!, columns: vocabularySize };
  const byDense = { values: new Float64Array(dense.values.length), columns: vocabularySize };
  const byDenseBias = new Float64Array(vocabularySize);
  const logits = new Float64Array(rows * vocabularySize);
  let byHidden: Float64Array = new Float64Array(hidden.length);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const state = { values: hidden.subarray(row * units, (row + 1) * units) };
    const some = logits.subarray(row * vocabularySize, (row + 1) * vocabularySize);
    some.set(weights["dense.bias"]!);
    addProduct(some, { matrix: dense, row: state });
    const largest = Math.max(...some);
    const chances = some.map((logit) => Math.exp(logit - largest));
    const sum = chances.reduce((sum, chance) => sum + chance);
    loss += (Math.log(sum) + largest - some[targets[row]!]!) / rows;
    const byLogits = chances.map((chance, id) =>
      (chance / sum - Number(id === targets[row])) / rows
    );
    byLogits.forEach((gradient, id) => byDenseBias[id]! += gradient);
    addOuterProduct(byDense, { column: state, row: byLogits });
    const part = { values: byHidden, first: row * units };
    addTransposedProduct(part, { matrix: dense, row: byLogits });
  }
  gradients["dense.kernel"] = byDense.values;
  gradients["dense.bias"] = byDenseBias;

  for (const [layer, { gruShape, arrays, states }] of [...grus.entries()].reverse()) {
    const by = gruBackward(gruShape, arrays, { weights: byHidden, states });
    gradients[`gru.${layer}.kernel`] = by.kernel;
    gradients[`gru.${layer}.recurrent_kernel`] = by.recurrentKernel;
    gradients[`gru.${layer}.bias`] = by.bias;
    byHidden = by.inputs;
  }
  const byEmbedding = new Float64Array(embedding!.length);
  byHidden.forEach((gradient, i) => {
    byEmbedding[ids[Math.floor(i / embeddingDim)]! * embeddingDim + i % embeddingDim]! += gradient;
  });
  gradients["embedding.weight"] = byEmbedding;
  return { logits, loss, gradients };
}
