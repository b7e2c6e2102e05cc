/**
 * The cross-entropy of logits in plain tfjs ops.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  crossentropyBackward,
  crossentropyForward,
  type CrossentropyInputs,
} from "../ops/crossentropy.ts";
import { registerKernel } from "../ops/register_kernel.ts";

/** Registers it for a backend. */
export function registerPlainCrossentropy(backendName: string): void {
  const kernels = [[crossentropyForward, plainForward], [
    crossentropyBackward,
    plainBackward,
  ]] as const;
  for (const [kernelName, run] of kernels) {
    registerKernel(
      kernelName,
      backendName,
      ({ inputs }) => tf.tidy(() => run(inputs as never)) as tf.TensorInfo | tf.TensorInfo[],
    );
  }
}

function plainForward({ logits, ids }: CrossentropyInputs): tf.Tensor[] {
  const [rows, vocabularySize] = logits.shape;
  const shifted = tf.sub(logits, tf.max(logits, 1, true)); // [rows, vocabularySize]
  const exponentials = tf.exp(shifted);
  const sums = tf.sum(exponentials, 1, true); // [rows, 1]
  const oneHot = tf.oneHot(ids, vocabularySize).toFloat(); // [rows, vocabularySize]
  const chosen = tf.sum(tf.mul(shifted, oneHot), 1, true); // [rows, 1]
  const gradient = tf.div(tf.sub(tf.div(exponentials, sums), oneHot), rows);
  return [tf.mean(tf.sub(tf.log(sums), chosen)), gradient];
}

function plainBackward(
  { dy, gradient }: { readonly dy: tf.Scalar; readonly gradient: tf.Tensor2D },
): tf.Tensor {
  return tf.mul(dy, gradient);
}
