/**
 * How many threads a product that is computed again and again should use.
 *
 * @module
 */

/** Every so many calls the way that seems slower gets a chance. */
const trialInterval = 32;
/** The share of a new measurement in the running mean. */
const share = 1 / 8;

/**
 * Chooses between all threads and one, by what each took lately.
 *
 * On an idle machine two threads are faster. But a product of a fraction of a
 * millisecond ends when its last thread does, and where another program wants one of
 * the cores that thread waits several milliseconds for its turn: then one thread is
 * faster by far. The results are the same to the bit.
 */
export class ThreadPace {
  #calls = 0;
  readonly #means = { all: NaN, one: NaN };

  /** Which way to compute the next product. */
  choose(): "all" | "one" {
    const { all, one } = this.#means;
    const calls = this.#calls++;
    if (Number.isNaN(all)) return "all";
    if (Number.isNaN(one)) return "one";
    const [faster, slower] = all <= one ? ["all", "one"] as const : ["one", "all"] as const;
    return calls % trialInterval === 0 ? slower : faster;
  }

  /** Takes note of what it took. */
  record(way: "all" | "one", milliseconds: number): void {
    const mean = this.#means[way];
    this.#means[way] = Number.isNaN(mean) ? milliseconds : mean + share * (milliseconds - mean);
  }
}
