/**
 * The script of a worker thread with memory of its own.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { bySimd, openWorker } from "./parallel_worker_job.ts";
import { serveJobs } from "../threads/job_loop.ts";

const run = openWorker(workerData, bySimd());
parentPort!.postMessage("ready");
serveJobs(workerData, run);
