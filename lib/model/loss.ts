/**
 * How wrong the predictions are.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assertReady, crossentropy } from "../kernels/mod.ts";

/**
 * The mean cross-entropy of the targets under the logits, in nats per character:
 * the mean of log Σ exp(logits) − logits[target], computed from the largest logit
 * down so that nothing overflows.
 *
 * @param targets Token ids, int32 or float32 `[...]`.
 * @param logits `[..., vocabularySize]`.
 * @returns A scalar.
 * @throws {Error} If no device was selected.
 *
 * @example A model that knows nothing pays ln(vocabularySize)
 * ```ts
 * import { selectDevice, sparseCategoricalCrossentropy } from "folio";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const loss = sparseCategoricalCrossentropy(tf.tensor2d([[1, 2]]), tf.zeros([1, 2, 66]));
 * const [value = 0] = loss.dataSync();
 * assert.ok(Math.abs(value - Math.log(66)) < 1e-6);
 * ```
 */
export function sparseCategoricalCrossentropy(
  targets: tf.Tensor,
  logits: tf.Tensor,
): tf.Scalar {
  assertReady();
  return tf.tidy(() => {
    const rows = logits.reshape([-1, logits.shape.at(-1)!]) as tf.Tensor2D;
    return crossentropy({ logits: rows, ids: targets.toInt().flatten() });
  });
}

/**
 * How many characters the model hesitates between: the exponential of the loss.
 *
 * @param loss Nats per character.
 * @returns A number of characters, 1 for a perfect model.
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
 * @param loss Nats per character.
 * @returns Bits per character.
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
