/**
 * Registering kernels made of tfjs' own ops.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Puts a kernel into tfjs' registry for a backend, in the place of one of that name. */
export function registerPlainKernel(
  kernelName: string,
  backendName: string,
  kernelFunc: tf.KernelFunc,
): void {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc });
}
