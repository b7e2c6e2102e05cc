/**
 * Whether other programs want the cores that the threads run on.
 *
 * @module
 */

/** A job is slowed down when it waits for other threads for more than this share of its time. */
const slowShare = 0.4;
/** So many slow jobs, more than the quick ones, and the threads leave the cores to others. */
const limit = 6;
/** For how long, in milliseconds; doubled, up to the second number, each time it was right. */
const [shortest, longest] = [200, 3_200];

/**
 * Watches how long jobs wait for other threads.
 *
 * Where another program holds a core, a thread that has begun its part may wait milliseconds for
 * its next turn, and all others with it, phase by phase: then one thread alone is faster by far.
 * Since the bits do not depend on the threads, this may be decided by the clock.
 */
export class Contention {
  #slow = 0;
  #aloneUntil = 0;
  #period = shortest;

  /** Whether the next job had better be done by one thread alone. */
  isBusy(now: number): boolean {
    return now < this.#aloneUntil;
  }

  /**
   * Takes note of a job that several threads shared.
   *
   * @param slept How many milliseconds of it the calling thread slept.
   * @param total How many it took.
   * @param now When it ended.
   */
  record({ slept, total, now }: Record<"slept" | "total" | "now", number>): void {
    if (slept <= slowShare * total) {
      if (this.#slow > 0) this.#slow--;
      else this.#period = shortest;
      return;
    }
    if (++this.#slow < limit) return;
    this.#slow = limit - 2;
    this.#aloneUntil = now + this.#period;
    this.#period = Math.min(2 * this.#period, longest);
  }
}
