/**
 * The writer: a model and the characters that it knows.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type CharModel, createCharModel } from "../model/char_model.ts";
import { assignWeights, requireFinite, weightsToRecords } from "../model/weights.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { type LoadOptions, readBundle, writeBundle } from "./bundle.ts";
import type { TrainingSummary } from "./bundle_json.ts";
import { decode, samplingRandoms } from "./decode.ts";
import type { SamplerOptions } from "./sampler.ts";
import { EventLoopYield } from "../event_loop.ts";
import { checkLength, encodePrompts, idRows } from "./prompts.ts";
import { checkTemperature, type SampleOptions } from "./sampling.ts";
import { type StepResult, type StepState, takeStep } from "./step.ts";

/** How {@linkcode OneStep.generate} and {@linkcode OneStep.stream} write. */
export interface GenerateOptions extends SampleOptions {
  /** How many characters to write after the prompt. Default 1000. */
  readonly length?: number | undefined;
  /** Stops the writing after the current character. */
  readonly signal?: AbortSignal | undefined;
}

/** How {@linkcode OneStep.stream} writes, and what it shows on the way. */
export interface StreamOptions extends GenerateOptions {
  /**
   * Is shown the logits out of which a character is drawn, and how many were drawn before
   * it. Where the host draws, it is called before each character; where the device does,
   * before the first and after each chunk that the device has drawn. The logits change
   * after the call.
   */
  readonly onLogits?: ((logits: Float32Array, position: number) => void) | undefined;
}

/** What {@linkcode OneStep.step} gives. */
export interface Step extends StepResult {
  /** The character drawn for each text. */
  readonly characters: readonly string[];
}

/**
 * A model that writes: it draws one character after the other, each from the
 * probabilities that follow all characters before it.
 *
 * @example Writing with a model
 * ```ts
 * import { createCharModel, OneStep, presets, selectDevice, Vocabulary } from "folio";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const vocabulary = Vocabulary.fromText("to be or not to be");
 * const sizes = { ...presets.quick.model, rnnUnits: 8, vocabularySize: vocabulary.size };
 * using model = createCharModel(sizes); // freed at the end of the block, as model.dispose() does
 * const writer = new OneStep(model, vocabulary);
 *
 * const options = { length: 20, temperature: 0.8, seed: 1 };
 * let text = "to be";
 * for await (const character of writer.stream(text, options)) text += character;
 * assert.equal(text, await writer.generate("to be", options));
 * ```
 */
export class OneStep implements Disposable {
  /** What predicts the next character. */
  readonly model: CharModel;
  /** The characters that it knows. */
  readonly vocabulary: Vocabulary;
  /** What it was trained on, where that is known. */
  readonly training: TrainingSummary | undefined;
  /** Shared by all steps, because one alone never takes long enough for a pause. */
  readonly #eventLoop = new EventLoopYield();
  /** Whether the model was made here, by `load`, and nobody else disposes it. */
  #ownsModel = false;

  /**
   * Makes a writer of a model.
   *
   * @param model The model, which the writer does not copy; its owner disposes it.
   * @param vocabulary The vocabulary that it was trained with.
   * @param options What to say of its training when it is saved.
   * @throws {RangeError} If model and vocabulary are of different sizes.
   */
  constructor(
    model: CharModel,
    vocabulary: Vocabulary,
    options: { readonly training?: TrainingSummary | undefined } = {},
  ) {
    const { vocabularySize } = model.config;
    if (vocabularySize !== vocabulary.size) {
      throw new RangeError(
        `Cannot write with a model of ${vocabularySize} tokens and a vocabulary ` +
          `of ${vocabulary.size}: take the vocabulary that it was trained with`,
      );
    }
    this.model = model;
    this.vocabulary = vocabulary;
    this.training = options.training;
  }

  /**
   * Takes one step: reads what is new of some texts, draws one character for each.
   *
   * The first step reads the prompts, which may differ in length. Each step after
   * it reads the characters drawn before, and goes on from the state before.
   *
   * @param inputs The new characters of each text, or their ids, `[batch, time]`.
   * @param state Where the step before ended; undefined for the first.
   * @param options Temperature and seed.
   * @returns The characters drawn, their ids, the logits and the new state.
   * @throws {RangeError} If an input is empty or unknown, or not the state's.
   *
   * @example Writing by hand what `generate` writes
   * ```ts
   * import { createCharModel, OneStep, presets, selectDevice, type StepState, Vocabulary } from "folio";
   * import assert from "node:assert/strict";
   *
   * await selectDevice({ name: "cpu" });
   * const vocabulary = Vocabulary.fromText("to be or not to be");
   * const sizes = { ...presets.quick.model, rnnUnits: 8, vocabularySize: vocabulary.size };
   * using model = createCharModel(sizes);
   * const writer = new OneStep(model, vocabulary);
   *
   * let text = "to be", next: readonly string[] = [text], state: StepState | undefined;
   * for (let n = 0; n < 20; n++) {
   *   const step = await writer.step(next, state);
   *   [next, state] = [step.characters, step.state];
   *   text += next[0];
   * }
   * assert.equal(text, await writer.generate("to be", { length: 20 }));
   * ```
   */
  async step(
    inputs: readonly string[] | tf.Tensor2D,
    state?: StepState,
    options: SampleOptions = {},
  ): Promise<Step> {
    const { temperature = 1, seed = 0 } = options;
    checkTemperature(temperature);
    const texts = inputs instanceof tf.Tensor
      ? await idRows(inputs, this.vocabulary)
      : encodePrompts(inputs, this.vocabulary);
    const step = await takeStep(this.model, texts, {
      state,
      temperature,
      seed,
      eventLoop: this.#eventLoop,
    });
    return { ...step, characters: Array.from(step.ids, (id) => this.vocabulary.decode([id])) };
  }

