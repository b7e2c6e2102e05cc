/**
 * A model's weights as plain arrays under the names that they have in files.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ModelConfig } from "../config.ts";
import type { NamedWeight } from "./model_state.ts";
import type { TensorRecord } from "../files/safetensors.ts";

/** The shape of each weight by its name. */
export type WeightShapes = ReadonlyMap<string, readonly number[]>;

/**
 * The names and shapes of a model's weights, known before there is a model.
 *
 * @param config The sizes of the model.
 * @returns The shapes in the order of `CharModel.weights()`.
 */
export function weightShapes(config: ModelConfig): WeightShapes {
  const { vocabularySize, embeddingDim, rnnUnits, layers } = config;
  const shapes = new Map<string, readonly number[]>();
  shapes.set("embedding.weight", [vocabularySize, embeddingDim]);
  for (let layer = 0; layer < layers; layer++) {
    const inputs = layer === 0 ? embeddingDim : rnnUnits;
    shapes.set(`gru.${layer}.kernel`, [inputs, 3 * rnnUnits]);
    shapes.set(`gru.${layer}.recurrent_kernel`, [rnnUnits, 3 * rnnUnits]);
    shapes.set(`gru.${layer}.bias`, [2, 3 * rnnUnits]);
  }
  shapes.set("dense.kernel", [rnnUnits, vocabularySize]);
  shapes.set("dense.bias", [vocabularySize]);
  return shapes;
}

/** How many numbers all weights of a model have together. */
export function parameterCount(config: ModelConfig): number {
  const sizes = [...weightShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b));
  return sizes.reduce((sum, size) => sum + size);
}

/**
 * Reads the weights off the device.
 *
 * @param weights The weights of a model.
 * @returns Their numbers. On some devices they share the weights' memory: use
 * them before the next training step.
 */
export function weightsToRecords(
  weights: readonly NamedWeight[],
): Promise<TensorRecord[]> {
  return Promise.all(
    weights.map(({ name, variable }) => tensorToRecord(name, variable)),
  );
}

/**
 * Reads one tensor off the device.
 *
 * @param name The name that it gets.
 * @param tensor A tensor of float32 or int32; it stays the caller's.
 * @returns Its numbers.
 * @throws {TypeError} If it is of another type.
 */
export async function tensorToRecord(
  name: string,
  tensor: tf.Tensor,
): Promise<TensorRecord> {
  const { shape, dtype } = tensor;
  if (dtype !== "float32" && dtype !== "int32") {
    throw new TypeError(`Cannot save "${name}": it is of type ${dtype}`);
  }
  const data = await tensor.data() as Float32Array | Int32Array;
  return { name, dtype: dtype === "float32" ? "F32" : "I32", shape, data };
}

/**
 * Makes sure that all weights are numbers.
 *
 * @param records The weights.
 * @param what What cannot be done with others, such as "save the model".
 * @throws {Error} If one is NaN or infinite; it is named.
 */
export function requireFinite(records: Iterable<TensorRecord>, what: string): void {
  for (const { name, data } of records) {
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new Error(
        `Cannot ${what}: number ${wrong} of the weight "${name}" is ${data[wrong]}. Training has ` +
          "diverged: go back to a checkpoint from before, and learn slower",
      );
    }
  }
}

/**
 * Makes a tensor of a record's numbers.
 *
 * @param record The record; the tensor does not share its memory.
 * @returns The tensor, which the caller disposes.
 */
export function recordToTensor(
  { dtype, shape, data }: TensorRecord,
): tf.Tensor {
  const type = dtype === "F32" ? "float32" : "int32";
  return tf.tensor(data.slice(), [...shape], type);
}

/**
 * Checks that tensors are the weights of a model: these and no others.
 *
 * @param shapes What the model needs.
 * @param tensors What there is.
 * @throws {Error} If one is missing, too many, or of another shape or type.
 */
export function checkWeights(
  shapes: WeightShapes,
  tensors: ReadonlyMap<string, TensorRecord>,
): void {
  const refuse = (name: string, why: string) =>
    new Error(`Cannot load the weight "${name}": ${why}`);
  for (const [name, shape] of shapes) {
    const found = tensors.get(name);
    const needs = `the model needs [${shape.join(", ")}]`;
    if (found === undefined) throw refuse(name, `it is missing, ${needs}`);
    if (found.dtype !== "F32") throw refuse(name, `${found.dtype} is not F32`);
    if (found.shape.join() !== shape.join()) {
      throw refuse(name, `it is [${found.shape.join(", ")}], ${needs}`);
    }
  }
  for (const name of tensors.keys()) {
    if (!shapes.has(name)) {
      throw refuse(name, "the model has none of this name");
    }
  }
}

/**
 * Gives a model the weights of a file. All names and shapes are checked before
 * the first weight changes.
 *
 * @param weights The weights of the model.
 * @param tensors The tensors of the file.
 * @throws {Error} If one is missing, too many, or of another shape or type.
 */
export function assignWeights(
  weights: readonly NamedWeight[],
  tensors: ReadonlyMap<string, TensorRecord>,
): void {
  const shapes = new Map(weights.map((w) => [w.name, w.variable.shape]));
  checkWeights(shapes, tensors);
  for (const { name, variable } of weights) {
    tf.tidy(() => variable.assign(recordToTensor(tensors.get(name)!)));
  }
}
