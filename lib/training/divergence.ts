/**
 * Training that learns nothing any more.
 *
 * @module
 */
import type { TrainingCallback } from "./callbacks.ts";

/** Over how many steps the loss is taken, and how far beyond guessing it may lie, in nats. */
const [steps, margin] = [50, 1];

/** Ends training whose loss has grown without bound. */
export class TrainingDiverged extends Error {
  /** What the error is called where it is printed. */
  override readonly name = "TrainingDiverged";
}

/**
 * Watches the loss, and ends training once it is no number, or its mean over 50 steps lies more than a nat
 * above that of guessing, ln `vocabularySize`.
 *
 * @param vocabularySize How many ids there are to guess among.
 * @returns A callback that throws {@linkcode TrainingDiverged}.
 *
 * @example
 * ```ts
 * import { stopOnDivergence } from "folio";
 * import assert from "node:assert/strict";
 *
 * const { onStepEnd } = stopOnDivergence(66);
 * const step = { epoch: 1, epochs: 1, step: 9, stepsPerSecond: 1, learningRate: 10 };
 * assert.throws(() => onStepEnd?.({ ...step, loss: NaN }, {} as never), /diverged.* loss is NaN/);
 * ```
 */
export function stopOnDivergence(vocabularySize: number): TrainingCallback {
  const guessing = Math.log(vocabularySize);
  const losses: number[] = [];
  return {
    onStepEnd({ epoch, step, loss, learningRate }) {
      if (loss === undefined) return;
      const diverged = (what: string) =>
        new TrainingDiverged(
          `Training has diverged in epoch ${epoch}, step ${step}: ${what}. Learn slower than at a ` +
            `rate of ${learningRate}, or clip the gradients to a smaller norm`,
        );
      if (!Number.isFinite(loss)) throw diverged(`the loss is ${loss}`);
      losses.push(loss);
      if (losses.length < steps) return;
      const mean = losses.reduce((a, b) => a + b) / steps;
      losses.shift();
      if (mean > guessing + margin) {
        const figures = `${mean.toFixed(2)}, and guessing costs ${guessing.toFixed(2)}`;
        throw diverged(`the mean loss of the last ${steps} steps is ${figures}`);
      }
    },
  };
}
