/**
 * The cross-entropy of logits: the op, and the implementation in plain tfjs ops that runs
 * on every device.
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
import { floats, integers, replaceWasmKernel, type WasmBackend } from "./heap.ts";
import { checkRows } from "./lookup.ts";
import type { Simd } from "./simd.ts";

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
    const [loss, ...saved] = engine.runKernel(crossentropyForward, {
      logits,
      ids,
    }) as unknown as tf.Tensor[];
    save([logits, ids, ...saved]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, [logits, ids, gradient]: tf.Tensor[]) => {
        const inputs = { logits, ids, dy, ...gradient && { gradient } };
        return engine.runKernel(crossentropyBackward, inputs) as tf.Tensor;
      },
    };
  });
  return op(logits) as tf.Scalar;
}

/** Registers the plain implementation below for a backend. */
export function registerPlainCrossentropy(backendName: string): void {
  const kernels = [[crossentropyForward, plainForward], [
    crossentropyBackward,
    plainBackward,
  ]] as const;
  for (const [kernelName, run] of kernels) {
    if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
    const kernelFunc: tf.KernelFunc = ({ inputs }) =>
      tf.tidy(() => run(inputs as never)) as tf.TensorInfo | tf.TensorInfo[];
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}

/**
 * Registers the forward kernel for WebAssembly's heap; what it saves is the gradient, which
 * the plain backward kernel multiplies by dy.
 */
export function registerHeapCrossentropy(simd: Simd): void {
  replaceWasmKernel(crossentropyForward, ({ inputs, backend: any }) => {
    const backend = any as WasmBackend;
    const { logits, ids } = inputs as unknown as CrossentropyInputs;
    const [rows, vocabularySize] = logits.shape;
    // Before anything is made that an error would leave behind.
    checkRows(integers(backend, ids), vocabularySize);
    const loss = backend.makeOutput([], "float32");
    const gradient = backend.makeOutput(logits.shape, "float32");
    const scratch = backend.makeOutput([2, rows], "float32");
    // The heap has all it needs now: from here on its views stay valid.
    const { byteOffset: targets } = integers(backend, ids);
    const sums = floats(backend, scratch);
    const chosen = sums.subarray(rows);
    // deno-fmt-ignore
    simd.crossentropy(
      rows, vocabularySize, floats(backend, logits).byteOffset, targets, 1 / rows,
      sums.byteOffset, chosen.byteOffset, floats(backend, gradient).byteOffset,
    );
    let total = 0;
    for (let i = 0; i < rows; i++) total += Math.log(sums[i]) - chosen[i];
    floats(backend, loss)[0] = total / rows;
    backend.disposeData(scratch.dataId);
    return [loss, gradient];
  });
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
