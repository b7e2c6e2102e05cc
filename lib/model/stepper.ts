/**
 * Decoding one token at a time.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type CharSteps, hasCharSteps, openCharSteps, packForSteps } from "../kernels/mod.ts";
import type { CharModel } from "./char_model.ts";
import { logitRows } from "./logit_rows.ts";
import type { ModelState } from "./model_state.ts";
import { stepWeights, withStates } from "./step_weights.ts";

/** Decodes a batch one token at a time, and keeps each text's hidden state. */
export interface Stepper extends Disposable {
  /**
   * Reads one more character of each text.
   *
   * @param ids One token id for each text.
   * @returns For each text the logits of the next character, valid until the next step.
   */
  step(ids: Int32Array): Promise<Float32Array[]>;
  /** Frees the states. */
  dispose(): void;
}

/**
 * Readies a model to go on one token at a time.
 *
 * @param model The model, whose weights must stay as they are.
 * @param state Where the texts are, `[batch, rnnUnits]` for each layer; copied.
 * @returns The stepper, which its owner disposes.
 */
export function openStepper(model: CharModel, state: ModelState): Stepper {
  return hasCharSteps() ? new KernelStepper(model, state) : new ForwardStepper(model, state);
}

/** Steps by the model's own forward pass, on any device. */
export class ForwardStepper implements Stepper {
  readonly #model: CharModel;
  #state: ModelState;

  constructor(model: CharModel, state: ModelState) {
    this.#model = model;
    this.#state = state.map((layer) => layer.clone());
  }

  async step(ids: Int32Array): Promise<Float32Array[]> {
    const before = this.#state;
    const logits = tf.tidy(() => {
      const output = this.#model.forward(tf.tensor2d(ids, [ids.length, 1], "int32"), before);
      this.#state = output.state.map((layer) => tf.keep(layer));
      return output.logits; // [batch, 1, vocabularySize]
    });
    tf.dispose([...before]);
    return await takeRows(logits);
  }

  dispose(): void {
    tf.dispose([...this.#state]);
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Steps in the device's memory, past tfjs. */
export class KernelStepper implements Stepper {
  readonly #steps: CharSteps;
  readonly #own: readonly tf.Tensor[];

  constructor(model: CharModel, state: ModelState) {
    const { steps, own } = openSteps(model, state);
    this.#steps = steps;
    this.#own = own;
  }

  step(ids: Int32Array): Promise<Float32Array[]> {
    return Promise.resolve(this.#steps.step(ids));
  }

  dispose(): void {
    tf.dispose([...this.#own]);
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Opens steps, and returns the tensors made for them. */
function openSteps(model: CharModel, state: ModelState): { steps: CharSteps; own: tf.Tensor[] } {
  let steps: CharSteps;
  // In a scope, so that nothing is left behind by an error, or by a stop.
  const own = tf.tidy(() => {
    const { table, layers: weights, dense, made } = stepWeights(model);
    const own = [...made];
    const add = <T extends tf.Tensor>(tensor: T) => (own.push(tensor), tensor);
    // The kernel changes the states in place, so they must share their values with nobody.
    const states = state.map((layer): tf.Tensor2D => add(tf.add(layer, 0)));
    const batch = states[0]!.shape[0];
    const packed = (kernel: tf.Tensor, recurrent: boolean) =>
      add(packForSteps(kernel, { batch, recurrent }));
    const layers = withStates(weights, states).map((layer) => ({
      ...layer,
      ...layer.kernel && { kernel: packed(layer.kernel, false) },
      recurrentKernel: packed(layer.recurrentKernel, true),
    }));
    // Kept, so that they stay where they are when the model gets other weights.
    const [denseKernel, denseBias] = [add(dense.denseKernel.clone()), add(dense.denseBias.clone())];
    steps = openCharSteps({ table, layers, denseKernel, denseBias });
    add(steps.scratch);
    return own;
  });
  return { steps: steps!, own };
}

/** The rows of some logits, which are freed. */
async function takeRows(logits: tf.Tensor): Promise<Float32Array[]> {
  try {
    return await logitRows(logits);
  } finally {
    logits.dispose();
  }
}
