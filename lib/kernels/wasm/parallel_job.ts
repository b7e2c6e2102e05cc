/**
 * The job that threads with memory of their own share: a product whose matrices were copied.
 *
 * @module
 */
import type { Cut, Product } from "./products.ts";
import { type AnyJob, jobFormat } from "../threads/job_format.ts";

/**
 * A product. Shared memory holds A, then B, then C, all dense. `packed` is 0, or the serial number
 * of a B that products after it have too, so that a thread packs its part of it once.
 */
// deno-fmt-ignore
const fields = {
  product: ["byRows", "size", "m", "n", "k", "transposeA", "transposeB", "accumulate", "packed"],
} as const;

/** A job. */
export type ParallelJob = AnyJob<typeof fields>;

/** Jobs as numbers. */
export const parallelJobs = jobFormat(fields);

/** The product of a job, and how it is cut. */
export function productOfJob(job: ParallelJob): { product: Product; cut: Cut } {
  const { m, n, k, size, parts } = job;
  return {
    product: {
      ...{ m, n, k },
      transposeA: job.transposeA === 1,
      transposeB: job.transposeB === 1,
      accumulate: job.accumulate === 1,
    },
    cut: { byRows: job.byRows === 1, size, parts },
  };
}

/** The matrices of a product in shared memory. */
export function matricesIn(memory: SharedArrayBuffer, { m, n, k }: Product) {
  const floats = new Float32Array(memory);
  return {
    a: floats.subarray(0, m * k),
    b: floats.subarray(m * k, (m + n) * k),
    c: floats.subarray((m + n) * k, (m + n) * k + m * n),
  };
}
