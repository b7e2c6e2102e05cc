/**
 * What can be hooked into training, and how the same hooks serve `fitDataset`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import { TrainingClock } from "./training_clock.ts";

/** One epoch as it went. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** The mean loss over the epoch's steps, in nats per character. */
  readonly loss: number;
  /** The loss on the held-out text after the epoch. */
  readonly validationLoss?: number;
  /** How long it took, validation included. */
  readonly seconds: number;
  /** How many steps it had. */
  readonly steps: number;
  /** The learning rate of its last step. */
  readonly learningRate: number;
}

/** An epoch that has begun and not ended: what is needed to end it as if it had never stopped. */
export interface UnfinishedEpoch {
  /** Counted from 1. */
  readonly epoch: number;
  /** How many of its steps are made. */
  readonly steps: number;
  /** The sum of their losses. */
  readonly lossSum: number;
  /** How long they took. */
  readonly seconds: number;
  /** The learning rate of the last of them. */
  readonly learningRate: number;
}

/** All epochs so far; plain JSON. */
export interface TrainingHistory {
  readonly epochs: readonly EpochRecord[];
}

/** One step as it went. */
export interface StepInfo {
  /** Counted from 1. */
  readonly epoch: number;
  /** How many epochs there will be. */
  readonly epochs: number;
  /** In the epoch, counted from 1. */
  readonly step: number;
  readonly stepsPerEpoch?: number;
  /** Nats per character; undefined while the device still works on it. */
  readonly loss?: number;
  readonly stepsPerSecond: number;
  /** How long the rest of the training takes at this pace. */
  readonly secondsLeft?: number;
  readonly learningRate: number;
}

/** What a callback can look at. */
export interface TrainContext {
  readonly model: CharModel;
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
  onTrainBegin?(context: TrainContext): void | Promise<void>;
  onEpochBegin?(epoch: number, context: TrainContext): void | Promise<void>;
  onStepEnd?(info: StepInfo, context: TrainContext): void | Promise<void>;
  onEpochEnd?(record: EpochRecord, context: TrainContext): void | Promise<void>;
  onTrainEnd?(
    history: TrainingHistory,
    context: TrainContext,
  ): void | Promise<void>;
}

/**
 * Calls a function after each epoch: to write a sample, say, or to save weights.
 *
 * @param act what to do with the epoch's record
 * @returns the callback
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

/** What {@linkcode fitCallbacks} needs to know. */
export interface FitCallbackOptions {
  readonly model: CharModel;
  /** As given to `fitDataset`. */
  readonly epochs: number;
  /** The size of the dataset. */
  readonly stepsPerEpoch?: number;
}

/**
 * Lets folio's callbacks work under tfjs' `network.fitDataset`.
 *
 * @param callbacks the callbacks
 * @param options the model and what `fitDataset` is told
 * @returns what `fitDataset` takes as `callbacks`
 *
 * @example
 * ```ts
 * import { createCharModel, fitCallbacks, presets, selectDevice } from "folio";
 *
 * await selectDevice({ name: "cpu" });
 * const model = createCharModel({ vocabularySize: 5, ...presets.quick.model, rnnUnits: 4 });
 * const callbacks = fitCallbacks([], { model, epochs: 1, stepsPerEpoch: 172 });
 * ```
 */
export function fitCallbacks(
  callbacks: readonly TrainingCallback[],
  { model, epochs, stepsPerEpoch }: FitCallbackOptions,
): tf.CustomCallbackArgs {
  const clock = new TrainingClock({ epochs, stepsPerEpoch });
  const records: EpochRecord[] = [];
  const context = (): TrainContext => {
    const { optimizer } = model.network;
    return {
      model,
      optimizer,
      epochs: [...records],
      step: optimizer.iterations,
    };
  };
  let epoch = 1;
  return {
    onTrainBegin: () => notify(callbacks, "onTrainBegin", context()),
    onEpochBegin: async (index) => {
      epoch = index + 1;
      clock.beginEpoch(epoch);
      await notify(callbacks, "onEpochBegin", epoch, context());
    },
    onBatchEnd: async (_, logs) => {
      const info = clock.step({
        loss: logs?.loss,
        learningRate: rateOf(model.network.optimizer),
      });
      await notify(callbacks, "onStepEnd", info, context());
    },
    onEpochEnd: async (_, logs) => {
      records.push(clock.endEpoch({
        loss: Number(logs?.loss),
        validationLoss: logs?.val_loss,
        learningRate: rateOf(model.network.optimizer),
      }));
      await notify(
        callbacks,
        "onEpochEnd",
        records[records.length - 1],
        context(),
      );
    },
    onTrainEnd: () => notify(callbacks, "onTrainEnd", { epochs: [...records] }, context()),
  };
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