  /**
   * Writes on from one prompt, or from several at once.
   *
   * Each text of a batch has random numbers of its own: the first draws as it
   * would alone, the others draw otherwise than they would alone.
   *
   * @param prompt One prompt, or several of any lengths.
   * @param options Length, temperature, seed and signal.
   * @returns The prompt and what follows it; of several, an array of such.
   * @throws {TypeError} If a prompt is no string, or an option no number.
   * @throws {RangeError} If a prompt is empty or has an unknown character, or an
   * option is out of range.
   * @throws The reason of the signal, if it is aborted.
   */
  generate(prompt: string, options?: GenerateOptions): Promise<string>;
  /** Writes on from several prompts at once. */
  generate(
    prompts: readonly string[],
    options?: GenerateOptions,
  ): Promise<string[]>;
  async generate(
    prompt: string | readonly string[],
    options: GenerateOptions = {},
  ): Promise<string | string[]> {
    if (typeof prompt === "string") return (await this.generate([prompt], options)).join("");
    const ids: number[][] = [];
    for await (const drawn of this.#continue(prompt, options)) {
      drawn.forEach((id, text) => (ids[text] ??= []).push(id));
    }
    return prompt.map((text, i) => text + this.vocabulary.decode(ids[i] ?? []));
  }

  /**
   * Writes on from a prompt and hands over each character as it is drawn: joined,
   * they are what `generate` writes after the prompt.
   *
   * @param prompt The prompt.
   * @param options Length, temperature, seed and signal; and who wants to see the logits.
   * @returns The characters; leaving the loop early frees what it holds.
   * @throws {TypeError} If the prompt is no string, or an option no number.
   * @throws {RangeError} If the prompt is empty or has an unknown character, or an
   * option is out of range.
   * @throws The reason of the signal, while reading, if it is aborted.
   */
  stream(
    prompt: string,
    options: StreamOptions = {},
  ): AsyncIterableIterator<string> {
    const { vocabulary } = this;
    const { onLogits } = options;
    const drawn = this.#continue([prompt], {
      ...options,
      onLogits: onLogits && ((rows, position) => rows.forEach((row) => onLogits(row, position))),
    });
    return (async function* () {
      for await (const ids of drawn) yield vocabulary.decode(ids);
    })();
  }

  /** Checks everything at once, and draws when it is iterated over. */
  #continue(
    prompts: readonly string[],
    options: GenerateOptions & Pick<SamplerOptions, "onLogits">,
  ) {
    const { length = 1000, temperature = 1, seed = 0, signal, onLogits } = options;
    checkLength(length);
    checkTemperature(temperature);
    const texts = encodePrompts(prompts, this.vocabulary);
    const randoms = samplingRandoms(seed, texts.length);
    return decode(this.model, texts, {
      length,
      temperature,
      randoms,
      signal,
      onLogits,
    });
  }

  /**
   * Saves model and vocabulary as a folder, whole or not at all; another bundle
   * there is replaced.
   *
   * @param dir The folder, which gets `model.safetensors`, `folio.json` and, for
   * people, a `README.md`.
   * @throws {Error} If there is something else in the folder, or writing fails.
   *
   * @example Saving, and loading as someone else would
   * ```ts
   * import { createCharModel, OneStep, presets, selectDevice, Vocabulary } from "folio";
   * import assert from "node:assert/strict";
   *
   * await selectDevice({ name: "cpu" });
   * const vocabulary = Vocabulary.fromText("to be or not to be");
   * const sizes = { ...presets.quick.model, rnnUnits: 8, vocabularySize: vocabulary.size };
   * using model = createCharModel(sizes);
   * const writer = new OneStep(model, vocabulary);
   * const dir = await Deno.makeTempDir();
   * await writer.save(dir);
   * using reloaded = await OneStep.load(dir); // with a model of its own
   * assert.equal(await reloaded.generate("to"), await writer.generate("to"));
   * await Deno.remove(dir, { recursive: true });
   * ```
   */
  async save(dir: string): Promise<void> {
    const { model: { config }, vocabulary, training } = this;
    const records = await weightsToRecords(this.model.weights());
    requireFinite(records, `save the model to ${dir}`);
    const tensors = new Map(records.map((record) => [record.name, record]));
    await writeBundle(dir, { config, vocabulary, training, tensors });
  }

  /**
   * Loads what `save` has written, from a folder or from the web.
   *
   * Version, sizes, hashes, names and shapes are checked before the model is made.
   *
   * @param dirOrUrl A path, or a file:, http: or https: address.
   * @param options Who wants to know how far a download has come.
   * @returns A writer that owns its model: who disposes the writer frees the weights too.
   * @throws {Error} If a file is missing, altered or of another version; it is named.
   */
  static async load(dirOrUrl: string | URL, options: LoadOptions = {}): Promise<OneStep> {
    const { config, vocabulary, training, tensors } = await readBundle(dirOrUrl, options);
    requireFinite(tensors.values(), `write with the model in ${dirOrUrl}`);
    await tf.ready();
    const model = createCharModel(config, { initialize: false });
    try {
      assignWeights(model.weights(), tensors);
      const writer = new OneStep(model, vocabulary, { training });
      writer.#ownsModel = true;
      return writer;
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Frees the weights if `load` has made the model; one that was handed in stays its owner's. */
  dispose(): void {
    if (this.#ownsModel) this.model.dispose();
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
