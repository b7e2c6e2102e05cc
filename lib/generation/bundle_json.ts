/**
 * `folio.json`, which says what the weights beside it are.
 *
 * @module
 */
import * as z from "zod";
import { fileDigestSchema, sha256Schema } from "../files/file_digest.ts";
import { firstIssue } from "../files/schema_issue.ts";

const count = z.int().min(1);

const schema = z.strictObject({
  format: z.literal("folio"),
  version: z.literal(1),
  model: z.strictObject({
    vocabularySize: count,
    embeddingDim: count,
    rnnUnits: count,
    layers: count.max(1000),
    embeddingScale: z.number(),
    seed: z.int().min(0).max(0xffffffff),
  }),
  vocabulary: z.strictObject({
    /** By id; the first is "[UNK]". */
    characters: z.array(z.string()).min(2),
    /** Of the characters from id 1 on, joined, as UTF-8. */
    sha256: sha256Schema,
  }),
  training: z.strictObject({
    corpus: z.string(),
    corpusSha256: z.string(),
    epochs: z.int().min(0),
    loss: z.number(),
    validationLoss: z.number().optional(),
  }).optional(),
  weights: fileDigestSchema.extend({
    /** A plain name, so that it cannot lead out of the folder. */
    file: z.string().regex(/^\w[\w.-]*\.safetensors$/),
  }),
});

/** What `folio.json` says, version 1. */
export type BundleJson = Readonly<z.infer<typeof schema>>;

/** On what a model was trained and how far it came. */
export interface TrainingSummary {
  /** The corpus by name. */
  readonly corpus: string;
  /** The SHA-256 of the corpus as a file. */
  readonly corpusSha256: string;
  /** How many epochs were trained. */
  readonly epochs: number;
  /** The loss of the last of them, in nats per character. */
  readonly loss: number;
  /** The same on the text that was held out. */
  readonly validationLoss?: number | undefined;
}

/**
 * Reads `folio.json`.
 *
 * @param bytes The file.
 * @returns What it says, in the right form; whether it is true is not known yet.
 * @throws {Error} If it is not JSON, not a bundle, of another version or malformed.
 */
export function parseBundleJson(bytes: Uint8Array): BundleJson {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Error("it is not JSON in UTF-8", { cause });
  }
  const { format, version } = Object(json) as Record<string, unknown>;
  if (format !== "folio") throw new Error('it lacks "format": "folio"');
  if (typeof version === "number" && version !== 1) {
    throw new Error(`it is of version ${version}, this folio reads version 1`);
  }
  return checkBundleJson(json);
}

/**
 * Checks the form of what is, or shall be, in `folio.json`.
 *
 * @param json The value.
 * @returns The same, typed.
 * @throws {Error} If a field lacks, is too many or of the wrong kind; it is named.
 */
export function checkBundleJson(json: unknown): BundleJson {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = firstIssue(result.error);
  throw new Error(`${path.join(".") || "the whole"}: ${message}`);
}
