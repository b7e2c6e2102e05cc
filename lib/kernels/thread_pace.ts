/**
 * How many threads a product that is computed again and again should use.
 *
 * @module
 */

import type { Product } from "./products.ts";

/** With all threads, or on one. */
export type Way = "all" | "one";

/** Every so many calls the way that seems slower gets a trial. */
const trialInterval = 96;
/** So many calls in a row: the first of them wakes the other threads, and does not count. */
const trialCalls = 4;
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
  #trial: Way = "one";
  #way: Way | undefined;
  /** Whether the way was just changed. */
  #changed = true;
  readonly #means = { all: NaN, one: NaN };

  /** Which way to compute the next product. */
  choose(): Way {
    const position = this.#calls++ % trialInterval;
    const { all, one } = this.#means;
    const slower = all <= one ? "one" : "all";
    if (position === 0 && !Number.isNaN(one)) this.#trial = slower;
    const faster = slower === "one" || Number.isNaN(all) ? "all" : "one";
    const way = position < trialCalls ? this.#trial : faster;
    this.#changed = way !== this.#way;
    this.#way = way;
    return way;
  }

  /** Takes note of what it took. */
  record(way: Way, milliseconds: number): void {
    if (this.#changed) return;
    const mean = this.#means[way];
    this.#means[way] = Number.isNaN(mean) ? milliseconds : mean + share * (milliseconds - mean);
  }
}

/** The paces of products, by their sizes. */
export class ProductPaces {
  readonly #paces = new Map<string, ThreadPace>();

  /** Computes a product the faster way, and takes note of how long it took. */
  run({ m, n, k }: Pick<Product, "m" | "n" | "k">, compute: (way: Way) => void): void {
    const key = [m, n, k].join();
    const pace = this.#paces.get(key) ?? new ThreadPace();
    this.#paces.set(key, pace);
    const way = pace.choose();
    const start = performance.now();
    compute(way);
    pace.record(way, performance.now() - start);
  }
}
