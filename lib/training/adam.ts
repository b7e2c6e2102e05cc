/**
 * The Adam optimizer.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { adamStep } from "../kernels/adam.ts";
import type { LearningRateSchedule } from "./schedule.ts";

/** A tensor and its name, as optimizers save them; tfjs does not export the type. */
export type NamedTensor = Awaited<
  ReturnType<tf.Optimizer["getWeights"]>
>[number];

/** The numbers of {@linkcode Adam}. */
export interface AdamOptions {
  /** A number, or a function of the step, counted from 0; default 0.001. */
  readonly learningRate?: number | LearningRateSchedule;
  /** How slowly the mean of the gradient moves; default 0.9. */
  readonly beta1?: number;
  /** How slowly the mean of its square moves; default 0.999. */
  readonly beta2?: number;
  /** What keeps the division from zero; default 1e-7. */
  readonly epsilon?: number;
  /** The largest norm all gradients may have together; null, the default, for none. */
  readonly clipNorm?: number | null;
}

interface Moments {
  readonly mean: tf.Variable;
  readonly meanSquare: tf.Variable;
}

/**
 * Adam in Keras' form, ε outside the bias correction, which is where tfjs' own
 * and PyTorch's differ from it by tenths of a nat within ten steps of our model.
 *
 * Source: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980.
 *
 * @example One step down a slope
 * ```ts
 * import { Adam, selectDevice } from "folio";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const x = tf.variable(tf.scalar(1));
 * new Adam({ learningRate: 0.1 }).minimize(() => tf.square(x), false, [x]);
 * assert.ok(Math.abs(x.dataSync()[0] - 0.9) < 1e-6);
 * ```
 */
export class Adam extends tf.Optimizer {
  /** tfjs' name for the class. */
  static className = "FolioAdam";
  readonly #options: Required<AdamOptions>;
  readonly #moments = new Map<string, Moments>();

  constructor(options: AdamOptions = {}) {
    super();
    const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
    this.#options = {
      learningRate,
      beta1,
      beta2,
      epsilon,
      clipNorm: options.clipNorm ?? null,
    };
  }

  /** The learning rate of the next step. */
  get learningRate(): number {
    const { learningRate } = this.#options;
    return typeof learningRate === "number" ? learningRate : learningRate(this.iterations);
  }

  override applyGradients(
    gradients: tf.NamedTensorMap | NamedTensor[],
  ): void {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const { beta1, beta2, epsilon, clipNorm } = this.#options;
    const learningRate = this.learningRate;
    this.incrementIterations();
    const t = this.iterations;
    const rate = learningRate * Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t);
    const variables = tf.engine().registeredVariables;
    tf.tidy(() => {
      const scale = clipScale(named.map(({ tensor }) => tensor), clipNorm);
      for (const { name, tensor: gradient } of named) {
        const variable = variables[name];
        const moments = this.#momentsOf(name, variable.shape);
        adamStep({
          variable,
          ...moments,
          gradient,
          scale,
          rate,
          beta1,
          beta2,
          epsilon,
        });
      }
    });
  }

  #momentsOf(name: string, shape: number[]): Moments {
    let moments = this.#moments.get(name);
    if (moments === undefined) {
      const zeros = () => tf.tidy(() => tf.variable(tf.zeros(shape), false));
      moments = { mean: zeros(), meanSquare: zeros() };
      this.#moments.set(name, moments);
    }
    return moments;
  }

  /** The step count, then for each variable, in the order of their first step, its two means. */
  override async getWeights(): Promise<NamedTensor[]> {
    const moments = [...this.#moments].flatMap((
      [name, { mean, meanSquare }],
    ) => [
      { name: `${name}/mean`, tensor: mean as tf.Tensor },
      { name: `${name}/mean_square`, tensor: meanSquare as tf.Tensor },
    ]);
    return [await this.saveIterations(), ...moments];
  }

  /** Takes over what {@linkcode Adam.getWeights} gave; the tensors stay the caller's. */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const rest = await this.extractIterations(weights);
    for (const { name, tensor } of rest) {
      const [, variable, kind] = /^(.*)\/(mean|mean_square)$/.exec(name) ?? [];
      if (variable === undefined) {
        throw new Error(
          `Cannot restore the optimizer: "${name}" is no state of Adam`,
        );
      }
      const moments = this.#momentsOf(variable, tensor.shape);
      const target = kind === "mean" ? moments.mean : moments.meanSquare;
      tf.tidy(() => target.assign(tensor.clone()));
    }
  }

  override dispose(): void {
    for (const { mean, meanSquare } of this.#moments.values()) {
      tf.dispose([mean, meanSquare]);
    }
    this.#moments.clear();
    super.dispose();
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { beta1, beta2, epsilon, clipNorm } = this.#options;
    return { learningRate: this.learningRate, beta1, beta2, epsilon, clipNorm };
  }
}

/** min(1, clipNorm / norm of all gradients together), computed on the device. */
function clipScale(
  gradients: readonly tf.Tensor[],
  clipNorm: number | null,
): tf.Scalar {
  if (clipNorm === null) return tf.scalar(1);
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    return tf.minimum(
      1,
      tf.div(clipNorm, tf.maximum(norm, 1e-12)),
    ) as tf.Scalar;
  });
}
