/**
 * The script of a worker thread that multiplies by a BLAS in shared memory.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { serveJobs } from "../threads/job_loop.ts";
import { openWorker } from "../wasm/parallel_worker_job.ts";
import { multiplyBySgemm, openSymbols } from "./cblas.ts";

/** What it is started with besides. */
export interface BlasInit {
  /** The path of the library. */
  readonly blas: string;
}

const { sgemm } = openSymbols((workerData as BlasInit).blas);
const run = openWorker(
  workerData,
  ({ product }, matrices) => multiplyBySgemm(sgemm, product, matrices),
);
parentPort!.postMessage("ready");
serveJobs(workerData, run);
