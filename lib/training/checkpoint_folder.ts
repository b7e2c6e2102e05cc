/**
 * One checkpoint: a folder with the weights, the optimizer's state and
 * `checkpoint.json`.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { currentArithmetic } from "../device.ts";
import type { CharModel } from "../model/char_model.ts";
import { digestFile, verifyDigest } from "../files/file_digest.ts";
import { type FileSystem, isMissing } from "../files/file_system.ts";
import { writeFolder } from "../files/folder.ts";
import { openSealedJson, sealJson } from "../files/sealed_json.ts";
import { decodeSafetensors, encodeSafetensors, type TensorRecord } from "../files/safetensors.ts";
import {
  assignWeights,
  checkWeights,
  requireFinite,
  weightShapes,
  weightsToRecords,
} from "../model/weights.ts";
import type { TrainContext } from "./callbacks.ts";
import type { UnfinishedEpoch } from "./records.ts";
import {
  checkCheckpointJson,
  type CheckpointJson,
  checkpointJsonFile,
  readCheckpointJson,
} from "./checkpoint_json.ts";
import { assignOptimizer, optimizerToRecords } from "./optimizer_state.ts";

/** What a checkpoint is put back into. */
export interface RestoreTarget {
  /** The model, of the sizes that the checkpoint has. */
  readonly model: CharModel;
  /** Of the class that the checkpoint was trained with; leave it out to write only. */
  readonly optimizer?: tf.Optimizer | undefined;
}

/** How far training has come, in a few numbers. */
export interface Progress {
  /** How many epochs are behind it. */
  readonly epoch: number;
  readonly loss: number;
  readonly validationLoss?: number | undefined;
  /** There only in the middle of an epoch, whose steps so far `loss` is the mean of. */
  readonly unfinished?: UnfinishedEpoch | undefined;
}

/** What {@linkcode writeCheckpoint} writes. */
export interface NewCheckpoint {
  readonly context: TrainContext;
  readonly progress: Progress;
  /** Its place in the order in which the checkpoints of a folder were saved, from 1. */
  readonly serial: number;
}

/**
 * Writes a checkpoint, whole or not at all.
 *
 * @param path Its folder; a checkpoint there is replaced.
 * @param checkpoint Where training is, and the number of the checkpoint.
 * @param disk Where it lies.
 * @returns What `checkpoint.json` says.
 * @throws {Error} If writing fails.
 */
export async function writeCheckpoint(
  path: string,
  { context, progress, serial }: NewCheckpoint,
  disk: FileSystem,
): Promise<CheckpointJson> {
  const { model, optimizer, step, epochs } = context;
  const weights = model.weights();
  const records = await weightsToRecords(weights);
  requireFinite(records, `save the checkpoint ${path}`);
  const modelBytes = encodeSafetensors(records);
  const state = await optimizerToRecords(optimizer, weights);
  const optimizerBytes = encodeSafetensors(state);
  const text = await sealJson({
    format: "folio-checkpoint",
    version: 1,
    serial,
    ...progress,
    step,
    optimizer: optimizer.getClassName(),
    arithmetic: currentArithmetic(),
    epochs,
    files: {
      "model.safetensors": await digestFile(modelBytes),
      "optimizer.safetensors": await digestFile(optimizerBytes),
    },
  });
  const json = checkCheckpointJson(await openSealedJson(text));
  const contents = {
    "model.safetensors": modelBytes,
    "optimizer.safetensors": optimizerBytes,
    [checkpointJsonFile]: text,
  };
  await writeFolder(path, contents, { marker: checkpointJsonFile, files: disk });
  return json;
}

/**
 * Puts a model and its optimizer back to where they were. Everything is read and
 * checked before anything changes.
 *
 * @param path The checkpoint's folder.
 * @param target The model and, to train on, the optimizer.
 * @param disk Where it lies.
 * @returns What `checkpoint.json` says.
 * @throws {Error} If it is damaged or of another model; the file is named.
 */
export async function restoreCheckpoint(
  path: string,
  { model, optimizer }: RestoreTarget,
  disk: FileSystem,
): Promise<CheckpointJson> {
  const json = await readCheckpointJson(path, disk);
  const tensors = await readTensors(path, { file: "model.safetensors", json, disk });
  checkWeights(weightShapes(model.config), tensors);
  if (optimizer !== undefined) {
    const name = optimizer.getClassName();
    if (name !== json.optimizer) {
      throw new Error(
        `Cannot restore ${path} into the optimizer ${name}: ` +
          `it was trained with ${json.optimizer}`,
      );
    }
    const file = "optimizer.safetensors";
    const records = [...(await readTensors(path, { file, json, disk })).values()];
    await assignOptimizer(optimizer, { records, weights: model.weights() });
  }
  assignWeights(model.weights(), tensors);
  return json;
}

/**
 * Checks that the files of a checkpoint are as they were written.
 *
 * @param path The checkpoint's folder.
 * @param disk Where it lies.
 * @throws {Error} If one is missing or altered; it is named.
 */
export async function verifyCheckpoint(path: string, disk: FileSystem): Promise<void> {
  const json = await readCheckpointJson(path, disk);
  for (const file of ["model.safetensors", "optimizer.safetensors"] as const) {
    await readVerified(path, { file, json, disk });
  }
}

interface StoredFile {
  readonly file: keyof CheckpointJson["files"];
  readonly json: CheckpointJson;
  readonly disk: FileSystem;
}

async function readTensors(folder: string, stored: StoredFile): Promise<Map<string, TensorRecord>> {
  const content = await readVerified(folder, stored);
  try {
    return decodeSafetensors(content).tensors;
  } catch (cause) {
    throw new Error(`Cannot restore ${folder}/${stored.file}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function readVerified(
  folder: string,
  { file, json, disk }: StoredFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = `${folder}/${file}`;
  let content: Uint8Array<ArrayBuffer>;
  try {
    content = await disk.read(path);
  } catch (cause) {
    const reason = isMissing(cause) ? "it is not there" : (cause as Error).message;
    throw new Error(`Cannot restore ${path}: ${reason}`, { cause });
  }
  await verifyDigest(content, { path, seal: json.files[file] });
  return content;
}
