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
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { floats, type WasmBackend } from "./heap.ts";

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
  readonly epsilon: number;
}

/** Does one step: in place on WebAssembly, in plain tfjs ops elsewhere. */
export function adamStep(step: AdamStep): void {
  const backend = tf.backend() as WasmBackend;
  const changed = [step.variable, step.mean, step.meanSquare];
  // A clone shares its values with the variable, and must not see them change.
  const shared = () => changed.some(({ dataId }) => backend.refCount(dataId) > 1);
  if (tf.getBackend() === "wasm" && !shared()) inPlace(step, backend);
  else plain(step);
}

function inPlace(step: AdamStep, backend: WasmBackend): void {
  const { rate, beta1, beta2, epsilon } = step;
  const weight = floats(backend, step.variable);
  const mean = floats(backend, step.mean);
  const meanSquare = floats(backend, step.meanSquare);
  const gradient = floats(backend, step.gradient);
  const [scale] = floats(backend, step.scale);
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i] * scale;
    const m = mean[i] + (1 - beta1) * (g - mean[i]);
    const v = meanSquare[i] + (1 - beta2) * (g * g - meanSquare[i]);
    mean[i] = m;
    meanSquare[i] = v;
    weight[i] -= rate * m / (Math.sqrt(v) + epsilon);
  }
}

function plain(
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
