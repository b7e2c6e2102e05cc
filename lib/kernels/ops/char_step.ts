/**
 * One character for each text: what writing does a thousand times.
 *
 * A step reads every recurrent weight once, 12 MB at the tutorial's size, and does
 * little with it: it is as fast as memory, if nothing else is done. So the first
 * layer's input projection is looked up in a table of one row for each token,
 * embedding · kernel + bias, made once; and the states are changed in place.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The weights of one GRU layer, and where each text has come in it. */
export interface StepLayer {
  /** `[rnnUnits, 3 · rnnUnits]`, or packed; the first layer has the table instead. */
  readonly kernel?: tf.Tensor | undefined;
  /** `[3 · rnnUnits]`; the first layer has the table instead. */
  readonly inputBias?: tf.Tensor1D | undefined;
  /** `[rnnUnits, 3 · rnnUnits]`, or packed */
  readonly recurrentKernel: tf.Tensor;
  /** `[3 · rnnUnits]` */
  readonly recurrentBias: tf.Tensor1D;
  /** `[batch, rnnUnits]` */
  readonly state: tf.Tensor2D;
}

/** The tensors of all layers as a kernel's inputs: the first layer's `kernel` is `kernel0`. */
export function numbered(layers: readonly StepLayer[]): Record<string, tf.Tensor> {
  return Object.fromEntries(
    layers.flatMap((layer, i) =>
      Object.entries(layer).map(([name, tensor]) => [`${name}${i}`, tensor])
    ),
  );
}

/** What steps work with; it stays the caller's, and as it is but for the states. */
export interface CharStepWeights {
  /** `[vocabularySize, 3 · rnnUnits]`: embedding · kernel + bias of the first layer. */
  readonly table: tf.Tensor2D;
  /** Both their kernels are packed, by {@linkcode packForSteps}. */
  readonly layers: readonly StepLayer[];
  /** `[rnnUnits, vocabularySize]` */
  readonly denseKernel: tf.Tensor2D;
  /** `[vocabularySize]` */
  readonly denseBias: tf.Tensor1D;
}

/** Steps of some texts. */
export interface CharSteps {
  /**
   * Reads one character of each text.
   *
   * @param ids The characters.
   * @returns For each text the logits of the next, which the next step overwrites.
   */
  step(ids: Int32Array): Float32Array[];
  /** What it made for itself, for the caller to dispose. */
  readonly scratch: tf.Tensor;
}

/** The kernel's name in tfjs' registry. */
export const packKernelName = "FolioPackForSteps";

/** What opens steps on a backend, by its name. */
const openers = new Map<string, (weights: CharStepWeights) => CharSteps>();

/** Makes `open` what opens steps on a backend. */
export function registerCharSteps(
  backendName: string,
  open: (weights: CharStepWeights) => CharSteps,
): void {
  openers.set(backendName, open);
}

/** Whether the current backend has steps. */
export function hasCharSteps(): boolean {
  return openers.has(tf.getBackend());
}

/** Readies the current backend for many steps. */
export function openCharSteps(weights: CharStepWeights): CharSteps {
  return openers.get(tf.getBackend())!(weights);
}

/**
 * Lays a kernel `[rnnUnits, 3 · rnnUnits]` out so that the states of `batch` texts are multiplied
 * by it fast.
 *
 * @param options.recurrent Whether it is the recurrent kernel.
 * @returns Its numbers in the order that {@linkcode CharSteps.step} reads them in.
 */
export function packForSteps(
  kernel: tf.Tensor,
  options: { readonly batch: number; readonly recurrent: boolean },
): tf.Tensor {
  return tf.engine().runKernel(packKernelName, { kernel }, options) as tf.Tensor;
}
