/**
 * The cross-entropy of logits: the op.
 *
 * With x the logits of a row, i its target and N the number of rows:
 *
 * ```text
 * loss = 1/N · Σ (log Σⱼ exp(xⱼ) − xᵢ)
 * gradient by xⱼ = 1/N · (exp(xⱼ) / Σₗ exp(xₗ) − [j = i])
 * ```
 *
 * The largest logit of a row is taken off all of them first, which changes nothing but
 * that nothing overflows.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The kernel of the loss: logits and ids → the loss and what its gradient needs. */
export const crossentropyForward = "FolioCrossentropy";
/** The kernel of the gradient: logits, ids, what was saved and dy → gradient by the logits. */
export const crossentropyBackward = "FolioCrossentropyGrad";

/** What both kernels read. */
export interface CrossentropyInputs {
  /** `[rows, vocabularySize]` */
  readonly logits: tf.Tensor2D;
  /** The target of each row, int32 `[rows]`. */
  readonly ids: tf.Tensor1D;
}

/** What the gradient's kernel reads besides. */
export interface CrossentropyGradientInputs extends CrossentropyInputs {
  /** The gradient by the loss, a scalar. */
  readonly dy: tf.Scalar;
}

/** The mean cross-entropy over all rows, with a gradient of its own. */
export function crossentropy({ logits, ids }: CrossentropyInputs): tf.Scalar {
  const engine = tf.engine();
  const op = tf.customGrad((...args) => {
    const [logits, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const [loss, ...saved] = engine.runKernel(crossentropyForward, { logits, ids }) as unknown as [
      tf.Tensor,
      ...tf.Tensor[],
    ];
    save([logits, ids, ...saved]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, values: tf.Tensor[]) => {
        const [logits, ids, gradient] = values as [tf.Tensor, tf.Tensor, tf.Tensor?];
        const inputs = { logits, ids, dy, ...gradient && { gradient } };
        return engine.runKernel(crossentropyBackward, inputs) as tf.Tensor;
      },
    };
  });
  return op(logits) as tf.Scalar;
}
