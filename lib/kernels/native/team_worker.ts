/**
 * A thread of a team.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { sgemmAt } from "../blas_symbols.ts";
import { serve } from "../worker_thread.ts";
import { Counters, type Job, readJob } from "./jobs.ts";
import { openTools, work } from "./rounds.ts";
import type { TeamMail } from "./team.ts";

const { unit, sgemm, code, numbers, counts, thread, turn } = workerData as TeamMail & {
  readonly turn: Int32Array;
};
const tools = openTools({ unit, sgemm: sgemmAt(sgemm), code });
const counters = new Counters(counts, thread);
const known = { address: 0, floats: new Float32Array(0) };

/** The heap of the main thread, where the job needs it. */
function heapOf(job: Job): Float32Array<ArrayBuffer> {
  if (job.kind !== "blas") return known.floats;
  const { heap: address, heapBytes } = job;
  if (address !== known.address || heapBytes !== known.floats.byteLength) {
    const pointer = Deno.UnsafePointer.create(BigInt(address))!;
    const buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, heapBytes);
    Object.assign(known, { address, floats: new Float32Array(buffer) });
  }
  return known.floats;
}

parentPort!.postMessage("ready");
serve(turn, () => {
  const job = readJob(numbers);
  work(job, { counters, tools, heap: heapOf(job) });
});
