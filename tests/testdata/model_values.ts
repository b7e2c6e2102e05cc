/**
 * What a model computes on the selected device, as plain numbers that can be held against those of
 * another device: logits, loss, gradients, steps of Adam, a text.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
// Not from "folio": its corpora need Node's modules, which a browser does not have.
import type { ModelConfig } from "../../lib/config.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import { sparseCategoricalCrossentropy } from "../../lib/model/loss.ts";
import { Vocabulary } from "../../lib/text/vocabulary.ts";
import { Adam } from "../../lib/training/adam.ts";
import { relativeError } from "./numbers.ts";

/** The sizes of the model and of the batch that it is given. */
export interface ValueSizes
  extends Pick<ModelConfig, "vocabularySize" | "embeddingDim" | "rnnUnits" | "layers"> {
  readonly batch: number;
  readonly length: number;
  /** How many characters are written. */
  readonly characters: number;
}

/** Lists of numbers by name. */
export type Values = Readonly<Record<string, ArrayLike<number>>>;

/** Small sizes that no tile divides. */
export const smallSizes: ValueSizes = {
  vocabularySize: 17,
  embeddingDim: 12,
  rnnUnits: 33,
  layers: 2,
  batch: 5,
  length: 9,
  characters: 40,
};

/** How many steps of training the weights are read after. */
const steps = 3;

/** Has the selected device compute everything once; it starts from the same weights everywhere. */
export async function modelValues(sizes: ValueSizes): Promise<Values> {
  const { batch, length, characters, vocabularySize } = sizes;
  const model = createCharModel({ ...sizes, embeddingScale: 0.5, seed: 3 });
  const ids = (first: number) => {
    const values = Int32Array.from(
      { length: batch * length },
      (_, i) => 1 + (first + i * 7919) % (vocabularySize - 1),
    );
    return tf.tensor2d(values, [batch, length], "int32");
  };
  const [xs, ys] = [ids(0), ids(5)];
  const values: Record<string, number[]> = {};
  const keep = async (name: string, tensor: tf.Tensor) => {
    values[name] = [...await tensor.data()];
  };

  const { logits, state } = model.forward(xs);
  await keep("logits", logits);
  tf.dispose([logits, ...state]);

  const { value, grads } = tf.variableGrads(() =>
    sparseCategoricalCrossentropy(ys, model.network.apply(xs) as tf.Tensor)
  );
  await keep("loss", value);
  for (const { name, variable } of model.weights()) {
    await keep(`gradient of ${name}`, grads[variable.name]!);
  }
  tf.dispose([value, grads]);

  // A large ε: where a gradient is next to nothing, Adam with a small one divides rounding errors
  // by each other.
  const optimizer = new Adam({ learningRate: 0.01, clipNorm: 0.1, epsilon: 1e-3 });
  model.network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
  for (let step = 1; step <= steps; step++) {
    const loss = model.network.trainStep(xs, ys);
    await keep(`loss of step ${step}`, loss);
    loss.dispose();
  }
  for (const { name, variable } of model.weights()) {
    await keep(`${name} after ${steps} steps`, variable);
  }

  const alphabet = Array.from(
    { length: vocabularySize - 1 },
    (_, i) => String.fromCodePoint(65 + i),
  );
  const writer = new OneStep(model, Vocabulary.fromText(alphabet.join("")));
  const prompts = [alphabet[0]!, alphabet[1]! + alphabet[2]!];
  const texts = await writer.generate(prompts, { length: characters, seed: 5 });
  values.texts = Array.from(texts.join(""), (character) => character.codePointAt(0)!);

  tf.dispose([xs, ys]);
  optimizer.dispose();
  model.dispose();
  return values;
}

/** Which values lie furthest from those expected, by {@linkcode relativeError}, and how far. */
export function furthest(actual: Values, expected: Values): { name: string; error: number } {
  const errors = Object.entries(expected).map(([name, numbers]) => {
    const error = relativeError(actual[name] ?? [], numbers);
    return { name, error: Number.isNaN(error) ? Infinity : error };
  });
  return errors.reduce((worst, next) => next.error > worst.error ? next : worst);
}
