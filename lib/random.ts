/**
 * Random numbers by counting: every number is a function of a key and a position.
 *
 * There is no hidden state to carry, save or restore. The number at position 7 is the same whether
 * we ask for it first or last, alone or in a batch, on the CPU or in a shader, which is what makes
 * one seed mean the same shuffle, the same weights and the same text everywhere.
 *
 * @module
 */

/**
 * What a seed is used for. Each use has a stream of its own, so that the order of the batches and
 * the initial weights never share a number though they share a seed.
 */
export const streams = {
  /** The order of the training sequences, by epoch. */
  shuffle: 1,
  /** Where an epoch begins to cut, by epoch. */
  offset: 2,
  /** The first weights, by weight. */
  weights: 3,
  /** The draws of characters, by text. */
  sampling: 4,
} as const;

/** 2^32 divided by the golden ratio: spreads the small stream numbers over all 32 bits. */
const streamSpread = 0x9E3779B1;

/**
 * Mixes four 32-bit words into four others: the function pcg4d of Jarzynski and Olano.
 *
 * It needs nothing but 32-bit multiply, add, exclusive or and shift, so a WGSL shader that does the
 * same gets the same bits. Source: M. Jarzynski and M. Olano, "Hash Functions for GPU Rendering",
 * Journal of Computer Graphics Techniques 9(3), 2020, https://jcgt.org/published/0009/03/02/.
 *
 * @param a The first word; like the others it is taken modulo 2^32.
 * @param b The second word.
 * @param c The third word.
 * @param d The fourth word.
 * @param out Receives the four mixed words; the caller brings it, so that a loop allocates nothing.
 *
 * @example Mixing a counter
 * ```ts
 * import { random } from "folio";
 * import assert from "node:assert/strict";
 *
 * const out = new Uint32Array(4);
 * random.hash4(1, 2, 3, 4, out);
 * const first = Array.from(out);
 * random.hash4(1, 2, 3, 5, out);
 * assert.notDeepEqual(Array.from(out), first);
 * ```
 */
export function hash4(
  a: number,
  b: number,
  c: number,
  d: number,
  out: Uint32Array,
): void {
  // One step of a linear congruential generator in each word.
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  let w = (Math.imul(d, 1664525) + 1013904223) | 0;
  // Twice round the words, each taking up the product of two others. Products only carry upwards,
  // so between the rounds the high bits are folded onto the low ones.
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  out[0] = x;
  out[1] = y;
  out[2] = z;
  out[3] = w;
}

/**
 * Turns a 32-bit word into a number strictly between 0 and 1.
 *
 * It keeps the 24 high bits and stands in the middle of its cell, so that a logarithm of it, or of
 * one minus it, is always finite.
 *
 * @param word An unsigned 32-bit integer.
 * @returns One of 2^24 evenly spaced numbers, never 0 and never 1.
 *
 * @example The two ends
 * ```ts
 * import { random } from "folio";
 * import assert from "node:assert/strict";
 *
 * assert.equal(random.uniform(0), 0.5 / 2 ** 24);
 * assert.equal(random.uniform(0xFFFFFFFF), 1 - 0.5 / 2 ** 24);
 * ```
 */
export function uniform(word: number): number {
  return ((word >>> 8) + 0.5) / 0x1000000;
}

/** What sets one sequence of random numbers apart from all others. */
export interface RandomKey {
  /** The seed that a person gives: an integer from 0 to 2^32 − 1. */
  readonly seed: number;
  /** What the numbers are for: one of {@linkcode streams}. */
  readonly stream: number;
  /** Which of several like things: a text of a batch, an epoch, a weight. Default 0. */
  readonly index?: number | undefined;
}

/**
 * A sequence of random numbers that is read by position instead of one after the other.
 *
 * A position is one draw: take from it bits, or a uniform number, or an integer, or a normal one,
 * for they all come from the same words. Positions and components are taken modulo 2^32.
 *
 * @example A die that remembers nothing and repeats itself
 * ```ts
 * import { random } from "folio";
 * import assert from "node:assert/strict";
 *
 * const die = new random.CounterRandom({ seed: 7, stream: random.streams.sampling });
 * const again = new random.CounterRandom({ seed: 7, stream: random.streams.sampling });
 * const third = 1 + die.below(3, 6);
 * assert(third >= 1 && third <= 6);
 * assert.equal(1 + again.below(3, 6), third);
 * ```
 */
export class CounterRandom {
  readonly #seed: number;
  readonly #stream: number;
  readonly #words = new Uint32Array(4);

  /**
   * Makes the sequence of one key.
   *
   * @param key Seed, stream and, where there are several of a kind, which one.
   * @throws {RangeError} If a part of the key is not an integer from 0 to 2^32 − 1.
   */
  constructor(key: RandomKey) {
    const { seed, stream, index = 0 } = key;
    requireWord("seed", seed);
    requireWord("stream", stream);
    requireWord("index", index);
    this.#seed = seed;
    this.#stream = (Math.imul(stream, streamSpread) + index) >>> 0;
  }

  /** The first two words that {@linkcode hash4} mixes: what a shader needs to draw the same. */
  get words(): readonly [number, number] {
    return [this.#seed, this.#stream];
  }

  /**
   * The random bits at a position.
   *
   * @param position Which number of the sequence.
   * @param component Which of the numbers that belong to this position, as one for each token. Default 0.
   * @returns An unsigned 32-bit integer.
   */
  bits(position: number, component = 0): number {
    hash4(this.#seed, this.#stream, position, component, this.#words);
    return this.#words[0]!;
  }

  /**
   * The uniform number at a position.
   *
   * @param position Which number of the sequence.
   * @param component Which of the numbers that belong to this position. Default 0.
   * @returns A number strictly between 0 and 1.
   */
  uniform(position: number, component = 0): number {
    return uniform(this.bits(position, component));
  }

  /**
   * The integer below `n` at a position.
   *
   * @param position Which number of the sequence.
   * @param n How many integers to choose from: from 1 to 2^32 − 1.
   * @returns An integer from 0 to `n` − 1; none is likelier than another by more than one
   * part in two million.
   * @throws {RangeError} If `n` is not an integer from 1 to 2^32 − 1.
   */
  below(position: number, n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 0xFFFFFFFF) {
      throw new RangeError(
        `Cannot draw below ${n}: it must be an integer from 1 to 2^32 - 1`,
      );
    }
    hash4(this.#seed, this.#stream, position, 0, this.#words);
    // 53 bits are all that a double holds; scaled to n, rounding can never lift them to n itself.
    const bits53 = this.#words[0]! * 0x200000 + (this.#words[1]! >>> 11);
    return Math.floor(bits53 / 0x20000000000000 * n);
  }

  /**
   * The normally distributed number at a position, by the transform of Box and Muller.
   *
   * @param position Which number of the sequence.
   * @returns A number from the distribution with mean 0 and variance 1; its size is below 6.
   */
  normal(position: number): number {
    hash4(this.#seed, this.#stream, position, 0, this.#words);
    const radius = Math.sqrt(-2 * Math.log(uniform(this.#words[0]!)));
    return radius * Math.cos(2 * Math.PI * uniform(this.#words[1]!));
  }
}

function requireWord(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xFFFFFFFF) {
    throw new RangeError(
      `Cannot use ${value} as ${name}: it must be an integer from 0 to 4294967295 (2^32 - 1)`,
    );
  }
}
