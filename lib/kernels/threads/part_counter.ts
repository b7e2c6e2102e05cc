/**
 * How threads share the parts of a job.
 *
 * A job has phases, such as the time steps of a sequence, and each phase has parts. A thread takes
 * the part of its own number, then those that nobody has taken, and a phase begins when the one
 * before it is done. Which thread computes a part does not change its bits.
 *
 * @module
 */

/** Where the words of the shared counters lie; a counter for each part follows. */
export const counterWords = { stop: 0, done: 1, taken: 2 } as const;

/** How many 32-bit words the counters of a job take. */
export function counterLength({ phases, parts }: JobShape): number {
  return counterWords.taken + phases * parts;
}

/** How many phases a job has, and how many parts each phase. */
export interface JobShape {
  readonly phases: number;
  readonly parts: number;
}

/** Ends the job of a thread that was told to stop. */
export class JobStopped extends Error {
  override readonly name = "JobStopped";
}

/** Ends the job of a thread whose others have made no progress for too long. */
export class NoProgress extends Error {
  override readonly name = "NoProgress";
}

/** How long a thread looks at a word before it sleeps: about 50 µs, as most parts end together. */
const spins = 4_000;
/** How long one sleep lasts at most, in milliseconds. */
const sleepMs = 500;

/** How {@linkcode waitFor} waits. */
export interface WaitOptions {
  /**
   * After how many milliseconds without progress it gives up. They are counted in sleeps of half a
   * second, so a computer that was suspended counts as one sleep; default never.
   */
  readonly patienceMs?: number;
  /** How often to look before sleeping; default about 50 µs. */
  readonly spins?: number;
}

/**
 * Waits until a shared word satisfies a condition; whoever changes the word notifies its waiters.
 *
 * @param words The shared memory.
 * @param index Which word.
 * @param isReady The condition; it may throw.
 * @param options How long to wait.
 * @returns How many milliseconds of that the thread slept.
 * @throws {NoProgress} If the word has not changed for too long.
 */
export function waitFor(
  words: Int32Array,
  index: number,
  isReady: (value: number) => boolean,
  { patienceMs = Infinity, spins: looks = spins }: WaitOptions = {},
): number {
  for (let i = 0; i < looks; i++) if (isReady(Atomics.load(words, index))) return 0;
  const start = performance.now();
  let before: number | undefined;
  let sleeps = 0;
  for (;;) {
    const value = Atomics.load(words, index);
    if (isReady(value)) return performance.now() - start;
    if (value !== before) sleeps = 0;
    before = value;
    if (sleeps * sleepMs >= patienceMs) {
      throw new NoProgress(`no progress for ${Math.round(patienceMs / 1000)} s`);
    }
    if (Atomics.wait(words, index, value, Math.min(sleepMs, patienceMs)) === "timed-out") sleeps++;
  }
}

/** The counters of a job, all 0 when it begins, as one thread uses them. */
export class PartCounter {
  /** The shared memory. */
  readonly words: Int32Array;
  readonly #thread: number;
  readonly #options: WaitOptions;
  #slept = 0;

  /**
   * @param words The shared memory.
   * @param thread The number of the thread that takes parts, from 0 on.
   * @param options How long to wait for other threads.
   */
  constructor(words: Int32Array, thread: number, options: WaitOptions = {}) {
    this.words = words;
    this.#thread = thread;
    this.#options = options;
  }

  /** How many milliseconds the thread has slept, waiting for others, since it was made. */
  get slept(): number {
    return this.#slept;
  }

  /** Computes the parts of a phase that nobody else takes. */
  take(phase: number, parts: number, compute: (part: number) => void): void {
    for (let i = 0; i < parts; i++) {
      const part = (this.#thread + i) % parts;
      const index = counterWords.taken + phase * parts + part;
      if (Atomics.exchange(this.words, index, 1) !== 0) continue;
      compute(part);
      Atomics.add(this.words, counterWords.done, 1);
    }
    this.#tell();
  }

  /** Wakes the threads that wait for parts. */
  #tell(): void {
    Atomics.notify(this.words, counterWords.done);
  }

  /** Where machine code finds what it needs to do as {@linkcode PartCounter.take} does. */
  indices(phase: number, parts: number): { own: number; taken: number; done: number } {
    return {
      own: this.#thread % parts,
      taken: counterWords.taken + phase * parts,
      done: counterWords.done,
    };
  }

  /**
   * Waits until as many parts of the job are done.
   *
   * @throws {JobStopped} If the threads were told to stop.
   * @throws {NoProgress} If no part is done for too long.
   */
  waitForDone(parts: number): void {
    const { words } = this;
    // Machine code counts parts, but does not wake those who wait for the last of them.
    if (Atomics.load(words, counterWords.done) >= parts) return this.#tell();
    this.#slept += waitFor(words, counterWords.done, (done) => {
      if (Atomics.load(words, counterWords.stop) !== 0) throw new JobStopped("The job was stopped");
      return done >= parts;
    }, this.#options);
  }
}
