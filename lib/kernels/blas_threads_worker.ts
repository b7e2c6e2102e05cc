/**
 * A thread that computes parts of products.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { computeParts, type Job, jobFields } from "./blas_parts.ts";
import { openSymbols } from "./blas_symbols.ts";
import type { BlasMail } from "./blas_threads.ts";
import { serve } from "./worker_thread.ts";

const { path, job, heap, next, turn } = workerData as BlasMail & { readonly turn: Int32Array };
const { sgemm } = openSymbols(path);
const known = { address: 0n, floats: new Float32Array(0) };

/** The main thread's heap. */
function floatsOfHeap(): Float32Array<ArrayBuffer> {
  const [address, size] = heap;
  if (address !== known.address || Number(size) !== known.floats.byteLength) {
    const pointer = Deno.UnsafePointer.create(address)!;
    const buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, Number(size));
    Object.assign(known, { address, floats: new Float32Array(buffer) });
  }
  return known.floats;
}

parentPort!.postMessage("ready");
serve(turn, () => {
  const numbers = Object.fromEntries(jobFields.map((field, i) => [field, job[i]])) as Job;
  computeParts(sgemm, floatsOfHeap(), numbers, () => Atomics.add(next, 0, 1));
});
