/**
 * Kernels of ours in tfjs' registry, and tfjs' own, which stay at hand for what ours do not do.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What stood in the registry before ours, by backend and name. */
const replaced = new Map<string, tf.KernelFunc>();

/** Puts a kernel in the place of the one of that name, or adds it where there is none. */
export function registerKernel(
  kernelName: string,
  backendName: string,
  kernelFunc: tf.KernelFunc,
): void {
  const before = tf.getKernel(kernelName, backendName) as tf.KernelConfig | undefined;
  if (before !== undefined) {
    const key = `${backendName} ${kernelName}`;
    if (!replaced.has(key)) replaced.set(key, before.kernelFunc);
    tf.unregisterKernel(kernelName, backendName);
  }
  tf.registerKernel({ ...before, kernelName, backendName, kernelFunc });
}

/**
 * tfjs' own kernel, whatever stands in its place.
 *
 * @throws {Error} If tfjs has none of this name.
 */
export function tfjsKernel(kernelName: string, backendName: string): tf.KernelFunc {
  const own = replaced.get(`${backendName} ${kernelName}`) ??
    (tf.getKernel(kernelName, backendName) as tf.KernelConfig | undefined)?.kernelFunc;
  if (own === undefined) throw new Error(`tfjs has no kernel ${kernelName} for ${backendName}`);
  return own;
}
