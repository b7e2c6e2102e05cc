/**
 * folio's callbacks under tfjs' `fitDataset`.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { CharModel } from "../model/char_model.ts";
import { notify, rateOf, type TrainContext, type TrainingCallback } from "./callbacks.ts";
import type { EpochRecord } from "./records.ts";
import { TrainingClock } from "./training_clock.ts";

/** What {@linkcode fitCallbacks} needs to know. */
export interface FitCallbackOptions {
  /** The model whose network is fitted. */
  readonly model: CharModel;
  /** As given to `fitDataset`. */
  readonly epochs: number;
  /** The size of the dataset. */
  readonly stepsPerEpoch?: number | undefined;
}

/**
 * Lets folio's callbacks work under tfjs' `network.fitDataset`.
 *
 * @param callbacks The callbacks.
 * @param options The model and what `fitDataset` is told.
 * @returns What `fitDataset` takes as `callbacks`.
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
      const record = clock.endEpoch({
        loss: Number(logs?.loss),
        validationLoss: logs?.val_loss,
        learningRate: rateOf(model.network.optimizer),
      });
      records.push(record);
      await notify(callbacks, "onEpochEnd", record, context());
    },
    onTrainEnd: () => notify(callbacks, "onTrainEnd", { epochs: [...records] }, context()),
  };
}
