/**
 * What a worker thread does: it works on the memory of the main one.
 *
 * @module
 */
import { sgemmAt } from "../blas/cblas.ts";
import type { WorkerInit } from "../threads/job_loop.ts";
import { PartCounter } from "../threads/part_counter.ts";
import type { VectorUnit } from "./x86/assembler.ts";
import { type Job, jobs } from "./jobs.ts";
import { type CodeAddresses, machineCodeAt } from "./x86/machine_code.ts";
import { runJob, Scratch } from "./run_job.ts";

/** What a worker is started with. */
export interface NativeInit {
  /** The address of the matrix product of the BLAS. */
  readonly sgemm: bigint;
  /** The addresses of the emitted functions; null where there are none. */
  readonly code: { readonly unit: VectorUnit; readonly addresses: CodeAddresses } | null;
}

/**
 * Prepares a worker.
 *
 * @param init What it was started with.
 * @param counter Counts the parts of a job that the threads have taken.
 * @returns Computes the worker's share of the job that the main thread has written.
 */
export function openWorker(
  { sgemm, code, job: numbers, counters, thread }: NativeInit & WorkerInit,
  counter: PartCounter = new PartCounter(counters, thread),
): () => void {
  const tools = {
    sgemm: sgemmAt(sgemm),
    machineCode: code && machineCodeAt(code.unit, code.addresses),
    scratch: new Scratch(),
  };
  const wasm = new MainMemory();
  return () => {
    const job = jobs.read(numbers);
    runJob(job, { counter, tools, wasm: wasm.of(job) });
  };
}

/** The WebAssembly memory of the main thread, as an array: a BLAS is called with its parts. */
class MainMemory {
  #address = 0;
  #floats = new Float32Array(0);

  /** The memory that a job's matrices lie in; empty for a job that gives addresses. */
  of(job: Job): Float32Array<ArrayBuffer> {
    if (job.kind !== "blas") return this.#floats;
    const { wasm: address, wasmBytes } = job;
    if (address !== this.#address || wasmBytes !== this.#floats.byteLength) {
      const pointer = Deno.UnsafePointer.create(BigInt(address))!;
      this.#floats = new Float32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, wasmBytes));
      this.#address = address;
    }
    return this.#floats;
  }
}
