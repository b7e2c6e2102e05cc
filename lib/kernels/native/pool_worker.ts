/**
 * The script of a worker thread that works on the memory of the main one.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { serveJobs } from "../threads/job_loop.ts";
import { openWorker } from "./worker_job.ts";

const run = openWorker(workerData);
parentPort!.postMessage("ready");
serveJobs(workerData, run);
