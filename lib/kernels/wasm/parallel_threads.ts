/**
 * Threads with memory of their own, which share the parts of a product.
 *
 * tfjs' heap cannot be shared between threads, and only who may use pointers can reach it from
 * another one. So here the matrices are copied into shared memory, which pays for itself where each
 * number is used often enough.
 *
 * @module
 */
import type { ParallelInit } from "./parallel_worker_job.ts";
import { matricesIn, parallelJobs } from "./parallel_job.ts";
import {
  copyRows,
  type Cut,
  type Matrices,
  partOf,
  type PartThreads,
  type Product,
  withStrides,
} from "./products.ts";
import { ThreadPool } from "../threads/thread_pool.ts";

/** A product with fewer rows or columns than this reads its factors too seldom to copy them. */
const fewest = 16;
/** The most shared memory; only what is used takes memory. */
const mostBytes = 2 ** 30;
const bytes = 4;

/** How {@linkcode startParallelThreads} starts threads. */
export interface ParallelOptions {
  /** How many threads, the calling one included. */
  readonly threads: number;
  /** What a worker runs; default `parallel_worker.ts`, which multiplies by WebAssembly. */
  readonly script?: URL;
  /** What a worker is started with besides. */
  readonly data?: object;
  /** See `ThreadPool`. */
  readonly patienceMs?: number;
}

/** Starts the threads. */
export async function startParallelThreads(
  { script, data, ...options }: ParallelOptions,
): Promise<ParallelThreads> {
  const memory = new SharedArrayBuffer(0, { maxByteLength: mostBytes });
  const pool = await ThreadPool.start({
    script: script ?? new URL("./parallel_worker.ts", import.meta.url),
    data: { memory, ...data } satisfies ParallelInit,
    jobLength: parallelJobs.length,
    mostCounters: 1024,
    ...options,
  });
  return new ParallelThreads(pool, memory);
}

/** Threads, and the memory that they share. */
export class ParallelThreads implements PartThreads {
  readonly pool: ThreadPool;
  readonly #memory: SharedArrayBuffer;
  /** Where the packed B lies that is in shared memory too, and which one it is. */
  readonly #packed = { byteOffset: -1, serial: 0 };

  /** Use {@linkcode startParallelThreads}. */
  constructor(pool: ThreadPool, memory: SharedArrayBuffer) {
    this.pool = pool;
    this.#memory = memory;
  }

  /** Whether a product is worth copying its matrices for. */
  fits({ m, n, k }: Product): boolean {
    const size = (m * k + n * k + m * n) * bytes;
    if (m < fewest || n < fewest || size > mostBytes) return false;
    if (size > this.#memory.byteLength) this.#memory.grow(size);
    return true;
  }

  forget({ byteOffset }: Float32Array): void {
    if (this.#packed.byteOffset === byteOffset) this.#packed.byteOffset = -1;
  }

  compute(
    product: Required<Product>,
    cut: Cut,
    { matrices, isPacked, computePart }: Parameters<PartThreads["compute"]>[2],
  ): void {
    if (!this.fits(product)) {
      for (let index = 0; index < cut.parts; index++) computePart(index);
      return;
    }
    this.#share(product, matrices, isPacked);
    const { m, n, k, transposeA, transposeB, accumulate } = product;
    const own = new Set<number>();
    this.pool.run({
      ...{ name: "a product", phases: 1, parts: cut.parts },
      write: (numbers) =>
        parallelJobs.write({
          ...{ kind: "product", phases: 1, ...cut, byRows: Number(cut.byRows) },
          ...{
            m,
            n,
            k,
            accumulate: Number(accumulate),
            packed: isPacked ? this.#packed.serial : 0,
          },
          ...{ transposeA: Number(transposeA), transposeB: Number(transposeB) },
        }, numbers),
      work(counter) {
        counter.take(0, cut.parts, (index) => {
          own.add(index);
          computePart(index);
        });
        counter.waitForDone(cut.parts);
      },
    });
    const shared = matricesIn(this.#memory, product);
    const dense = withStrides({ m, n, k });
    for (let index = 0; index < cut.parts; index++) {
      if (own.has(index)) continue;
      const [from, to] = [partOf(dense, cut, index), partOf(product, cut, index)];
      for (let i = 0; i < to.product.m; i++) {
        const start = from.starts.c + i * n;
        const row = shared.c.subarray(start, start + to.product.n);
        matrices.c.set(row, to.starts.c + i * product.strideC);
      }
    }
  }

  /** Copies what a product reads into shared memory, dense. */
  #share(product: Required<Product>, { a, b, c }: Matrices, isPacked: boolean): void {
    const { m, n, k, transposeA, transposeB, strideA, strideB, strideC, accumulate } = product;
    const shared = matricesIn(this.#memory, product);
    const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
    const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
    copyRows({ rows: rowsA, columns: columnsA }, { from: a, stride: strideA }, shared.a);
    if (accumulate) copyRows({ rows: m, columns: n }, { from: c, stride: strideC }, shared.c);
    if (isPacked && this.#packed.byteOffset === b.byteOffset) return;
    copyRows({ rows: rowsB, columns: columnsB }, { from: b, stride: strideB }, shared.b);
    this.#packed.byteOffset = isPacked ? b.byteOffset : -1;
    if (isPacked) this.#packed.serial++;
  }
}
