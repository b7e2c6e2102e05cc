/**
 * Threads that share jobs with the one that calls.
 *
 * @module
 */
import { Contention } from "./contention.ts";
import { failureLength, readFailure, type WorkerInit, workerStates } from "./job_loop.ts";
import {
  counterLength,
  counterWords,
  type JobShape,
  JobStopped,
  NoProgress,
  PartCounter,
  waitFor,
} from "./part_counter.ts";
import { type StartedThread, startThread } from "./worker_thread.ts";

/** More threads than this would have too little to do. */
const mostThreads = 16;
/** The default of {@linkcode PoolOptions.patienceMs}: a part takes a second at most. */
const patienceMs = 30_000;

/** How a {@linkcode ThreadPool} is started. */
export interface PoolOptions {
  /** What a worker runs: it calls `serveJobs`. */
  readonly script: URL;
  /** What a worker finds in `workerData`, beside its {@linkcode WorkerInit}. */
  readonly data: object;
  /** How many threads, the calling one included. */
  readonly threads: number;
  /** How many numbers a job takes. */
  readonly jobLength: number;
  /** The most counters that a job may need: its phases times its parts. */
  readonly mostCounters: number;
  /** After how many milliseconds without any progress a job fails; default 30 s. */
  readonly patienceMs?: number;
}

/** A job to be shared. */
export interface SharedJob extends JobShape {
  /** What it is, for an error: "the GRU's forward pass". */
  readonly name: string;
  /** Writes it for the workers. */
  write(numbers: Float64Array): void;
  /** Does the calling thread's share of it. */
  work(counter: PartCounter): void;
}

/** How a worker ends up, as its pool sees it. */
interface PoolWorker {
  readonly init: WorkerInit;
  readonly started: StartedThread;
}

/** A calling thread with workers, which share jobs, one at a time. */
export class ThreadPool {
  readonly #workers: PoolWorker[] = [];
  readonly #counters: Int32Array;
  readonly #job: Float64Array;
  readonly #counter: PartCounter;
  readonly #patienceMs: number;
  readonly #contention = new Contention();
  /** Whether a job has begun and not ended; it stays so where an interrupt cuts the job. */
  #isRunning = false;
  #lost: string | undefined;
  #note: string | undefined;

  private constructor({ jobLength, mostCounters, patienceMs: patience = patienceMs }: PoolOptions) {
    const words = counterLength({ phases: mostCounters, parts: 1 });
    this.#counters = new Int32Array(new SharedArrayBuffer(words * 4));
    this.#job = new Float64Array(new SharedArrayBuffer(jobLength * 8));
    this.#counter = new PartCounter(this.#counters, 0, { patienceMs: patience });
    this.#patienceMs = patience;
  }

  /**
   * Starts the threads; where some cannot be started there are fewer, and {@linkcode ThreadPool.note}
   * says why.
   *
   * @param options What they run, and how many there shall be.
   */
  static async start(options: PoolOptions): Promise<ThreadPool> {
    const pool = new ThreadPool(options);
    const count = Math.min(options.threads, mostThreads) - 1;
    await Promise.all(Array.from({ length: count }, (_, i) => pool.#startWorker(i + 1, options)));
    pool.#workers.sort((a, b) => a.init.thread - b.init.thread);
    return pool;
  }

  async #startWorker(thread: number, { script, data }: PoolOptions): Promise<void> {
    const init: WorkerInit = {
      thread,
      state: new Int32Array(new SharedArrayBuffer(4)),
      counters: this.#counters,
      job: this.#job,
      failure: new Uint8Array(new SharedArrayBuffer(failureLength)),
    };
    let isOurs = false;
    const onEnd = (reason: string) => {
      if (isOurs) this.#lose(`thread ${thread}: ${reason}`);
    };
    try {
      const started = await startThread({ script, data: { ...data, ...init }, onEnd });
      this.#workers.push({ init, started });
      isOurs = true;
    } catch (error) {
      this.#note = `one thread only: ${(error as Error).message}`;
    }
  }

  /** How many threads share jobs, the calling one included. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /** Why there are fewer threads than were wanted, if there are. */
  get note(): string | undefined {
    return this.#note;
  }

  /** Why the threads are gone, if they are. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /**
   * Does a job on all threads.
   *
   * @throws {Error} If a thread fails, ends or makes no progress: from then on the pool does nothing.
   * @throws What the calling thread's own share throws.
   */
  run(job: SharedJob): void {
    this.settle();
    if (this.#lost !== undefined) throw new Error(lostMessage(this.#lost));
    const start = performance.now();
    const alone = job.parts * job.phases === 1 || this.#contention.isBusy(start);
    const called = alone ? [] : this.#workers;
    const slept = this.#counter.slept;
    this.#counters.fill(0, 0, counterLength(job));
    if (called.length > 0) job.write(this.#job);
    this.#isRunning = true;
    for (const { init } of called) call(init);
    try {
      job.work(this.#counter);
      // Who has not begun by now would find nothing to do.
      for (const { init } of called) this.#dismiss(init);
    } catch (error) {
      // Who makes no progress is not waited for once more.
      if (!(error instanceof NoProgress)) this.#stop();
      this.#isRunning = false;
      const failure = called.map(failureOf).find((text) => text !== undefined);
      if (failure === undefined && error instanceof JobStopped) {
        throw new Error(lostMessage(this.#lost ?? "the job was stopped"));
      }
      if (failure === undefined && !(error instanceof NoProgress)) throw error;
      this.#lose(`${failure ?? (error as Error).message}, in ${job.name}`);
      throw new Error(lostMessage(this.#lost!), { cause: error });
    }
    this.#isRunning = false;
    if (called.length === 0) return;
    const now = performance.now();
    this.#contention.record({ slept: this.#counter.slept - slept, total: now - start, now });
  }

  /**
   * Ends a job that an interrupt has cut, before anything that it writes to is used for something
   * else; does nothing where there is none.
   */
  settle(): void {
    if (!this.#isRunning) return;
    this.#stop();
    this.#isRunning = false;
  }

  /** Ends all threads but the calling one; the pool can do nothing from then on. */
  end(): void {
    for (const { started } of this.#workers) started.end();
  }

  #dismiss({ state }: WorkerInit): void {
    const { idle, called, running } = workerStates;
    if (Atomics.compareExchange(state, 0, called, idle) === called) return;
    waitFor(state, 0, (value) => value !== running, { patienceMs: this.#patienceMs });
    if (Atomics.load(state, 0) === workerStates.failed) throw new JobStopped("A worker failed");
  }

  /** Tells all workers to leave their job, and waits until they have. */
  #stop(): void {
    Atomics.store(this.#counters, counterWords.stop, 1);
    Atomics.notify(this.#counters, counterWords.done);
    for (const { init } of this.#workers) {
      try {
        this.#dismiss(init);
      } catch (error) {
        if (error instanceof NoProgress) this.#lose(`thread ${init.thread}: ${error.message}`);
      }
    }
  }

  /** Ends all workers: nothing that they share is used again. */
  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.end();
  }
}

function call({ state }: WorkerInit): void {
  Atomics.store(state, 0, workerStates.called);
  Atomics.notify(state, 0);
}

function failureOf({ init }: PoolWorker): string | undefined {
  if (Atomics.load(init.state, 0) !== workerStates.failed) return undefined;
  return `thread ${init.thread}: ${readFailure(init.failure)}`;
}

function lostMessage(reason: string): string {
  return `The threads that compute have stopped (${reason}). Call selectDevice() again, ` +
    "which goes on with one thread, and take up the training from its last checkpoint";
}
