/**
 * What the notebooks of the course hand to each other: files in a folder for each notebook.
 *
 * @module
 */
import * as z from "zod";
import type { ModelConfig, TrainingConfig } from "../config.ts";
import { disk, isMissing, writeWhole } from "../files/file_system.ts";
import type { Corpus } from "../text/corpus.ts";
import { Vocabulary } from "../text/vocabulary.ts";

/** What notebook 6 says of the model that it trains. */
export interface CourseModel {
  /** The preset's name. */
  readonly preset: string;
  /** The sizes of the model. */
  readonly model: ModelConfig;
  /** How it was trained. */
  readonly training: TrainingConfig;
  /** The text that it was trained on; older files do not say it. */
  readonly corpus?: Pick<Corpus, "name" | "sha256"> | undefined;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const corpusFile = z.looseObject({
  name: z.string(),
  source: z.string(),
  sha256,
  length: z.number().optional(),
});
const vocabularyFile = z.looseObject({ corpusSha256: sha256.optional() });
const modelFile = z.looseObject({
  preset: z.string(),
  model: z.looseObject({ vocabularySize: z.number() }),
  training: z.looseObject({}),
  corpus: z.object({ name: z.string(), sha256 }).optional(),
});

/**
 * The files that the notebooks hand to each other. Each reading compares where a file comes from with
 * the text that notebook 1 holds now, so that no notebook goes on with what was made of another text.
 *
 * @example
 * ```ts
 * import { CourseOutputs } from "folio";
 * import assert from "node:assert/strict";
 *
 * const outputs = new CourseOutputs(await Deno.makeTempDir());
 * const corpus = { name: "greeting", text: "hello", source: "here", sha256: "0".repeat(64) };
 * await outputs.saveCorpus(corpus);
 * assert.equal((await outputs.corpus()).text, "hello");
 * await assert.rejects(outputs.vocabulary(), /run 02_vectorize.ipynb first/);
 * ```
 */
export class CourseOutputs {
  readonly #folder: string;

  /**
   * Names the folder; nothing is read or written yet.
   *
   * @param folder The folder that holds a folder for each notebook, such as `"../outputs"`.
   */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes a file, whole or not at all.
   *
   * @param file Its notebook and name, such as `"02_vectorize/vocabulary.json"`.
   * @param value The content: a string as it is, anything else as JSON.
   * @returns The path of the file.
   */
  async save(file: string, value: unknown): Promise<string> {
    const path = `${this.#folder}/${file}`;
    await disk.makeFolder(path.slice(0, path.lastIndexOf("/")));
    const content = typeof value === "string" ? value : JSON.stringify(value, null, 2) + "\n";
    await writeWhole(path, content);
    return path;
  }

  /**
   * Reads a file that another notebook has written.
   *
   * @param file Its notebook and name, such as `"06_train/history.json"`.
   * @returns Its text.
   * @throws {Error} If there is none; it says which notebook writes it.
   */
  async read(file: string): Promise<string> {
    try {
      return new TextDecoder().decode(await disk.read(`${this.#folder}/${file}`));
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      const [notebook] = file.split("/");
      throw new Error(`outputs/${file} is missing: run ${notebook}.ipynb first`, { cause });
    }
  }

  /** Saves the corpus of notebook 1. */
  async saveCorpus({ text, ...origin }: Corpus): Promise<void> {
    await this.save("01_download/corpus.txt", text);
    await this.save("01_download/corpus.json", { ...origin, length: text.length });
  }

  /**
   * The corpus of notebook 1.
   *
   * @throws {Error} If there is none, or its two files are not of one text.
   */
  async corpus(): Promise<Corpus> {
    const text = await this.read("01_download/corpus.txt");
    const { length, ...origin } = await this.#readJson("01_download/corpus.json", corpusFile);
    if (length !== undefined && length !== text.length) {
      throw new Error(
        `outputs/01_download/corpus.txt has ${text.length} code units, but corpus.json beside it ` +
          `speaks of ${length}: run 01_download.ipynb again`,
      );
    }
    return { ...origin, text };
  }

  /** Saves the vocabulary of notebook 2, and which text it was made of. */
  async saveVocabulary(
    vocabulary: Vocabulary,
    { sha256 }: Pick<Corpus, "sha256">,
  ): Promise<string> {
    const value = { ...vocabulary.toJSON(), corpusSha256: sha256 };
    return await this.save("02_vectorize/vocabulary.json", value);
  }

  /**
   * The vocabulary of notebook 2.
   *
   * @throws {Error} If there is none, or it was made of another text than the corpus.
   */
  async vocabulary(): Promise<Vocabulary> {
    const json = await this.#readJson("02_vectorize/vocabulary.json", vocabularyFile);
    const vocabulary = Vocabulary.fromJSON(json);
    const { name, text, sha256 } = await this.corpus();
    const { corpusSha256 } = json;
    // A file from before the digest was written down.
    const isOfText = () => `${Vocabulary.fromText(text).characters}` === `${vocabulary.characters}`;
    if (corpusSha256 === undefined ? !isOfText() : corpusSha256 !== sha256) {
      throw new Error(
        `outputs/02_vectorize/vocabulary.json was made of another text than ${name}, which ` +
          "outputs/01_download holds now: run 02_vectorize.ipynb again",
      );
    }
    return vocabulary;
  }

  /**
   * What notebook 6 says of its model, for which its checkpoints are.
   *
   * @throws {Error} If there is none, or it was trained on another text than the corpus.
   */
  async model(): Promise<CourseModel> {
    const settings = await this.#readJson("06_train/config.json", modelFile);
    const { name, sha256 } = await this.corpus();
    const { size } = await this.vocabulary();
    const { corpus } = settings;
    const known = settings.model.vocabularySize;
    if (corpus === undefined ? known !== size : corpus.sha256 !== sha256) {
      throw new Error(
        `The model in outputs/06_train was trained on ${corpus?.name ?? "another text"} (SHA-256 ` +
          `${corpus?.sha256.slice(0, 8) ?? "unknown"}…), but outputs/01_download now holds ` +
          `${name} (SHA-256 ${sha256.slice(0, 8)}…): run 06_train.ipynb again`,
      );
    }
    if (known !== size) {
      throw new Error(
        `The model in outputs/06_train knows ${known} ids, but the vocabulary in ` +
          `outputs/02_vectorize has ${size}: run 06_train.ipynb again`,
      );
    }
    return settings as unknown as CourseModel;
  }

  async #readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value> {
    const text = await this.read(file);
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const [notebook] = file.split("/");
      const reason = cause instanceof z.ZodError
        ? z.prettifyError(cause)
        : (cause as Error).message;
      throw new Error(`Cannot read outputs/${file} (${reason}): run ${notebook}.ipynb again`, {
        cause,
      });
    }
  }
}
