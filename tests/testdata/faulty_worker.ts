/**
 * A worker thread in which something goes wrong: `?kind=native|parallel&fault=throw|end|hang&at=N`
 * says which, and when it has begun to take parts so often.
 *
 * @module
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { openWorker as openNative } from "../../lib/kernels/native/worker_job.ts";
import { bySimd, openWorker as openParallel } from "../../lib/kernels/wasm/parallel_worker_job.ts";
import { serveJobs } from "../../lib/kernels/threads/job_loop.ts";
import { PartCounter } from "../../lib/kernels/threads/part_counter.ts";

const query = new URL(import.meta.url).searchParams;
let left = Number(query.get("at"));

function perhapsFail(): void {
  if (left-- > 0) return;
  switch (query.get("fault")) {
    case "throw":
      throw new RangeError("a number went wrong");
    case "end":
      return process.exit(0);
    case "hang":
      // Long after the test, and the thread is ended before that.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600_000);
  }
}

/** Takes a part, and then fails to compute it. */
class FaultyCounter extends PartCounter {
  override take(phase: number, parts: number, compute: (part: number) => void): void {
    super.take(phase, parts, (part) => {
      perhapsFail();
      compute(part);
    });
  }

  override indices(phase: number, parts: number) {
    const indices = super.indices(phase, parts);
    Atomics.exchange(this.words, indices.taken + indices.own, 1);
    perhapsFail();
    Atomics.exchange(this.words, indices.taken + indices.own, 0);
    return indices;
  }
}

const counter = new FaultyCounter(workerData.counters, workerData.thread);
const run = query.get("kind") === "native"
  ? openNative(workerData, counter)
  : openParallel(workerData, bySimd(), counter);
parentPort!.postMessage("ready");
serveJobs(workerData, run);
