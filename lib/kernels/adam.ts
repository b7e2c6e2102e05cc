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
import { floats, replaceWasmKernel, type WasmBackend } from "./heap.ts";
import type { Simd } from "./simd.ts";

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
}

/** The kernel's name in tfjs' registry. */
export const adamStepName = "FolioAdam";

/** Does one step. */
export function adamStep(step: AdamStep): void {
  const { variable, mean, meanSquare, gradient, scale, ...numbers } = step;
  const tensors = { variable, mean, meanSquare, gradient, scale };
  tf.engine().runKernel(adamStepName, tensors, { ...numbers });
}

/** Registers the implementation in plain tfjs ops for a backend. */
export function registerPlainAdam(backendName: string): void {
  if (tf.getKernel(adamStepName, backendName)) tf.unregisterKernel(adamStepName, backendName);
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) => {
    plainAdam({ ...inputs, ...attrs } as unknown as AdamStep);
    return [];
  };
  tf.registerKernel({ kernelName: adamStepName, backendName, kernelFunc });
}

/** Registers the implementation that changes the weights in place, on WebAssembly's heap. */
export function registerHeapAdam(simd: Simd): void {
  replaceWasmKernel(adamStepName, ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const step = { ...inputs, ...attrs } as unknown as AdamStep;
    const { variable, mean, meanSquare, gradient, scale } = step;
    // A clone shares its values with the variable, and must not see them change.
    const shared = [variable, mean, meanSquare].some(({ dataId }) => backend.refCount(dataId) > 1);
    if (shared) {
      plainAdam(step);
      return [];
    }
    const addresses = [variable, mean, meanSquare, gradient]
      .map((tensor) => floats(backend, tensor).byteOffset);
    const [w, m, v, g] = addresses;
    const { rate, beta1, beta2, epsilon } = step;
    simd.adam(variable.size, w, m, v, g, floats(backend, scale)[0], rate, beta1, beta2, epsilon);
    return [];
  });
}

/** The step in plain tfjs ops; the variables get new values of their own. */
export function plainAdam(
  { variable, mean, meanSquare, gradient, scale, ...numbers }: AdamStep,
): void {
  const { rate, beta1, beta2, epsilon } = numbers;
  tf.tidy(() => {
    const g = tf.mul(gradient, scale);
    const m = tf.add(mean, tf.mul(tf.sub(g, mean), 1 - beta1));
    const v = tf.add(
      meanSquare,
      tf.mul(tf.sub(tf.square(g), meanSquare), 1 - beta2),
    );
    mean.assign(m);
    meanSquare.assign(v);
    variable.assign(
      tf.sub(variable, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon))),
    );
  });
}
