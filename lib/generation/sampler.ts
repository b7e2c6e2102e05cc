/**
 * Sampling tokens, one after the other: one interface over the two ways a device has.
 *
 * @module
 */
import type { CounterRandom } from "../random.ts";
import type { CharModel } from "../model/char_model.ts";
import { type DeviceSampler, openDeviceSampler } from "../model/device_sampler.ts";
import { openStepper, type Stepper } from "../model/stepper.ts";
import { logitRows } from "../model/logit_rows.ts";
import type { Prefill } from "./prefill.ts";
import { sampleToken } from "./sampling.ts";

/** Draws the tokens of a batch of texts. */
export interface Sampler extends Disposable {
  /**
   * Draws on.
   *
   * @param most How many positions at most, 1 at least.
   * @returns One array or more, one for each position, with the id of each text.
   * @throws {Error} If the logits are no distribution, as after diverged training.
   */
  draw(most: number): Promise<Int32Array[]>;
  /** Frees what it holds. */
  dispose(): void;
}

/** How tokens are drawn. */
export interface SamplerOptions {
  readonly temperature: number;
  /** The randomness of each text. */
  readonly randoms: readonly CounterRandom[];
  /** Is shown the logits of each text where they are at hand; see `StreamOptions`. */
  readonly onLogits?: ((rows: readonly Float32Array[], position: number) => void) | undefined;
}

/**
 * Goes on where a prefill ended.
 *
 * @param model The model.
 * @param prefilled Where the model is after the prompts; it stays the caller's.
 * @param options How to draw.
 * @returns What draws, on the device if the device can; its owner disposes it.
 */
export function openSampler(
  model: CharModel,
  prefilled: Prefill,
  options: SamplerOptions,
): Sampler {
  const { temperature, randoms, onLogits } = options;
  const words = randoms.map((random) => random.words);
  const onDevice = openDeviceSampler(model, { ...prefilled, words, temperature });
  return onDevice
    ? new ChunkedSampler(onDevice, onLogits)
    : new HostSampler(model, prefilled, options);
}

/** Reads the logits off the device for every token, and draws it here. */
class HostSampler implements Sampler {
  readonly #options: SamplerOptions;
  readonly #stepper: Stepper;
  #rows: Float32Array[] | Promise<Float32Array[]>; // [batch] × [vocabularySize]
  #position = 0;
  #ids: Int32Array | undefined;

  constructor(model: CharModel, prefilled: Prefill, options: SamplerOptions) {
    this.#options = options;
    this.#stepper = openStepper(model, prefilled.state);
    this.#rows = logitRows(prefilled.logits);
  }

  async draw(): Promise<Int32Array[]> {
    // Only now that one more is asked for, the one before is worth reading.
    if (this.#ids !== undefined) this.#rows = this.#stepper.step(this.#ids);
    const { temperature, randoms, onLogits } = this.#options;
    const position = this.#position++;
    const rows = await this.#rows;
    onLogits?.(rows, position);
    this.#ids = Int32Array.from(
      rows,
      (logits, text) => sampleToken(logits, { temperature, random: randoms[text]!, position }),
    );
    return [this.#ids];
  }

  dispose(): void {
    this.#stepper.dispose();
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * How many tokens are drawn at a time: few at first, so that a stream begins at once; then twice as
 * many each time, as long as that takes less than `unnoticed` milliseconds.
 */
const [fewest, mostAtOnce, unnoticed] = [8, 1024, 50];

/** Tokens that the device is drawing. */
interface Draw {
  readonly ids: Promise<Int32Array[]>;
  readonly count: number;
  /** The logits after the last of them, where they are wanted. */
  readonly logits: Promise<Float32Array[]> | undefined;
}

/**
 * Lets the device draw many tokens, and reads those off. While some are read, it draws the next: a
 * reading can take 10 ms longer than the drawing, as in Deno, which looks only that often whether it
 * has ended.
 */
class ChunkedSampler implements Sampler {
  readonly #writer: DeviceSampler;
  readonly #onLogits: SamplerOptions["onLogits"];
  #count = fewest;
  #position = 0;
  #next: Draw | undefined;
  #error: Error | undefined;

  constructor(writer: DeviceSampler, onLogits: SamplerOptions["onLogits"]) {
    this.#writer = writer;
    this.#onLogits = onLogits;
  }

  async draw(most: number): Promise<Int32Array[]> {
    if (this.#error === undefined) {
      if (this.#position === 0) this.#onLogits?.(await this.#writer.logits(), 0);
      const start = performance.now();
      const { ids, count, logits } = this.#next ?? this.#begin(most);
      // The next draw would change the logits while they are read.
      const isAhead = most > count && logits === undefined;
      this.#next = isAhead ? this.#begin(most - count) : undefined;
      const [drawn, after] = await Promise.all([ids, logits]);
      if (performance.now() - start < unnoticed) {
        this.#count = Math.min(2 * this.#count, mostAtOnce);
      }
      this.#position += count;
      if (after !== undefined) this.#onLogits?.(after, this.#position);
      const wrong = drawn.findIndex((ids) => ids.some((id) => id < 1));
      if (wrong < 0) return drawn;
      this.#error = errorOf(drawn[wrong]!.find((id) => id < 1)!);
      if (wrong > 0) return drawn.slice(0, wrong);
    }
    throw this.#error;
  }

  #begin(most: number): Draw {
    const count = Math.min(most, this.#count);
    const ids = this.#writer.draw(count);
    // Asked for before the ids have come, so that the device is waited for once.
    const logits = this.#onLogits && this.#writer.logits();
    // Whoever stops in between does not wait for them.
    for (const reading of [ids, logits]) reading?.catch(() => {});
    return { ids, count, logits };
  }

  dispose(): void {
    this.#writer.dispose();
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What a device says with an id below 1. */
function errorOf(id: number): Error {
  if (id < 0) return new Error(`Cannot sample: the logit of id ${-1 - id} is NaN or infinite`);
  return new Error("Cannot sample: no token but [UNK] has a finite logit");
}
