/**
 * An optimizer's state as plain arrays: its step count and what it remembers of
 * each weight.
 *
 * tfjs names that state after its variables, "gru/kernel/mean", and numbers the
 * variables of a second model, "gru/kernel_1/mean". In a file it is named after
 * the weights, "gru.0.kernel/mean", so that any model of the shape can go on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { NamedWeight } from "../model/model_state.ts";
import type { TensorRecord } from "../files/safetensors.ts";
import { recordToTensor, tensorToRecord } from "../model/weights.ts";

/** What an optimizer remembers, and of what. */
export interface OptimizerState {
  /** In the order in which they were read. */
  readonly records: readonly TensorRecord[];
  readonly weights: readonly NamedWeight[];
}

/**
 * Reads the state of an optimizer off the device.
 *
 * @param optimizer The optimizer.
 * @param weights The weights that it trains.
 * @returns The state in the optimizer's own order, the step count "iter" first.
 */
export async function optimizerToRecords(
  optimizer: tf.Optimizer,
  weights: readonly NamedWeight[],
): Promise<TensorRecord[]> {
  const renames = weights.map(({ name, variable }) => [variable.name, name] as const);
  const state = await optimizer.getWeights();
  try {
    return await Promise.all(
      state.map(({ name, tensor }) => tensorToRecord(renameState(name, renames), tensor)),
    );
  } finally {
    // The step count is a tensor made for us; the rest is the optimizer's.
    for (const { tensor } of state) {
      if (!(tensor instanceof tf.Variable)) tensor.dispose();
    }
  }
}

/**
 * Gives an optimizer the state of a file. Names and shapes are checked first.
 *
 * @param optimizer The optimizer, of the class that the state was read from.
 * @param state The state, and the weights that the optimizer shall train.
 * @throws {Error} If the state is not one of these weights.
 */
export async function assignOptimizer(
  optimizer: tf.Optimizer,
  { records, weights }: OptimizerState,
): Promise<void> {
  checkState({ records, weights });
  const renames = weights.map(({ name, variable }) => [name, variable.name] as const);
  const state = records.map((record) => ({
    name: renameState(record.name, renames),
    tensor: recordToTensor(record),
  }));
  try {
    await optimizer.setWeights(state);
  } finally {
    tf.dispose(state.map(({ tensor }) => tensor));
  }
}

function checkState({ records, weights }: OptimizerState): void {
  const [count] = records;
  if (count?.name !== "iter" || count.dtype !== "I32" || count.shape.length > 0) {
    throw new Error('Cannot restore the optimizer: its step count "iter" is not first');
  }
  for (const { name, shape } of records.slice(1)) {
    const weight = weights.find((weight) => name.startsWith(`${weight.name}/`));
    if (weight === undefined) {
      throw new Error(
        `Cannot restore the optimizer: "${name}" belongs to no weight of the model`,
      );
    }
    const needed = weight.variable.shape;
    if (shape.join() !== needed.join()) {
      throw new Error(
        `Cannot restore the optimizer: "${name}" is [${shape.join(", ")}], ` +
          `the weight [${needed.join(", ")}]`,
      );
    }
  }
}

/** Puts another name before the slash that the variable's name ends at. */
function renameState(
  name: string,
  renames: readonly (readonly [from: string, to: string])[],
): string {
  for (const [from, to] of renames) {
    if (name.startsWith(`${from}/`)) return to + name.slice(from.length);
  }
  return name;
}
