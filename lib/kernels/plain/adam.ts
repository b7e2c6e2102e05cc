/**
 * A step of Adam in plain tfjs ops.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type AdamStep, adamStepName } from "../ops/adam.ts";
import { registerKernel } from "../ops/register_kernel.ts";

/** Registers it for a backend. */
export function registerPlainAdam(backendName: string): void {
  registerKernel(adamStepName, backendName, ({ inputs, attrs }) => {
    plainAdam({ ...inputs, ...attrs } as unknown as Required<AdamStep>);
    return [];
  });
}

/** The step in plain tfjs ops; the variables get new values of their own. */
export function plainAdam(
  { variable, mean, meanSquare, gradient, scale, progress, ...numbers }: Required<AdamStep>,
): void {
  const { rate, beta1, beta2, epsilon } = numbers;
  if (progress.done > 0) return;
  tf.tidy(() => {
    progress.values ??= newValues();
    [variable, mean, meanSquare].forEach((target, i) => assign(target, progress.values![i]!));
    progress.done = variable.size;
  });

  function newValues(): tf.Tensor[] {
    const g = tf.mul(gradient, scale);
    const m = tf.add(mean, tf.mul(tf.sub(g, mean), 1 - beta1));
    const v = tf.add(
      meanSquare,
      tf.mul(tf.sub(tf.square(g), meanSquare), 1 - beta2),
    );
    return [tf.sub(variable, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon))), m, v];
  }
}

/**
 * Gives the variable and its moments values of their own, the same ones, where a clone shares them:
 * the clone must not see them change in place.
 *
 * @param step What will change them.
 * @param options.isShared Whether a tensor shares its values.
 * @param options.copy Copies a tensor.
 */
export function unshare(
  { variable, mean, meanSquare, progress }: Required<AdamStep>,
  { isShared, copy }: {
    isShared(tensor: tf.Tensor): boolean;
    copy(tensor: tf.Tensor): tf.TensorInfo;
  },
): void {
  if (progress.isUnshared) return;
  const targets = [variable, mean, meanSquare];
  tf.tidy(() => {
    progress.copies ??= targets.map((target) =>
      isShared(target) ? tf.engine().makeTensorFromTensorInfo(copy(target)) : null
    );
    targets.forEach((target, i) => {
      const copy = progress.copies![i];
      if (copy) assign(target, copy);
    });
    progress.isUnshared = true;
  });
}

/** Assigns a value, unless that was done before; a stop may have fallen into the middle of it. */
function assign(variable: tf.Variable, value: tf.Tensor): void {
  if (variable.dataId !== value.dataId) return variable.assign(value);
  const isCounted = tf.backend().refCount(value.dataId) > 1;
  const engine = tf.engine() as unknown as {
    incRef(variable: tf.Variable, backend: null): void;
  };
  if (!isCounted) engine.incRef(variable, null);
}
