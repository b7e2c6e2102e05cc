/**
 * The scale of clipped gradients in plain tfjs ops.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { clipScaleName, smallestNorm } from "../ops/clip.ts";
import { registerKernel } from "../ops/register_kernel.ts";

/** Registers it for a backend. */
export function registerPlainClipScale(backendName: string): void {
  registerKernel(clipScaleName, backendName, ({ inputs, attrs }) => {
    const { clipNorm } = attrs as { clipNorm: number };
    return tf.tidy(() => {
      const gradients = Object.values(inputs) as unknown as tf.Tensor[];
      const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
      const norm = tf.sqrt(tf.addN(squares));
      return tf.minimum(1, tf.div(clipNorm, tf.maximum(norm, smallestNorm)));
    });
  });
}
