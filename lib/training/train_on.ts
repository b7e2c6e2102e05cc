/**
 * Training a model on a text in one call.
 *
 * @module
 */
import { type Preset, type PresetName, presets } from "../config.ts";
import { type CharModel, createCharModel } from "../model/char_model.ts";
import { HeldTensors } from "../model/held_tensors.ts";
import type { Corpus } from "../text/corpus.ts";
import { sequenceBatches } from "../text/sequences.ts";
import { splitTokens } from "../text/split.ts";
import { validationBatches } from "../text/validation_batches.ts";
import { Vocabulary } from "../text/vocabulary.ts";
import { Adam } from "./adam.ts";
import type { TrainingCallback } from "./callbacks.ts";
import { checkpointEachEpoch, type Checkpoints } from "./checkpoint.ts";
import type { CheckpointInfo } from "./checkpoint_info.ts";
import { stopOnDivergence } from "./divergence.ts";
import type { TrainingHistory } from "./records.ts";
import { learningRateSchedule } from "./schedule.ts";
import { train } from "./trainer.ts";

/** How {@linkcode trainOn} runs. */
export interface TrainOnOptions {
  /** What is told how it goes; default nobody. */
  readonly callbacks?: readonly TrainingCallback[] | undefined;
  /** Where a checkpoint is saved after each epoch; default nowhere. */
  readonly checkpoints?: Checkpoints | undefined;
  /**
   * Whether to go on from the latest of these checkpoints, as if training had never stopped; without
   * one it begins. Default false.
   */
  readonly resume?: boolean | undefined;
  /** Stops at the next step boundary when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Is told what will be trained before the first step. */
  readonly onReady?: ((plan: TrainingPlan) => void | Promise<void>) | undefined;
}

/** What {@linkcode trainOn} is about to do. */
export interface TrainingPlan {
  /** The model as it begins. */
  readonly model: CharModel;
  /** The characters of the text. */
  readonly vocabulary: Vocabulary;
  /** How many characters are trained on. */
  readonly trainingLength: number;
  /** How many characters are held out for validation. */
  readonly heldOutLength: number;
  /** How many epochs there will be. */
  readonly epochs: number;
  /** How many steps an epoch has. */
  readonly stepsPerEpoch: number;
  /** What it goes on from; undefined where it begins. */
  readonly checkpoint: CheckpointInfo | undefined;
  /** The epochs that have ended. */
  readonly history: TrainingHistory;
}

/** What {@linkcode trainOn} has made. Who called it disposes it. */
export interface TrainedModel extends Disposable {
  /** The model, with what it has learned. */
  readonly model: CharModel;
  /** The characters that it knows. */
  readonly vocabulary: Vocabulary;
  /** How training went, epoch by epoch. */
  readonly history: TrainingHistory;
  /** Frees the model and the optimizer that it was trained with. */
  dispose(): void;
}

/**
 * Trains a model on a text: makes its vocabulary, holds a part out, cuts the rest into batches, and runs
 * {@linkcode train} with Adam by the schedule of a preset. Whoever wants another order of things calls
 * these one by one.
 *
 * @param corpus The text.
 * @param preset The sizes and the schedule, or the name of a preset.
 * @param options Callbacks, checkpoints, a signal.
 * @returns The model, its vocabulary and its history. Once the signal is aborted, what has been learned
 * until then, with the epochs that ended.
 * @throws {RangeError} If the text does not fill a batch, or a size cannot be.
 * @throws {TrainingDiverged} If the loss grows without bound; the checkpoints before stay.
 *
 * @example From a text to a text
 * ```ts
 * import { OneStep, presets, selectDevice, trainOn } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const { model, training } = presets.quick;
 * const small = {
 *   model: { ...model, rnnUnits: 8 },
 *   training: { ...training, epochs: 2, batchSize: 2, sequenceLength: 10 },
 * };
 * using trained = await trainOn({ text: "to be or not to be. ".repeat(30) }, small);
 * assert.equal(trained.history.epochs.length, 2);
 * const writer = new OneStep(trained.model, trained.vocabulary);
 * assert.equal((await writer.generate("to be", { length: 20 })).length, 25);
 * ```
 */
export async function trainOn(
  corpus: Pick<Corpus, "text">,
  preset: PresetName | Pick<Preset, "model" | "training">,
  options: TrainOnOptions = {},
): Promise<TrainedModel> {
  const { checkpoints, resume = false, signal, callbacks = [] } = options;
  const { model: sizes, training } = typeof preset === "string" ? presetNamed(preset) : preset;
  const vocabulary = Vocabulary.fromText(corpus.text);
  const ids = splitTokens(vocabulary.encode(corpus.text), training);
  const batches = sequenceBatches(ids.train, training);
  const validation = validationBatches(ids.validation, training);
  const held = new HeldTensors(); // Who stops it never gets the model.
  const model = held.add(createCharModel({ ...sizes, vocabularySize: vocabulary.size }));
  try {
    const { epochs, clipNorm } = training;
    const learningRate = learningRateSchedule(training, epochs * batches.size);
    const optimizer = held.add(new Adam({ learningRate, clipNorm }));
    const checkpoint = resume ? await checkpoints?.latest() : undefined;
    const restored = checkpoint && await checkpoints?.restore({ model, optimizer }, checkpoint);
    await options.onReady?.({
      ...{ model, vocabulary, epochs, stepsPerEpoch: batches.size, checkpoint },
      ...{ trainingLength: ids.train.length, heldOutLength: ids.validation.length },
      history: { epochs: restored?.epochs ?? [] },
    });
    const ended = [...restored?.epochs ?? []];
    const history = await train(model, batches, {
      ...{ epochs, optimizer, validation, signal, history: restored },
      callbacks: [
        stopOnDivergence(vocabulary.size),
        { onEpochEnd: (record) => void ended.push(record) },
        ...checkpoints === undefined ? [] : [checkpointEachEpoch(checkpoints)],
        ...callbacks,
      ],
    }).catch((error) => {
      if (error === undefined || error !== signal?.reason) throw error;
      return { epochs: ended };
    });
    const made = [held.release(model), held.release(optimizer)];
    const dispose = () => made.forEach((each) => each.dispose());
    return { model, vocabulary, history, dispose, [Symbol.dispose]: dispose };
  } finally {
    held.dispose();
  }
}

function presetNamed(name: PresetName): Preset {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset === undefined) {
    throw new RangeError(
      `There is no preset "${name}": give one of ${Object.keys(presets).join(", ")}`,
    );
  }
  return preset;
}
