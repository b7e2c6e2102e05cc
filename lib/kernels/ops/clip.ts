/**
 * What gradients are multiplied by, so that they are no longer than they may be:
 *
 * ```text
 * scale = min(1, clipNorm / √(Σ g²))      over all numbers g of all gradients
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The kernel's name in tfjs' registry. */
export const clipScaleName = "FolioClipScale";

/** Keeps the division from zero where all gradients are. */
export const smallestNorm = 1e-12;

/**
 * Computes the scale on the device.
 *
 * @param gradients The gradients that are clipped together.
 * @param clipNorm The largest norm they may have.
 * @returns A scalar.
 */
export function clipScale(gradients: readonly tf.Tensor[], clipNorm: number): tf.Scalar {
  const inputs = Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient]));
  return tf.engine().runKernel(clipScaleName, inputs, { clipNorm }) as tf.Scalar;
}
