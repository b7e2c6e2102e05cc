/**
 * The jobs that threads share: products by a BLAS, and the GRU's passes by machine code.
 *
 * A job has rounds, such as the time steps of a sequence, and each round has parts. Each thread
 * takes the part of its own number, then those that nobody has taken, and a round begins when the
 * one before it is done. Which thread computes a part does not change its bits.
 *
 * @module
 */
import { addressOf } from "./machine.ts";

/**
 * The numbers of each kind of job. Arrays of machine code are addresses in memory; those of a BLAS
 * are where the matrices begin on the heap, in floats.
 */
// deno-fmt-ignore
const fields = {
  /** A product, cut by the rows of C or by its columns, `size` in each part. */
  blas: [
    "byRows", "size", "m", "n", "k", "transposeA", "transposeB", "strideA", "strideB", "strideC",
    "add", "a", "b", "c", "heap", "heapBytes",
  ],
  /** A product with a B in panels; strides in bytes. */
  panels: ["columnsOfPart", "m", "n", "k", "a", "aStride", "panels", "c", "cStride", "add"],
  /** C = Aᵀ·B, all of them dense; C has m rows. */
  outer: ["columnsOfPart", "m", "n", "k", "a", "b", "c"],
  forward: [
    "columnsOfPart", "batch", "time", "units", "gateTime", "first", "panels", "bias", "projected",
    "ids", "before", "hidden", "gates",
  ],
  backward: [
    "columnsOfPart", "batch", "time", "units", "panels", "bias", "inputSide", "ids", "before",
    "gradient", "gates", "recurrentSide", "carried",
  ],
} as const;

const kinds = Object.keys(fields) as (keyof typeof fields)[];

/** A job of one kind. */
export type JobOf<Kind extends keyof typeof fields> =
  & { readonly kind: Kind; readonly rounds: number; readonly parts: number }
  & Readonly<Record<typeof fields[Kind][number], number>>;

export type Job = { [Kind in keyof typeof fields]: JobOf<Kind> }[keyof typeof fields];

const bytes = 4;

/** What a job is written into has so many numbers. */
export const jobNumbers = 24;
const headNumbers = 3;

/** Writes a job where another thread reads it. */
export function writeJob(numbers: Float64Array, job: Job): void {
  numbers.set([kinds.indexOf(job.kind), job.rounds, job.parts]);
  const values = job as unknown as Record<string, number>;
  fields[job.kind].forEach((field, i) => numbers[headNumbers + i] = values[field]);
}

/** Reads a job that {@linkcode writeJob} wrote. */
export function readJob(numbers: Float64Array): Job {
  const [kind, rounds, parts] = numbers;
  const name = kinds[kind];
  const values = fields[name].map((field, i) => [field, numbers[headNumbers + i]]);
  return { kind: name, rounds, parts, ...Object.fromEntries(values) };
}

/** The counters of a job, all 0 when it begins: of parts that are done, then one for each part. */
export class Counters {
  readonly #counts: Int32Array;
  readonly #thread: number;
  readonly #address: number;

  /** @param thread the number of the thread that takes parts, from 0 on */
  constructor(counts: Int32Array, thread: number) {
    this.#counts = counts;
    this.#thread = thread;
    this.#address = addressOf(counts);
  }

  /** Computes the parts of a round that nobody else takes. */
  take(round: number, parts: number, compute: (part: number) => void): void {
    for (let i = 0; i < parts; i++) {
      const part = (this.#thread + i) % parts;
      if (Atomics.exchange(this.#counts, 1 + round * parts + part, 1) !== 0) continue;
      compute(part);
      Atomics.add(this.#counts, 0, 1);
    }
  }

  /** What machine code needs to do the same. */
  words(round: number, parts: number): { own: number; taken: number; done: number } {
    const taken = this.#address + bytes * (1 + round * parts);
    return { own: this.#thread % parts, taken, done: this.#address };
  }

  /** Waits until so many parts of the job are done. */
  wait(parts: number): void {
    while (Atomics.load(this.#counts, 0) < parts);
  }
}

/** What the counters of a job take, in 32-bit words. */
export function countersOf({ rounds, parts }: { rounds: number; parts: number }): number {
  return 1 + rounds * parts;
}
