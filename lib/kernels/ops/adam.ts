/**
 * One step of the Adam optimizer on one weight.
 *
 * With g the gradient, t the step from 1 and η the learning rate:
 *
 * ```text
 * m ← β₁·m + (1 − β₁)·g
 * v ← β₂·v + (1 − β₂)·g²
 * w ← w − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)
 * ```
 *
 * Source: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, in the form just before
 * its section 2.1, where ε stands outside the bias correction; it is Keras' form.
 * PyTorch's, w ← w − η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ), is the
 * same step with ε·√(1 − β₂ᵗ) for ε.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What one step reads, and what it changes. */
export interface AdamStep {
  /** The weight; it is changed. */
  readonly variable: tf.Variable;
  /** The running mean of the gradient; it is changed. */
  readonly mean: tf.Variable;
  /** The running mean of the squared gradient; it is changed. */
  readonly meanSquare: tf.Variable;
  readonly gradient: tf.Tensor;
  /** What the gradient is multiplied by first, a scalar. */
  readonly scale: tf.Scalar;
  /** η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) */
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** ε in Keras' form; for PyTorch's form, its ε times √(1 − β₂ᵗ). */
  readonly epsilon: number;
  /** How far the step has come; default nowhere. */
  readonly progress?: AdamProgress;
}

/**
 * How far a step on one weight has come. A step that is stopped anywhere can be done again from its
 * progress, to the same bits, as long as the tensors it reads are there.
 */
export interface AdamProgress {
  /** How many numbers have their new values; WebGPU, which is told all at once, does not count. */
  done: number;
  /** On the heap: where the numbers begin whose old values are in the undo buffer; −1 for none. */
  saved: number;
  /** On WebGPU: the commands that the dispatch is among, and whether the device will never get them. */
  recordedIn?: { readonly isLost: boolean };
  /** On WebGPU: the commands that the copies are among. */
  copiedIn?: { readonly isLost: boolean };
  /** In plain ops: the new values of variable, mean and mean square. */
  values?: readonly tf.Tensor[];
  /** In place: whether no clone shares its values with these three any more, and their copies. */
  isUnshared: boolean;
  copies?: readonly (tf.Tensor | null)[];
}

/** The progress of a step that has not begun. */
export function noProgress(): AdamProgress {
  return { done: 0, saved: -1, isUnshared: false };
}

/** The kernel's name in tfjs' registry. */
export const adamStepName = "FolioAdam";

/** Does one step. */
export function adamStep(step: AdamStep): void {
  const { variable, mean, meanSquare, gradient, scale, progress = noProgress(), ...numbers } = step;
  const tensors = { variable, mean, meanSquare, gradient, scale };
  tf.engine().runKernel(adamStepName, tensors, { ...numbers, progress: progress as never });
}
