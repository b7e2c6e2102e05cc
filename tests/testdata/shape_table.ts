/**
 * The odd shapes that models are tested in, what the float64 reference gives for each, and how far
 * a device lies from it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { createCharModel, sparseCategoricalCrossentropy } from "folio";
import {
  modelFloat64,
  type ModelShape,
  someTokens,
  someWeights,
  type Tokens,
  type Weights,
} from "./model_float64.ts";
import { furthest, type Values } from "./model_values.ts";

/** All of them: 72. */
export const shapes: readonly ModelShape[] = [1, 3, 64].flatMap((batch) =>
  [1, 2, 101].flatMap((time) =>
    [1, 7, 64, 200].flatMap((units) =>
      [1, 2].map((layers) => ({ batch, time, units, layers, vocabularySize: 11, embeddingDim: 5 }))
    )
  )
);

/** What a model is given, and what must come out. */
interface Reference {
  readonly weights: Weights;
  readonly tokens: Tokens;
  readonly values: Values;
}

const references = new Map<ModelShape, Reference>();

/** The reference of one of the {@linkcode shapes}; each is worked out once, for all devices. */
function referenceOf(shape: ModelShape): Reference {
  let reference = references.get(shape);
  if (reference === undefined) {
    const [weights, tokens] = [someWeights(shape), someTokens(shape)];
    const { logits, loss, gradients } = modelFloat64(shape, { weights, tokens });
    reference = { weights, tokens, values: { logits, loss: [loss], ...gradients } };
    references.set(shape, reference);
  }
  return reference;
}

/**
 * Has the selected device compute logits, loss and all gradients in one of the {@linkcode shapes}.
 *
 * @returns which of them lies furthest from the reference, and how far
 * @throws {Error} if tensors are left behind
 */
export async function furthestAt(shape: ModelShape): Promise<{ name: string; error: number }> {
  const { batch, time, units: rnnUnits, layers, vocabularySize, embeddingDim } = shape;
  const { weights, tokens, values: expected } = referenceOf(shape);
  const sizes = { vocabularySize, embeddingDim, rnnUnits, layers, embeddingScale: 1, seed: 0 };
  const before = tf.memory().numTensors;
  const model = createCharModel(sizes, { initialize: false });
  for (const { name, variable } of model.weights()) {
    const tensor = tf.tensor(Float32Array.from(weights[name]!), variable.shape);
    variable.assign(tensor);
    tensor.dispose();
  }
  const [xs, ys] = [tokens.ids, tokens.targets].map((ids) =>
    tf.tensor2d(ids, [batch, time], "int32")
  );
  let logits: tf.Tensor | undefined;
  const { value, grads } = tf.variableGrads(() => {
    logits = tf.keep(model.network.apply(xs!) as tf.Tensor);
    return sparseCategoricalCrossentropy(ys!, logits);
  });
  const values: Record<string, ArrayLike<number>> = {
    logits: await logits!.data(),
    loss: await value.data(),
  };
  for (const { name, variable } of model.weights()) {
    values[name] = await grads[variable.name]!.data();
  }
  tf.dispose([logits!, value, grads, xs, ys]);
  model.dispose();
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`${left} tensors are left behind`);
  return furthest(values, expected);
}
