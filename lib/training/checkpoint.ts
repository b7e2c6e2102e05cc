/**
 * Checkpoints: a folder of all that training needs to go on later.
 *
 * @module
 */
import type { Arithmetic } from "../device.ts";
import { removeFolder, sweepLeftovers } from "../files/folder.ts";
import type { TrainContext, TrainingCallback } from "./callbacks.ts";
import type { RestoredTraining, UnfinishedEpoch } from "./records.ts";
import {
  type Progress,
  restoreCheckpoint,
  type RestoreTarget,
  writeCheckpoint,
} from "./checkpoint_folder.ts";
import { type CheckpointJson, readCheckpointJson } from "./checkpoint_json.ts";

/** A checkpoint in a few numbers. */
export interface CheckpointInfo {
  /** Its folder. */
  readonly path: string;
  /** How many epochs the model had behind it. */
  readonly epoch: number;
  /** How many steps the optimizer had made. */
  readonly step: number;
  /** The loss of its last epoch or, in the middle of one, of the steps so far. */
  readonly loss: number;
  /** The loss on the text that was held out. */
  readonly validationLoss?: number | undefined;
  /**
   * What computed it: where something else goes on, the numbers differ in their last bits from those
   * of a training that never stopped. Unknown of checkpoints made before this was written down.
   */
  readonly arithmetic?: Arithmetic | undefined;
  /** There only if it was saved in the middle of an epoch. */
  readonly unfinished?: UnfinishedEpoch | undefined;
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

  /**
   * Names the folder; nothing is read or written yet.
   *
   * @param dir The folder, made at the first save.
   * @param options.keep How many to keep: a save deletes the oldest of more, but
   * never the best or the latest. Default all.
   * @throws {RangeError} If `keep` is not an integer of 1 or more.
   */
  constructor(dir: string, options: { readonly keep?: number } = {}) {
    const { keep = Infinity } = options;
    if (keep !== Infinity && (!Number.isSafeInteger(keep) || keep < 1)) {
      throw new RangeError(
        `Cannot keep ${keep} checkpoints: give an integer of 1 or more`,
      );
    }
    this.#dir = dir.replace(/(?<=.)\/+$/, "");
    this.#keep = keep;
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
    await Deno.mkdir(this.#dir, { recursive: true });
    await sweepLeftovers(this.#dir, isCheckpoint);
    // A checkpoint of old that is damaged must not end the training of now.
    const others = await this.#read({ skipDamaged: true });
    const serial = 1 + Math.max(0, ...others.map(({ json }) => json.serial));
    const path = `${this.#dir}/${folderName(progress)}`;
    const json = await writeCheckpoint(path, { context, progress, serial });
    await this.#prune();
    return info({ path, json });
  }

  /**
   * All checkpoints, in the order in which they were saved.
   *
   * @throws {Error} If one cannot be read; it is named.
   */
  async list(): Promise<CheckpointInfo[]> {
    return (await this.#read({ skipDamaged: false })).map(info);
  }

  /** The checkpoint that was saved last, if there is one. */
  async latest(): Promise<CheckpointInfo | undefined> {
    return (await this.list()).at(-1);
  }

  /** The checkpoint with the lowest validation loss or, where none has one, loss. */
  async best(): Promise<CheckpointInfo | undefined> {
    return lowest(await this.list());
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
    const json = await restoreCheckpoint(chosen.path, target);
    const { epoch, step, epochs, unfinished } = json;
    return { epoch, step, epochs, ...unfinished && { unfinished } };
  }

  async #read(options: { skipDamaged: boolean }): Promise<StoredCheckpoint[]> {
    const found: StoredCheckpoint[] = [];
    for (const name of await folderNames(this.#dir)) {
      if (!isCheckpoint(name)) continue;
      const path = `${this.#dir}/${name}`;
      try {
        found.push({ path, json: await readCheckpointJson(path) });
      } catch (error) {
        if (!options.skipDamaged) throw error;
      }
    }
    return found.sort((a, b) => a.json.serial - b.json.serial);
  }

  async #prune(): Promise<void> {
    const saved = (await this.#read({ skipDamaged: true })).map(info);
    const passed = saved.slice(0, -1).filter(({ unfinished }) => unfinished !== undefined);
    for (const { path } of passed) await removeFolder(path);
    const all = saved.filter((checkpoint) => !passed.includes(checkpoint));
    const kept = new Set([lowest(all), all.at(-1)]);
    let tooMany = all.length - this.#keep;
    for (const checkpoint of all) {
      if (tooMany <= 0) return;
      if (kept.has(checkpoint)) continue;
      await removeFolder(checkpoint.path);
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

interface StoredCheckpoint {
  readonly path: string;
  readonly json: CheckpointJson;
}

function info({ path, json }: StoredCheckpoint): CheckpointInfo {
  const { epoch, step, loss, validationLoss, arithmetic, unfinished } = json;
  return {
    path,
    epoch,
    step,
    loss,
    ...validationLoss === undefined ? {} : { validationLoss },
    ...arithmetic && { arithmetic },
    ...unfinished && { unfinished },
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

function folderName({ epoch, unfinished }: Progress): string {
  const digits = (value: number, count: number) => String(value).padStart(count, "0");
  return unfinished === undefined
    ? `epoch-${digits(epoch, 4)}`
    : `epoch-${digits(unfinished.epoch, 4)}-step-${digits(unfinished.steps, 5)}`;
}

/** Of whole epochs, where there is one: the mean of a part says less. */
function lowest(all: readonly CheckpointInfo[]): CheckpointInfo | undefined {
  const whole = all.filter((c) => c.unfinished === undefined);
  const validated = whole.filter((c) => c.validationLoss !== undefined);
  const candidates = [validated, whole, all].find((list) => list.length > 0) ?? [];
  const score = ({ validationLoss, loss }: CheckpointInfo) => validationLoss ?? loss;
  return candidates.toSorted((a, b) => score(a) - score(b))[0];
}

function isCheckpoint(name: string): boolean {
  return /^epoch-\d{4,}(-step-\d{5,})?$/.test(name);
}

async function folderNames(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
