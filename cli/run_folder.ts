/**
 * The folder of a training: what it was begun with, and what it has made so far.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { disk, writeWhole } from "../lib/files/file_system.ts";
import { openSealedJson, sealJson } from "../lib/files/sealed_json.ts";
import type { TrainingHistory } from "../lib/mod.ts";
import { oneLine } from "./exit.ts";
import type { Settings } from "./settings.ts";

const count = z.int().min(0);

const settingsSchema: z.ZodType<Settings> = z.strictObject({
  embeddingDim: count,
  rnnUnits: count,
  layers: count,
  embeddingScale: z.number(),
  epochs: count,
  batchSize: count,
  sequenceLength: count,
  shuffleBuffer: count,
  learningRate: z.number(),
  finalLearningRate: z.number(),
  warmupSteps: count,
  decay: z.enum(["none", "cosine"]),
  clipNorm: z.number().nullable(),
  randomOffset: z.boolean(),
  validationFraction: z.number(),
  seed: count,
});

const runSchema = z.strictObject({
  format: z.literal("folio-run"),
  version: z.literal(1),
  corpus: z.strictObject({ name: z.string(), source: z.string(), sha256: z.string() }),
  settings: settingsSchema,
});

/** What a training was begun with. */
export type Run = Pick<z.infer<typeof runSchema>, "corpus" | "settings">;

const [runFile, historyFile, checkpoints, bundle] = [
  "run.json",
  "history.json",
  "checkpoints",
  "bundle",
];

/** A training's folder: `run.json`, `history.json`, `checkpoints/` and `bundle/`. */
export class RunFolder {
  readonly #path: string;

  /**
   * Names the folder; nothing is read or written yet.
   *
   * @param path Its path.
   */
  constructor(path: string) {
    this.#path = path;
  }

  /** Where its checkpoints go. */
  get checkpoints(): string {
    return join(this.#path, checkpoints);
  }

  /** Where its bundle goes. */
  get bundle(): string {
    return join(this.#path, bundle);
  }

  /**
   * Reads what the training was begun with.
   *
   * @returns Undefined where there is no training yet.
   * @throws {Error} If the folder holds something else, or cannot be read.
   */
  async read(): Promise<Run | undefined> {
    const names = await visibleNames(this.#path);
    if (names.length === 0) return undefined;
    if (!names.includes(runFile)) {
      throw new Error(
        `Cannot train into ${this.#path}: it holds "${names[0]}" and no run of ours. ` +
          "Choose a new folder",
      );
    }
    const path = join(this.#path, runFile);
    try {
      const { corpus, settings } = runSchema.parse(
        await openSealedJson(await Deno.readTextFile(path)),
      );
      return { corpus, settings };
    } catch (cause) {
      const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : oneLine(cause);
      throw new Error(`Cannot read ${path}: ${reason}`, { cause });
    }
  }

  /**
   * Begins a training: what one before it has made is removed.
   *
   * @param run What it begins with.
   */
  async begin(run: Run): Promise<void> {
    for (const name of [bundle, historyFile, checkpoints]) {
      await Deno.remove(join(this.#path, name), { recursive: true }).catch(ignoreMissing);
    }
    await this.update(run);
  }

  /**
   * Writes down what a training goes on with.
   *
   * @param run Its corpus and settings.
   */
  async update(run: Run): Promise<void> {
    await disk.makeFolder(this.#path);
    await this.#write(runFile, { format: "folio-run", version: 1, ...run });
  }

  /**
   * Writes the history so far.
   *
   * @param history All epochs that have ended.
   */
  async writeHistory(history: TrainingHistory): Promise<void> {
    await this.#write(historyFile, history);
  }

  async #write(name: string, value: object): Promise<void> {
    await writeWhole(join(this.#path, name), await sealJson(value));
  }
}

/** Hidden files are the system's and the editor's. */
async function visibleNames(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new Error(`Cannot use the folder ${folder}: ${oneLine(error)}`, { cause: error });
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
