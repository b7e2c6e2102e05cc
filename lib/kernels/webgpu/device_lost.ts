/**
 * When a device is gone.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * Waits until the device of the current backend is gone, as a GPU may be when its driver is reset.
 *
 * @returns The reason, in the words of the driver; for a CPU it never comes.
 */
export async function deviceLost(): Promise<string> {
  const { device } = tf.backend() as tf.KernelBackend & { readonly device?: GPUDevice };
  if (device === undefined) return await new Promise<string>(() => {});
  const { reason, message } = await device.lost;
  return message || reason;
}
