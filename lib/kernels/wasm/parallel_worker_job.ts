/**
 * What a worker thread with memory of its own does: its parts of a product.
 *
 * @module
 */
import { matricesIn, parallelJobs, productOfJob } from "./parallel_job.ts";
import { copyRows, type Matrices, type Part, partOf, viewsOf, withStrides } from "./products.ts";
import { loadSimd } from "./simd.ts";
import { scratchBytes, simdProducts } from "./simd_products.ts";
import type { WorkerInit } from "../threads/job_loop.ts";
import { PartCounter } from "../threads/part_counter.ts";

/** What a worker is started with. */
export interface ParallelInit {
  /** Holds the matrices; see `parallel_job.ts`. */
  readonly memory: SharedArrayBuffer;
}

/** Computes a part in shared memory; `packed` says which packed B it is of, if of one. */
export type ComputePart = (
  part: Part,
  matrices: Matrices,
  packed: { readonly serial: number; readonly index: number } | undefined,
) => void;

/**
 * Readies a worker.
 *
 * @param init What it was started with.
 * @param compute What computes.
 * @param counter Shares the parts of a job.
 * @returns What does its share of the job that lies ready.
 */
export function openWorker(
  { memory, job: numbers, counters, thread }: ParallelInit & WorkerInit,
  compute: ComputePart,
  counter: PartCounter = new PartCounter(counters, thread),
): () => void {
  return () => {
    const job = parallelJobs.read(numbers);
    const { product, cut } = productOfJob(job);
    const matrices = matricesIn(memory, product);
    counter.take(0, cut.parts, (index) => {
      const part = partOf(withStrides(product), cut, index);
      const packed = job.packed === 0 ? undefined : { serial: job.packed, index };
      compute(part, viewsOf(part, matrices), packed);
    });
  };
}

const [page, bytes] = [2 ** 16, 4];

/** Computes parts by WebAssembly, in memory of its own. */
export function bySimd(): ComputePart {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(scratchBytes / page) });
  const products = simdProducts(loadSimd(memory, { fused: true }), 0);
  let known = { serial: 0, index: 0 };
  return ({ product }, shared, packed) => {
    const { m, n, k, transposeA, transposeB, accumulate } = product;
    const dense = withStrides({ m, n, k, transposeA, transposeB, accumulate });
    // The scratch memory of simdProducts, then a packed B, which has to stay where it is; then A, B and C.
    const sizes = [products.packedSize(dense), m * k, n * k, m * n];
    const needed = scratchBytes + bytes * sizes.reduce((sum, size) => sum + size);
    const missing = Math.ceil((needed - memory.buffer.byteLength) / page);
    if (missing > 0) memory.grow(missing);
    let start = scratchBytes;
    const view = (size: number) => {
      const view = new Float32Array(memory.buffer, start, size);
      start += size * bytes;
      return view;
    };
    const [panels, a, b, c] = [
      view(products.packedSize(dense)),
      view(m * k),
      view(n * k),
      view(m * n),
    ];
    const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
    const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
    const isKnown = packed?.serial === known.serial && packed.index === known.index;
    copyRows({ rows: rowsA, columns: columnsA }, { from: shared.a, stride: product.strideA }, a);
    if (accumulate) {
      copyRows({ rows: m, columns: n }, { from: shared.c, stride: product.strideC }, c);
    }
    if (!isKnown) {
      copyRows({ rows: rowsB, columns: columnsB }, { from: shared.b, stride: product.strideB }, b);
    }
    if (packed === undefined) {
      known = { serial: 0, index: 0 };
      products.multiply(dense, a, b, c);
    } else {
      if (!isKnown) products.pack(dense, b, panels);
      known = packed;
      products.multiplyPacked(dense, a, panels, c);
    }
    for (let i = 0; i < m; i++) {
      shared.c.set(c.subarray(i * n, (i + 1) * n), i * product.strideC);
    }
  };
}
