/**
 * Checkpoints: a folder of all that training needs to go on later.
 *
 * @module
 */
import { disk, type FileSystem, isMissing } from "../files/file_system.ts";
import { removeFolder, sweepLeftovers } from "../files/folder.ts";
import type { TrainContext, TrainingCallback } from "./callbacks.ts";
import {
  byLoss,
  type CheckpointInfo,
  checkpointInfo,
  type StoredCheckpoint,
} from "./checkpoint_info.ts";
import type { RestoredTraining } from "./records.ts";
import {
  type Progress,
  restoreCheckpoint,
  type RestoreTarget,
  verifyCheckpoint,
  writeCheckpoint,
} from "./checkpoint_folder.ts";
import { checkpointName, isCheckpointName, readCheckpointJson } from "./checkpoint_json.ts";

/** How {@linkcode Checkpoints} keeps them. */
export interface CheckpointOptions {
  /**
   * How many to keep: a save deletes the oldest of more, but never the best or the latest. Default all.
   */
  readonly keep?: number | undefined;
  /** Told of each damaged checkpoint that is passed over. Default `console.warn`. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** Where the folder lies; default on this computer. */
  readonly files?: FileSystem | undefined;
}

/**
 * A folder of checkpoints: all that training needs in order to go on later.
 *
 * Each is a folder `epoch-0003` with the weights, the optimizer's state and
 * `checkpoint.json`. It is there whole or not at all, whenever we are interrupted.
 * One process at a time may save into the same folder.
 *
 * Saved from `onStepEnd`, it is called `epoch-0004-step-00120` and brings training
 * back to the middle of that epoch; the next checkpoint takes its place.
 *
 * @example Training in two sittings
 * ```ts
 * import { checkpointEachEpoch, Checkpoints, createCharModel } from "folio";
 * import { Adam, presets, selectDevice, sequenceBatches, train } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const ids = Int32Array.from({ length: 201 }, (_, i) => 1 + i % 4);
 * const config = { vocabularySize: 5, ...presets.quick.model, rnnUnits: 4 };
 * const batches = sequenceBatches(ids, { sequenceLength: 10, batchSize: 4 });
 * const checkpoints = new Checkpoints(await Deno.makeTempDir(), { keep: 3 });
 * const callbacks = [checkpointEachEpoch(checkpoints)];
 * await train(createCharModel(config), batches, { epochs: 1, callbacks });
 *
 * const model = createCharModel(config), optimizer = new Adam();
 * const restored = await checkpoints.restore({ model, optimizer });
 * const options = { epochs: 2, history: restored, optimizer, callbacks };
 * const history = await train(model, batches, options);
 * assert.deepEqual(history.epochs.map(({ epoch }) => epoch), [1, 2]);
 * ```
 */
export class Checkpoints {
  readonly #dir: string;
  readonly #keep: number;
  readonly #files: FileSystem;
  readonly #onNotice: (message: string) => void;

  /**
   * Names the folder; nothing is read or written yet.
   *
   * @param dir The folder, made at the first save.
   * @param options How many to keep, and who is told of damaged ones.
   * @throws {TypeError} If `dir` is no path.
   * @throws {RangeError} If `keep` is not an integer of 1 or more.
   */
  constructor(dir: string, options: CheckpointOptions = {}) {
    const { keep = Infinity, onNotice = console.warn, files = disk } = options;
    if (typeof dir !== "string" || dir === "") {
      throw new TypeError(
        `Cannot keep checkpoints in ${JSON.stringify(dir)}: give a folder's path`,
      );
    }
    if (keep !== Infinity && (!Number.isSafeInteger(keep) || keep < 1)) {
      throw new RangeError(
        `Cannot keep ${keep} checkpoints: give an integer of 1 or more`,
      );
    }
    this.#dir = dir.replace(/(?<=.)\/+$/, "");
    this.#keep = keep;
    this.#files = files;
    this.#onNotice = onNotice;
  }

