/**
 * The jobs that threads share on one memory: products by a BLAS, and what machine code computes.
 *
 * @module
 */
import { type AnyJob, jobFormat, type JobOf as JobOfFields } from "../threads/job_format.ts";

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

/** What each kind of job is, for errors. */
export const jobNames: Readonly<Record<keyof typeof fields, string>> = {
  blas: "a product by a BLAS",
  panels: "a product",
  outer: "the gradient by the recurrent kernel",
  forward: "the GRU's forward pass",
  backward: "the GRU's backward pass",
};

/** A job of one kind. */
export type JobOf<Kind extends keyof typeof fields> = JobOfFields<typeof fields, Kind>;

/** A job of any kind. */
export type Job = AnyJob<typeof fields>;

/** Jobs as numbers. */
export const jobs = jobFormat(fields);
