/**
 * A step of Adam in plain tfjs ops.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type AdamStep, adamStepName } from "../ops/adam.ts";
import { registerPlainKernel } from "./register.ts";

/** Registers it for a backend. */
export function registerPlainAdam(backendName: string): void {
  registerPlainKernel(adamStepName, backendName, ({ inputs, attrs }) => {
    plainAdam({ ...inputs, ...attrs } as unknown as AdamStep);
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
