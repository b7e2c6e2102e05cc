/**
 * Threads that work on one memory: they share the parts of a BLAS' products, and what machine code
 * computes.
 *
 * @module
 */
import type { Blas } from "../blas/library.ts";
import type { PartThreads } from "../wasm/products.ts";
import { ThreadPool } from "../threads/thread_pool.ts";
import { addressOf } from "./x86/executable_memory.ts";
import { type Job, jobNames, jobs } from "./jobs.ts";
import { machineCodeAt } from "./x86/machine_code.ts";
import type { NativeInit } from "./worker_job.ts";
import { runJob, Scratch } from "./run_job.ts";

/** The most phases that a job may have; a GRU has one for each time step, and one more backwards. */
export const mostPhases = 2 ** 14;
const mostParts = 32;
const bytes = 4;

/** What {@linkcode startNativeThreads} starts with. */
export interface NativeThreadsOptions {
  readonly blas: Blas;
  /** The machine code; null for none. */
  readonly code: NativeInit["code"];
  /** The number of threads, the main one included. */
  readonly threads: number;
  /** The script of a worker; default `pool_worker.ts`. */
  readonly script?: URL;
  /** See `ThreadPool`. */
  readonly patienceMs?: number;
}

/** Threads on one memory. */
export interface NativeThreads extends PartThreads {
  readonly pool: ThreadPool;
  /** Does a job; that of a BLAS needs the WebAssembly memory in which its matrices lie. */
  run(job: Job, wasm?: Float32Array<ArrayBuffer>): void;
}

/**
 * Cuts columns into parts of whole blocks, one part for each thread: within a part the next panel is
 * known and can be prefetched. Machine code adds up each number of a result in the same order
 * however its columns are cut.
 *
 * @param columns The number of columns, in any unit.
 * @param cut `block`, the columns of a panel, and the number of `threads`.
 * @returns The number of parts, and the columns of each but the last.
 */
export function cutColumns(
  columns: number,
  { block, threads }: { readonly block: number; readonly threads: number },
): { parts: number; columnsOfPart: number } {
  const columnsOfPart = block * Math.ceil(columns / block / threads);
  return { parts: Math.ceil(columns / columnsOfPart), columnsOfPart };
}

/**
 * Starts the threads.
 *
 * @param options What they compute with, and how many there are.
 */
export async function startNativeThreads(options: NativeThreadsOptions): Promise<NativeThreads> {
  const { blas, code, threads, patienceMs } = options;
  const init: NativeInit = { sgemm: Deno.UnsafePointer.value(blas.sgemmPointer), code };
  const pool = await ThreadPool.start({
    script: options.script ?? new URL("./pool_worker.ts", import.meta.url),
    data: init,
    threads,
    jobLength: jobs.length,
    mostCounters: mostPhases * mostParts,
    ...patienceMs !== undefined && { patienceMs },
  });
  const machineCode = code && machineCodeAt(code.unit, code.addresses);
  const tools = { sgemm: blas.sgemm, machineCode, scratch: new Scratch() };
  const run = (job: Job, wasm = new Float32Array(0)) =>
    pool.run({
      ...{ name: jobNames[job.kind], phases: job.phases, parts: job.parts },
      write: (numbers) => jobs.write(job, numbers),
      work: (counter) => runJob(job, { counter, tools, wasm }),
    });
  const compute: PartThreads["compute"] = (
    { transposeA, transposeB, accumulate, ...product },
    { byRows, ...cut },
    { matrices: { a, b, c } },
  ) => {
    const wasm = new Float32Array(a.buffer as ArrayBuffer);
    run({
      ...product,
      ...cut,
      ...{ kind: "blas", phases: 1, byRows: Number(byRows), accumulate: Number(accumulate) },
      ...{ transposeA: Number(transposeA), transposeB: Number(transposeB) },
      ...{ a: a.byteOffset / bytes, b: b.byteOffset / bytes, c: c.byteOffset / bytes },
      ...{ wasm: addressOf(wasm), wasmBytes: wasm.byteLength },
    }, wasm);
  };
  return { pool, run, compute, forget: () => {} };
}
