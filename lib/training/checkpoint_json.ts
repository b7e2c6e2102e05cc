/**
 * `checkpoint.json`, which says what a checkpoint is and seals its files.
 *
 * @module
 */
import * as z from "zod";
import { fileDigestSchema } from "../files/file_digest.ts";
import { disk, type FileSystem, isMissing } from "../files/file_system.ts";
import { firstIssue } from "../files/schema_issue.ts";
import { openSealedJson } from "../files/sealed_json.ts";

/** The file's name; a folder without it is no checkpoint of ours. */
export const checkpointJsonFile = "checkpoint.json";

/** JSON has no NaN and writes null; a rate that no one knows is NaN. */
const numberOrNaN = z.number().nullable().transform((value) => value ?? NaN);

const epochRecordSchema = z.looseObject({
  epoch: z.int().min(1),
  loss: numberOrNaN,
  validationLoss: numberOrNaN.optional(),
  seconds: numberOrNaN,
  steps: z.int().min(0),
  learningRate: numberOrNaN,
});

const unfinishedEpochSchema = z.strictObject({
  epoch: z.int().min(1),
  steps: z.int().min(1),
  lossSum: z.number(),
  seconds: z.number(),
  learningRate: numberOrNaN,
});

const arithmeticSchema = z.looseObject({
  device: z.enum(["webgpu", "wasm", "cpu"]),
  adapter: z.string().optional(),
  blas: z.string().optional(),
  vectors: z.string().optional(),
});

const schema = z.strictObject({
  format: z.literal("folio-checkpoint"),
  version: z.literal(1),
  /** Its place in the order in which the checkpoints of a folder were saved, from 1: free of clocks. */
  serial: z.int().min(1),
  epoch: z.int().min(0),
  /** The steps that the optimizer has made. */
  step: z.int().min(0),
  loss: z.number(),
  validationLoss: z.number().optional(),
  /** The class of the optimizer. */
  optimizer: z.string(),
  epochs: z.array(epochRecordSchema),
  /** What computed it; unknown of checkpoints made before this was written down. */
  arithmetic: arithmeticSchema.optional(),
  /** There only where the checkpoint was saved in the middle of an epoch. */
  unfinished: unfinishedEpochSchema.optional(),
  files: z.strictObject({
    "model.safetensors": fileDigestSchema,
    "optimizer.safetensors": fileDigestSchema,
  }),
});

/** What `checkpoint.json` says, version 1. */
export type CheckpointJson = Readonly<z.infer<typeof schema>>;

/**
 * Checks the form of what is, or shall be, in `checkpoint.json`.
 *
 * @param json The value.
 * @returns The same, typed.
 * @throws {Error} If a field lacks, is too many or of the wrong kind; it is named.
 */
export function checkCheckpointJson(json: unknown): CheckpointJson {
  const result = schema.safeParse(json);
  if (result.success) return checkAgreement(result.data);
  const { path, message } = firstIssue(result.error);
  throw new Error(`${path.join(".") || "the whole"}: ${message}`);
}

/** Holds what the fields say of each other. */
function checkAgreement(json: CheckpointJson): CheckpointJson {
  const { epoch, epochs, unfinished } = json;
  const last = epochs.at(-1)?.epoch ?? 0;
  if (last !== epoch) throw new Error(`epoch: it is ${epoch}, and the last record is of ${last}`);
  if (unfinished !== undefined && unfinished.epoch !== epoch + 1) {
    throw new Error(`unfinished.epoch: it is ${unfinished.epoch}, and ${epoch} epochs have ended`);
  }
  return json;
}

/**
 * Reads the `checkpoint.json` of a checkpoint.
 *
 * @param folder The checkpoint's folder.
 * @param files Where it lies.
 * @returns What it says.
 * @throws {Error} If it is missing, not JSON, malformed or altered; it is named.
 */
export async function readCheckpointJson(
  folder: string,
  files: FileSystem = disk,
): Promise<CheckpointJson> {
  const path = `${folder}/${checkpointJsonFile}`;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await files.read(path));
    const json = checkCheckpointJson(await openSealedJson(text));
    const name = checkpointName(json);
    if (!folder.endsWith(name)) throw new Error(`it is of ${name}, and lies in another folder`);
    return json;
  } catch (cause) {
    const reason = isMissing(cause) ? "it is not there" : (cause as Error).message;
    throw new Error(`Cannot read the checkpoint ${path}: ${reason}`, { cause });
  }
}

/**
 * The name of a checkpoint's folder.
 *
 * @param progress How far training had come.
 */
export function checkpointName(
  { epoch, unfinished }: Pick<CheckpointJson, "epoch" | "unfinished">,
): string {
  const digits = (value: number, count: number) => String(value).padStart(count, "0");
  return unfinished === undefined
    ? `epoch-${digits(epoch, 4)}`
    : `epoch-${digits(unfinished.epoch, 4)}-step-${digits(unfinished.steps, 5)}`;
}

/** Whether a folder of this name is a checkpoint. */
export function isCheckpointName(name: string): boolean {
  return /^epoch-\d{4,}(-step-\d{5,})?$/.test(name);
}
