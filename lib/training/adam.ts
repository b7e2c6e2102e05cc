/**
 * The Adam optimizer.
 *
 * @module
 */
import type { Complete } from "../config.ts";
import * as tf from "@tensorflow/tfjs";
import { clipScale } from "../kernels/ops/clip.ts";
import { finishUpdate, updateWeights } from "../kernels/ops/adam_update.ts";
import { recoverEngine } from "../kernels/engine_recovery.ts";
import type { LearningRateSchedule } from "./schedule.ts";

/** A tensor and its name, as optimizers save them; tfjs does not export the type. */
export type NamedTensor = Awaited<
  ReturnType<tf.Optimizer["getWeights"]>
>[number];

/**
 * Where Adam's ε stands. With m̂ and v̂ the two means after bias correction, PyTorch subtracts
 * η·m̂/(√v̂ + ε), as the paper's algorithm 1 does; Keras adds ε to √v before the correction.
 */
export type AdamForm = "keras" | "pytorch";

/** The numbers of {@linkcode Adam}. */
export interface AdamOptions {
  /** A number, or a function of the step, counted from 0; default 0.001. */
  readonly learningRate?: number | LearningRateSchedule | undefined;
  /** How slowly the mean of the gradient moves; default 0.9. */
  readonly beta1?: number | undefined;
  /** How slowly the mean of its square moves; default 0.999. */
  readonly beta2?: number | undefined;
  /** Where ε stands: as Keras has it, the default, or as PyTorch has it. */
  readonly form?: AdamForm | undefined;
  /** ε, which keeps the division from zero; default 1e-7 in Keras' form, 1e-8 in PyTorch's. */
  readonly epsilon?: number | undefined;
  /** The largest norm all gradients may have together; null, the default, for none. */
  readonly clipNorm?: number | null | undefined;
}

/** What Keras and PyTorch take for ε when they are not told. */
const defaultEpsilon: Readonly<Record<AdamForm, number>> = { keras: 1e-7, pytorch: 1e-8 };

interface Moments {
  readonly mean: tf.Variable;
  readonly meanSquare: tf.Variable;
}

/**
 * Adam in Keras' form, ε outside the bias correction, which is where tfjs' own
 * and PyTorch's differ from it by tenths of a nat within ten steps of our model;
 * `form: "pytorch"` gives PyTorch's.
 *
 * Both are one update: √v̂ is √v/√(1 − β₂ᵗ), so PyTorch's ε is Keras' ε times
 * √(1 − β₂ᵗ), another one at each step.
 *
 * A step changes all weights or none: one that Jupyter's Stop ends in the middle is finished before
 * anything is trained, written or saved, and a line says so. The optimizers of tfjs do not promise that:
 * after a Stop, restore a checkpoint.
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
 * const [value = 0] = x.dataSync();
 * assert.ok(Math.abs(value - 0.9) < 1e-6);
 * ```
 */
export class Adam extends tf.Optimizer implements Disposable {
  /** tfjs' name for the class. */
  static className = "FolioAdam";
  readonly #options: Complete<AdamOptions>;
  readonly #moments = new Map<string, Moments>();

  /**
   * Makes an optimizer that has made no step yet.
   *
   * @param options Its numbers.
   */
  constructor(options: AdamOptions = {}) {
    super();
    const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, form = "keras" } = options;
    this.#options = {
      learningRate,
      beta1,
      beta2,
      form,
      epsilon: options.epsilon ?? defaultEpsilon[form],
      clipNorm: options.clipNorm ?? null,
    };
  }

  /** The learning rate of the next step. */
  get learningRate(): number {
    const { learningRate } = this.#options;
    return typeof learningRate === "number" ? learningRate : learningRate(this.iterations);
  }

  /** Makes a step: changes the variables by their gradients, which stay the caller's. */
  override applyGradients(
    gradients: tf.NamedTensorMap | NamedTensor[],
  ): void {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const { beta1, beta2, form, clipNorm } = this.#options;
    finishUpdate(); // Of the same optimizer, it counts.
    const learningRate = this.learningRate;
    const t = this.iterations + 1;
    const correction = Math.sqrt(1 - beta2 ** t);
    const rate = learningRate * correction / (1 - beta1 ** t);
    const epsilon = this.#options.epsilon * (form === "pytorch" ? correction : 1);
    const variables = tf.engine().registeredVariables;
    tf.tidy(() => {
      const scale = clipNorm === null
        ? tf.scalar(1)
        : clipScale(named.map(({ tensor }) => tensor), clipNorm);
      const steps = named.map(({ name, tensor: gradient }) => {
        const variable = variables[name];
        if (variable === undefined) {
          throw new Error(`Cannot apply the gradient of "${name}": there is no such variable`);
        }
        const moments = this.#momentsOf(name, variable.shape);
        return { variable, ...moments, gradient, scale, rate, beta1, beta2, epsilon };
      });
      updateWeights({ steps, number: t, onEnd: () => this.iterations_ = t });
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
    recoverEngine();
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
    recoverEngine();
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

  /** Frees the means. */
  override dispose(): void {
    for (const { mean, meanSquare } of this.#moments.values()) {
      tf.dispose([mean, meanSquare]);
    }
    this.#moments.clear();
    super.dispose();
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Its numbers, as tfjs saves them; the learning rate is that of the next step. */
  override getConfig(): tf.serialization.ConfigDict {
    const { beta1, beta2, form, epsilon, clipNorm } = this.#options;
    return { learningRate: this.learningRate, beta1, beta2, form, epsilon, clipNorm };
  }
}
