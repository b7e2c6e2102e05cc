/**
 * Drawing one token from its logits.
 *
 * @module
 */
/** How characters are drawn. */
export interface SampleOptions {
  /** 1, the default, as the model says; lower is safer, higher is wilder. */
  readonly temperature?: number | undefined;
  /** The same seed, the same text. An integer from 0 to 2^32 − 1; default 0. */
  readonly seed?: number | undefined;
}

/** How the next token is drawn. */
export interface SampleTokenOptions {
  /** What the logits are divided by. */
  readonly temperature: number;
  /** Where the random numbers come from, such as a `random.CounterRandom`. */
  readonly random: { uniform(position: number, component: number): number };
  /** Which draw this is: the number of tokens drawn before it. */
  readonly position: number;
}

/**
 * Draws the id of the next token with the probabilities softmax(logits / T).
 *
 * It is the Gumbel-max trick: to each logit / T we add noise −log(−log u), u
 * uniform, and take the largest. The noise of a token depends on nothing but the
 * seed, the position and the token's id, so nothing has to be summed in a fixed
 * order and a shader can draw the same token. Id 0, `[UNK]`, is never drawn.
 *
 * Source: E. J. Gumbel, "Statistical Theory of Extreme Values and Some Practical
 * Applications", 1954; C. J. Maddison et al., "A* Sampling", 2014.
 *
 * @param logits One row: a number for each id of the vocabulary.
 * @param options Temperature and randomness.
 * @returns An id from 1 to `logits.length` − 1.
 * @throws {TypeError} If the temperature is not a number.
 * @throws {RangeError} If the temperature is not positive and finite.
 * @throws {Error} If the logits are no distribution, as after diverged training.
 *
 * @example The likeliest token wins when it is cold
 * ```ts
 * import { random, sampleToken } from "folio";
 * import assert from "node:assert/strict";
 *
 * const draws = new random.CounterRandom({ seed: 0, stream: random.streams.sampling });
 * const logits = Float32Array.of(9, 1, 3, 2);
 * assert.equal(sampleToken(logits, { temperature: 0.01, random: draws, position: 0 }), 2);
 * ```
 */
export function sampleToken(
  logits: Float32Array,
  options: SampleTokenOptions,
): number {
  const { temperature, random, position } = options;
  checkTemperature(temperature);
  let best = 0, bestScore = -Infinity, bestLogit = -Infinity;
  for (let id = 1; id < logits.length; id++) {
    const logit = logits[id]!;
    if (Number.isNaN(logit) || logit === Infinity) {
      throw new Error(`Cannot sample: the logit of id ${id} is ${logit}`);
    }
    if (logit === -Infinity) continue; // masked out: never drawn
    const noise = -Math.log(-Math.log(random.uniform(position, id)));
    const score = logit / temperature + noise;
    // Close to zero temperature scores overflow; then the larger logit wins.
    if (best === 0 || score > bestScore || (score === bestScore && logit > bestLogit)) {
      best = id;
      bestScore = score;
      bestLogit = logit;
    }
  }
  if (best === 0) {
    throw new Error("Cannot sample: no token but [UNK] has a finite logit");
  }
  return best;
}

/**
 * Checks a temperature before anything is computed with it.
 *
 * @param temperature What a person gave.
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not positive and finite.
 */
export function checkTemperature(temperature: unknown): void {
  if (typeof temperature !== "number") {
    const given = typeof temperature === "string"
      ? JSON.stringify(temperature)
      : String(temperature);
    throw new TypeError(`Cannot use temperature ${given}: it is not a number`);
  }
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(
      `Cannot use temperature ${temperature}: it must be positive and finite; ` +
        `for the likeliest character at each step take a small one, as 0.01`,
    );
  }
}
