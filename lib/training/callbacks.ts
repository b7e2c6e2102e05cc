/**
 * What can be hooked into training.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import type { EpochRecord, StepInfo, TrainingHistory, UnfinishedEpoch } from "./records.ts";

/** What a callback can look at. */
export interface TrainContext {
  /** What is trained. */
  readonly model: CharModel;
  /** What changes its weights. */
  readonly optimizer: tf.Optimizer;
  /** The epochs so far. */
  readonly epochs: readonly EpochRecord[];
  /** How many steps the optimizer has made, those before a restore included. */
  readonly step: number;
  /** There after a step of {@linkcode train}: the epoch so far, once its losses are read. */
  unfinished?(): Promise<UnfinishedEpoch>;
}

/** Hooks into training; each may be asynchronous, and training waits for it. */
export interface TrainingCallback {
  /** Before the first step. */
  onTrainBegin?(context: TrainContext): void | Promise<void>;
  /** Before each epoch, counted from 1. */
  onEpochBegin?(epoch: number, context: TrainContext): void | Promise<void>;
  /** After each step. */
  onStepEnd?(info: StepInfo, context: TrainContext): void | Promise<void>;
  /** After each epoch and its validation. */
  onEpochEnd?(record: EpochRecord, context: TrainContext): void | Promise<void>;
  /** After the last epoch. */
  onTrainEnd?(history: TrainingHistory, context: TrainContext): void | Promise<void>;
}

/**
 * Calls a function after each epoch: to write a sample, say, or to save weights.
 *
 * @param act What to do with the epoch's record.
 * @returns The callback.
 *
 * @example
 * ```ts
 * import { afterEachEpoch } from "folio";
 *
 * const callback = afterEachEpoch(({ epoch, loss }) => console.log(epoch, loss));
 * ```
 */
export function afterEachEpoch(
  act: (record: EpochRecord, context: TrainContext) => void | Promise<void>,
): TrainingCallback {
  return { onEpochEnd: act };
}

type Hook = keyof TrainingCallback;
type HookArguments<H extends Hook> = Parameters<
  NonNullable<TrainingCallback[H]>
>;

/** Calls one hook of each callback, in order. */
export async function notify<H extends Hook>(
  callbacks: readonly TrainingCallback[],
  hook: H,
  ...args: HookArguments<H>
): Promise<void> {
  for (const callback of callbacks) {
    await (callback[hook] as
      | ((...args: HookArguments<H>) => void | Promise<void>)
      | undefined)
      ?.apply(callback, args);
  }
}

/** The learning rate of an optimizer that tells it, else NaN. */
export function rateOf(optimizer: tf.Optimizer): number {
  return (optimizer as { learningRate?: number }).learningRate ?? NaN;
}
