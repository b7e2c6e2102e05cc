/**
 * The jobs that threads share on one memory: parts of a BLAS' products, and what machine code
 * computes.
 *
 * @module
 */
import { type AnyJob, jobFormat, type JobOf as JobOfFields } from "../threads/job_format.ts";

/**
 * The numbers of each kind of job. Arrays of machine code are given by their addresses; those of a
 * BLAS by their offsets, in floats, in the WebAssembly memory, which lies at the address `heap`.
 */
// deno-fmt-ignore
const fields = {
  /** A product, cut by the rows of C or by its columns, `size` of them in each part. */
  blas: [
    "byRows", "size", "m", "n", "k", "transposeA", "transposeB", "strideA", "strideB", "strideC",
    "accumulate", "a", "b", "c", "wasm", "wasmBytes",
  ],
  /** A product C = A·B with B packed in panels; strides in bytes, `columnsOfPart` in vectors. */
  panels: [
    "columnsOfPart", "m", "n", "k", "a", "aStride", "panels", "c", "cStride", "accumulate",
  ],
  /** C = Aᵀ·B, all dense: C is `[m, n]`, A `[k, m]`, B `[k, n]`; `columnsOfPart` in panels of B. */
  outer: ["columnsOfPart", "m", "n", "k", "a", "b", "c"],
  /** The GRU's time steps; `first` counts the calls, `columnsOfPart` is in vectors of units. */
  forward: [
    "columnsOfPart", "batch", "time", "units", "gateTime", "first", "panels", "bias", "projected",
    "ids", "previousStates", "hidden", "gates",
  ],
  /** The GRU's time steps backwards; `columnsOfPart` is in vectors of units. */
  backward: [
    "columnsOfPart", "batch", "time", "units", "panels", "gradBias", "gradProjected", "ids",
    "previousStates", "gradient", "gates", "gradRecurrent", "gradHidden",
  ],
} as const;

/** The name of each kind of job, for errors. */
export const jobNames: Readonly<Record<keyof typeof fields, string>> = {
  blas: "a product by a BLAS",
  panels: "a product",
  outer: "the gradient with respect to the recurrent kernel",
  forward: "the GRU's forward pass",
  backward: "the GRU's backward pass",
};

/** A job of one kind. */
export type JobOf<Kind extends keyof typeof fields> = JobOfFields<typeof fields, Kind>;

/** A job of any kind. */
export type Job = AnyJob<typeof fields>;

/** Writes jobs as numbers, and reads them. */
export const jobs = jobFormat(fields);
