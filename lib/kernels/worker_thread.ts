/**
 * A thread that does one job at a time, and its half of the conversation.
 *
 * Two threads share one word that says whose turn it is. Who waits looks at it for about two
 * milliseconds before sleeping, since most jobs follow each other as fast as that.
 *
 * @module
 */

/** Whose turn it is. */
const states = { idle: 0, given: 1, running: 2, done: 3 } as const;
/** How often to look before sleeping: two milliseconds. */
const turns = 50_000;
/** How long to wait for the thread before giving up on it, in milliseconds. */
const patience = 60_000;

/** A thread that does what it finds in shared memory. */
export class WorkerThread {
  readonly #turn: Int32Array;

  private constructor(turn: Int32Array) {
    this.#turn = turn;
  }

  /**
   * Starts a thread; null where it cannot be. It ends with the program.
   *
   * @param script what it runs: it calls {@linkcode serve}
   * @param data what it finds in `workerData`, beside `turn`
   */
  static async start(script: URL, data: object): Promise<WorkerThread | null> {
    try {
      const { Worker } = await import("node:worker_threads");
      const turn = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
      const worker = new Worker(script, { workerData: { ...data, turn } });
      await new Promise((ready, failed) => worker.once("message", ready).once("error", failed));
      worker.unref();
      return new WorkerThread(turn);
    } catch {
      return null; // Such as where no file may be read: one thread does all, then.
    }
  }

  /** Lets the thread begin; what it shall do lies ready. */
  begin(): void {
    Atomics.store(this.#turn, 0, states.given);
    Atomics.notify(this.#turn, 0);
  }

  /** Waits until the thread is done. */
  finish(): void {
    for (let i = 0; i < turns; i++) if (Atomics.load(this.#turn, 0) === states.done) return;
    let state: number;
    while ((state = Atomics.load(this.#turn, 0)) !== states.done) {
      const answer = Atomics.wait(this.#turn, 0, state, patience);
      if (answer === "timed-out") throw new Error("A thread does not answer: start again");
    }
  }

  /** Waits until the thread is done, unless it has not begun: then it no longer needs to. */
  dismiss(): void {
    if (Atomics.compareExchange(this.#turn, 0, states.given, states.idle) === states.given) return;
    this.finish();
  }
}

/** What the thread's script ends with: does each job as it comes, as long as the program runs. */
export function serve(turn: Int32Array, run: () => void): never {
  while (true) {
    for (let i = 0; i < turns && Atomics.load(turn, 0) !== states.given; i++);
    const state = Atomics.compareExchange(turn, 0, states.given, states.running);
    if (state !== states.given) {
      Atomics.wait(turn, 0, state);
      continue;
    }
    run();
    Atomics.store(turn, 0, states.done);
    Atomics.notify(turn, 0);
  }
}