  /**
   * Saves where training is; a checkpoint of the same epoch is replaced.
   *
   * @param context What a training callback is given.
   * @returns The new checkpoint.
   * @throws {Error} If no epoch has ended and none is under way, its loss is no
   * number, or writing fails.
   */
  async save(context: TrainContext): Promise<CheckpointInfo> {
    const progress = await progressOf(context);
    await this.#files.makeFolder(this.#dir);
    await sweepLeftovers(this.#dir, isCheckpointName, this.#files);
    // A checkpoint of old that is damaged must not end the training of now.
    const { readable } = await this.#read();
    const serial = 1 + Math.max(0, ...readable.map(({ json }) => json.serial));
    const path = `${this.#dir}/${checkpointName(progress)}`;
    const json = await writeCheckpoint(path, { context, progress, serial }, this.#files);
    await this.#prune();
    return checkpointInfo({ path, json });
  }

  /**
   * All checkpoints, in the order in which they were saved. What cannot be read is passed over, and
   * named to `onNotice`.
   */
  async list(): Promise<CheckpointInfo[]> {
    const { readable, damaged } = await this.#read();
    for (const reason of damaged) this.#passOver(reason);
    return readable.map(checkpointInfo);
  }

  /**
   * The newest checkpoint whose files are whole, if there is a checkpoint. What is passed over is named to
   * `onNotice`.
   *
   * @throws {Error} If there are checkpoints and none is whole.
   */
  async latest(): Promise<CheckpointInfo | undefined> {
    return await this.#firstWhole((all) => all.toReversed());
  }

  /**
   * The checkpoint with the lowest validation loss or, where none has one, loss, among those whose
   * files are whole. What is passed over is named to `onNotice`.
   *
   * @throws {Error} If there are checkpoints and none is whole.
   */
  async best(): Promise<CheckpointInfo | undefined> {
    return await this.#firstWhole(byLoss);
  }

  async #firstWhole(
    inOrder: (all: readonly CheckpointInfo[]) => CheckpointInfo[],
  ): Promise<CheckpointInfo | undefined> {
    const { readable, damaged } = await this.#read();
    let whole: CheckpointInfo | undefined;
    for (const candidate of inOrder(readable.map(checkpointInfo))) {
      try {
        await verifyCheckpoint(candidate.path, this.#files);
        whole = candidate;
        break;
      } catch (error) {
        damaged.push((error as Error).message);
      }
    }
    if (whole === undefined && damaged.length > 0) {
      throw new Error(
        `None of the ${damaged.length} checkpoints in ${this.#dir} is whole: ${damaged[0]}. ` +
          "Bring one back from a copy, or train anew into another folder",
      );
    }
    for (const reason of damaged) this.#passOver(reason);
    return whole;
  }

  #passOver(reason: string): void {
    this.#onNotice(`A checkpoint is passed over: ${reason}`);
  }

  /**
   * Puts a model and its optimizer back to where they were. Everything is read and
   * checked before anything changes.
   *
   * @param target The model and, to train on, an optimizer of the same class.
   * @param which The checkpoint; default the latest.
   * @returns Where training was.
   * @throws {Error} If there is none, or it is damaged or of another model; the file
   * is named.
   */
  async restore(
    target: RestoreTarget,
    which?: CheckpointInfo,
  ): Promise<RestoredTraining> {
    const chosen = which ?? await this.latest();
    if (chosen === undefined) {
      throw new Error(`Cannot restore: ${this.#dir} holds no checkpoint`);
    }
    const json = await restoreCheckpoint(chosen.path, target, this.#files);
    const { epoch, step, epochs, unfinished } = json;
    return { epoch, step, epochs, ...unfinished && { unfinished } };
  }

  async #read(): Promise<{ readable: StoredCheckpoint[]; damaged: string[] }> {
    const readable: StoredCheckpoint[] = [], damaged: string[] = [];
    for (const name of await this.#names()) {
      if (!isCheckpointName(name)) continue;
      const path = `${this.#dir}/${name}`;
      try {
        readable.push({ path, json: await readCheckpointJson(path, this.#files) });
      } catch (error) {
        damaged.push((error as Error).message);
      }
    }
    readable.sort((a, b) => a.json.serial - b.json.serial);
    return { readable, damaged };
  }

  async #names(): Promise<string[]> {
    try {
      return await this.#files.list(this.#dir);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #prune(): Promise<void> {
    const saved = (await this.#read()).readable.map(checkpointInfo);
    const passed = saved.slice(0, -1).filter(({ unfinished }) => unfinished !== undefined);
    for (const { path } of passed) await removeFolder(path, this.#files);
    const all = saved.filter((checkpoint) => !passed.includes(checkpoint));
    const kept = new Set([byLoss(all)[0], all.at(-1)]);
    let tooMany = all.length - this.#keep;
    for (const checkpoint of all) {
      if (tooMany <= 0) return;
      if (kept.has(checkpoint)) continue;
      await removeFolder(checkpoint.path, this.#files);
      tooMany--;
    }
  }
}

/**
 * Saves a checkpoint after each epoch.
 *
 * @param checkpoints Where to.
 * @returns A callback for `train` or `fitCallbacks`.
 *
 * @example
 * ```ts
 * import { checkpointEachEpoch, Checkpoints } from "folio";
 *
 * const callback = checkpointEachEpoch(new Checkpoints("outputs/my/checkpoints"));
 * ```
 */
export function checkpointEachEpoch(checkpoints: Checkpoints): TrainingCallback {
  return {
    async onEpochEnd(_record, context) {
      await checkpoints.save(context);
    },
  };
}

/** Where training is; throws where that is nothing to keep. */
async function progressOf(context: TrainContext): Promise<Progress> {
  const last = context.epochs.at(-1);
  const unfinished = await context.unfinished?.();
  if (last === undefined && unfinished === undefined) {
    throw new Error("Cannot save a checkpoint: no epoch has ended yet");
  }
  const epoch = last?.epoch ?? 0;
  const progress = unfinished === undefined
    ? { epoch, loss: last!.loss, validationLoss: last!.validationLoss }
    : { epoch, loss: unfinished.lossSum / unfinished.steps, unfinished };
  for (const value of [progress.loss, progress.validationLoss ?? 0]) {
    if (!Number.isFinite(value)) {
      throw new Error(
        `Cannot save a checkpoint: the loss of epoch ${unfinished?.epoch ?? epoch} is ${value}. ` +
          "Training has diverged: go back to the last checkpoint, and learn slower",
      );
    }
  }
  return progress;
}
