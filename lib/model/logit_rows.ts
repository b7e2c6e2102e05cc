import type * as tf from "@tensorflow/tfjs";

/**
 * Reads logits off the device.
 *
 * @param logits `[batch, …, vocabularySize]`, of one position for each text; they stay the caller's.
 * @returns The logits of each text, which share one array.
 */
export async function logitRows(logits: tf.Tensor): Promise<Float32Array[]> {
  const [batch = 0] = logits.shape;
  const values = await logits.data<"float32">();
  const size = values.length / batch;
  return Array.from({ length: batch }, (_, i) => values.subarray(i * size, (i + 1) * size));
}
