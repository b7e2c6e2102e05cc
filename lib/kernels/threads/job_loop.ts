/**
 * The loop of a worker thread: it does each job as it comes, as long as the program runs.
 *
 * @module
 */
import { counterWords, JobStopped, waitFor } from "./part_counter.ts";

/** What a worker is doing; one shared word. */
export const workerStates = { idle: 0, called: 1, running: 2, failed: 3 } as const;

/** What every worker shares with the pool that starts it. */
export interface WorkerInit {
  /** The number of the thread, from 1 on; the thread that calls is number 0. */
  readonly thread: number;
  /** One word of {@linkcode workerStates}. */
  readonly state: Int32Array;
  /** The job's counters; see `part_counter.ts`. */
  readonly counters: Int32Array;
  /** The job, as its format writes it. */
  readonly job: Float64Array;
  /** Gets what failed, in UTF-8, its length first. */
  readonly failure: Uint8Array;
}

/** How often a worker without a job looks before it sleeps: about a millisecond, as tfjs takes between jobs. */
const idleSpins = 100_000;

/**
 * Does jobs; never returns.
 *
 * @param init What the worker shares with its pool.
 * @param run Does its share of a job.
 */
export function serveJobs(
  { state, counters, failure }: WorkerInit,
  run: () => void,
): never {
  const { idle, called, running, failed } = workerStates;
  while (true) {
    waitFor(state, 0, (value) => value === called, { spins: idleSpins });
    if (Atomics.compareExchange(state, 0, called, running) !== called) continue;
    let outcome: number = idle;
    try {
      run();
    } catch (error) {
      if (!(error instanceof JobStopped)) {
        writeFailure(failure, error instanceof Error ? error.message : String(error));
        outcome = failed;
        Atomics.store(counters, counterWords.stop, 1);
        Atomics.notify(counters, counterWords.done);
      }
    }
    Atomics.store(state, 0, outcome);
    Atomics.notify(state, 0);
  }
}

/** How many bytes {@linkcode WorkerInit.failure} has. */
export const failureLength = 512;

function writeFailure(failure: Uint8Array, message: string): void {
  // Encoded apart, since a TextEncoder does not write into shared memory.
  const bytes = new TextEncoder().encode(message).subarray(0, failureLength - 2);
  failure.set(bytes, 2);
  failure.set([bytes.length & 255, bytes.length >> 8]);
}

/** Reads what {@linkcode serveJobs} wrote of a failure. */
export function readFailure(failure: Uint8Array): string {
  const [low = 0, high = 0] = failure;
  const length = low + 256 * high;
  return new TextDecoder().decode(failure.slice(2, 2 + length));
}
