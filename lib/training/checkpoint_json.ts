/**
 * `checkpoint.json`, which says what a checkpoint is and seals its files.
 *
 * @module
 */
import * as z from "zod";
import { fileDigestSchema } from "../files/file_digest.ts";
import { firstIssue } from "../files/schema_issue.ts";

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
  if (result.success) return result.data;
  const { path, message } = firstIssue(result.error);
  throw new Error(`${path.join(".") || "the whole"}: ${message}`);
}

/**
 * Reads the `checkpoint.json` of a checkpoint.
 *
 * @param folder The checkpoint's folder.
 * @returns What it says.
 * @throws {Error} If it is missing, not JSON or malformed; it is named.
 */
export async function readCheckpointJson(folder: string): Promise<CheckpointJson> {
  const path = `${folder}/${checkpointJsonFile}`;
  try {
    return checkCheckpointJson(JSON.parse(await Deno.readTextFile(path)));
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it is not there"
      : (cause as Error).message;
    throw new Error(`Cannot read the checkpoint ${path}: ${reason}`, { cause });
  }
}
