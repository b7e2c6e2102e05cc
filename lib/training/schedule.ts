/**
 * How the learning rate changes while a model learns.
 *
 * @module
 */
import type { TrainingConfig } from "../config.ts";

/** The learning rate of a step, counted from 0. */
export type LearningRateSchedule = (step: number) => number;

/**
 * The schedule of a training configuration: a straight rise over the warm-up, then
 * constant, or half a cosine down to the final learning rate. Source of the cosine:
 * Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983, without restarts.
 *
 * @param training The configuration.
 * @param totalSteps How many steps the whole training has.
 * @returns The learning rate by step.
 *
 * @example Warm-up and cosine
 * ```ts
 * import { learningRateSchedule, presets } from "folio";
 * import assert from "node:assert/strict";
 *
 * const { training } = presets.quick;
 * const rate = learningRateSchedule(training, 600);
 * assert.ok(rate(0) < rate(training.warmupSteps));
 * assert.equal(rate(600), training.finalLearningRate);
 * ```
 */
export function learningRateSchedule(
  training: Pick<
    TrainingConfig,
    "learningRate" | "finalLearningRate" | "warmupSteps" | "decay"
  >,
  totalSteps: number,
): LearningRateSchedule {
  const { learningRate, finalLearningRate, warmupSteps, decay } = training;
  return (step) => {
    if (step < warmupSteps) {
      return learningRate * (step + 1) / (warmupSteps + 1);
    }
    if (decay === "none") return learningRate;
    const done = Math.min(
      1,
      (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps),
    );
    const height = (1 + Math.cos(Math.PI * done)) / 2;
    return finalLearningRate + (learningRate - finalLearningRate) * height;
  };
}
