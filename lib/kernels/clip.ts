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
 * @param gradients the gradients that are clipped together
 * @param clipNorm the largest norm they may have
 * @returns a scalar
 */
export function clipScale(gradients: readonly tf.Tensor[], clipNorm: number): tf.Scalar {
  const inputs = Object.fromEntries(gradients.map((gradient, i) => [`gradient${i}`, gradient]));
  return tf.engine().runKernel(clipScaleName, inputs, { clipNorm }) as tf.Scalar;
}

/** Registers the implementation in plain tfjs ops for a backend. */
export function registerPlainClipScale(backendName: string): void {
  if (tf.getKernel(clipScaleName, backendName)) tf.unregisterKernel(clipScaleName, backendName);
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) => {
    const { clipNorm } = attrs as { clipNorm: number };
    return tf.tidy(() => {
      const gradients = Object.values(inputs) as unknown as tf.Tensor[];
      const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
      const norm = tf.sqrt(tf.addN(squares));
      return tf.minimum(1, tf.div(clipNorm, tf.maximum(norm, smallestNorm)));
    });
  };
  tf.registerKernel({ kernelName: clipScaleName, backendName, kernelFunc });
}
