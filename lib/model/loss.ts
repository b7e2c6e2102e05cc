/**
 * How wrong the predictions are.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * The mean cross-entropy of the targets under the logits, in nats per character:
 * the mean of log Σ exp(logits) − logits[target], computed from the largest logit
 * down so that nothing overflows.
 *
 * @param targets token ids, int32 or float32 `[...]`
 * @param logits `[..., vocabularySize]`
 * @returns a scalar
 *
 * @example A model that knows nothing pays ln(vocabularySize)
 * ```ts
 * import { selectDevice, sparseCategoricalCrossentropy } from "folio";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const loss = sparseCategoricalCrossentropy(tf.tensor2d([[1, 2]]), tf.zeros([1, 2, 66]));
 * assert.ok(Math.abs(loss.dataSync()[0] - Math.log(66)) < 1e-6);
 * ```
 */
export function sparseCategoricalCrossentropy(
  targets: tf.Tensor,
  logits: tf.Tensor,
): tf.Scalar {
  return tf.tidy(() => {
    const vocabularySize = logits.shape[logits.shape.length - 1];
    const rows = logits.reshape([-1, vocabularySize]) as tf.Tensor2D;
    const ids = targets.toInt().flatten();
    return crossentropy(rows, ids as tf.Tensor1D);
  });
}

/** The op behind it; its gradient by the logits is (softmax − one-hot) / rows. */
function crossentropy(logits: tf.Tensor2D, ids: tf.Tensor1D): tf.Scalar {
  const op = tf.customGrad((...args) => {
    const [logits, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const [rows, vocabularySize] = logits.shape;
    const shifted = tf.sub(logits, tf.max(logits, 1, true)); // [rows, vocabularySize]
    const exponentials = tf.exp(shifted);
    const sums = tf.sum(exponentials, 1, true); // [rows, 1]
    const oneHot = tf.oneHot(ids, vocabularySize).toFloat(); // [rows, vocabularySize]
    const chosen = tf.sum(tf.mul(shifted, oneHot), 1, true); // [rows, 1]
    const gradient = tf.div(tf.sub(tf.div(exponentials, sums), oneHot), rows);
    save([gradient]);
    return {
      value: tf.mean(tf.sub(tf.log(sums), chosen)) as tf.Scalar,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0]),
    };
  });
  return op(logits) as tf.Scalar;
}

/**
 * How many characters the model hesitates between: the exponential of the loss.
 *
 * @param loss nats per character
 * @returns a number of characters, 1 for a perfect model
 *
 * @example
 * ```ts
 * import { perplexity } from "folio";
 * import assert from "node:assert/strict";
 *
 * assert.equal(Math.round(perplexity(Math.log(66))), 66);
 * ```
 */
export function perplexity(loss: number): number {
  return Math.exp(loss);
}

/**
 * How many bits a character costs when the model's predictions compress the text.
 *
 * @param loss nats per character
 * @returns bits per character
 *
 * @example
 * ```ts
 * import { bitsPerCharacter } from "folio";
 * import assert from "node:assert/strict";
 *
 * assert.equal(bitsPerCharacter(Math.LN2), 1);
 * ```
 */
export function bitsPerCharacter(loss: number): number {
  return loss / Math.LN2;
}
