/**
 * Threads that share jobs with the main one.
 *
 * @module
 */
import type { Blas } from "../blas.ts";
import { WorkerThread } from "../worker_thread.ts";
import { Assembler, type VectorUnit } from "./assembler.ts";
import { writeBackward } from "./gru_backward_code.ts";
import { writeForward } from "./gru_forward_code.ts";
import { Counters, countersOf, type Job, jobNumbers, writeJob } from "./jobs.ts";
import { findVectorUnit, loadCode } from "./machine.ts";
import { writeOuter } from "./outer_code.ts";
import { type Code, openTools, work } from "./rounds.ts";

/** More threads than this would have too little to do. */
const mostThreads = 16;

/** The most rounds that a job may have. */
export const mostRounds = 2 ** 14;

/** What the threads share with the main one. */
export interface TeamMail {
  readonly unit: VectorUnit;
  /** Where the code of the BLAS lies. */
  readonly sgemm: bigint;
  readonly code: Code;
  readonly numbers: Float64Array;
  readonly counts: Int32Array;
  /** Which thread it is; the main one is number 0. */
  readonly thread: number;
}

/** A main thread with others, a BLAS, and the machine code of the GRU. */
export interface Team {
  readonly unit: VectorUnit;
  /** With the main one. */
  readonly threads: number;
  /** Does a job; that of a BLAS needs the heap that its matrices lie on. */
  run(job: Job, heap?: Float32Array<ArrayBuffer>): void;
}

/**
 * How some columns are cut into parts, each of whole blocks: one for each thread, since only within
 * a part is it known which panel comes next and is worth fetching.
 */
export function cut(
  columns: number,
  { block, threads }: { readonly block: number; readonly threads: number },
): { parts: number; columnsOfPart: number } {
  const columnsOfPart = block * Math.ceil(columns / block / threads);
  return { parts: Math.ceil(columns / columnsOfPart), columnsOfPart };
}

/**
 * Readies machine code and threads.
 *
 * @param blas its threads are as many as ours
 * @param unit the vectors to compute with
 * @returns null where there can be none
 */
export async function startTeam(
  blas: Blas,
  unit: VectorUnit | null = findVectorUnit(),
): Promise<Team | null> {
  if (unit === null) return null;
  const [forward, backward, outer] = [writeForward, writeBackward, writeOuter].map((write) => {
    const code = new Assembler(unit);
    write(code);
    return loadCode(code.finish());
  });
  if (forward === null || backward === null || outer === null) return null;
  const code = { forward, backward, outer };
  const wanted = Math.min(blas.threads ?? navigator.hardwareConcurrency, mostThreads);
  const mail = {
    ...{ unit, code },
    sgemm: Deno.UnsafePointer.value(blas.sgemmPointer),
    numbers: new Float64Array(new SharedArrayBuffer(8 * jobNumbers)),
    counts: new Int32Array(
      new SharedArrayBuffer(4 * countersOf({ rounds: mostRounds, parts: wanted })),
    ),
  };
  const script = new URL("./team_worker.ts", import.meta.url);
  const started = await Promise.all(
    Array.from(
      { length: wanted - 1 },
      (_, i) => WorkerThread.start(script, { ...mail, thread: i + 1 } satisfies TeamMail),
    ),
  );
  const others = started.filter((other) => other !== null);
  const tools = openTools({ unit, sgemm: blas.sgemm, code });
  const counters = new Counters(mail.counts, 0);
  return {
    unit,
    threads: others.length + 1,
    run(job, heap = new Float32Array(0)) {
      const called = job.parts === 1 ? [] : others;
      mail.counts.fill(0, 0, countersOf(job));
      writeJob(mail.numbers, job);
      for (const other of called) other.begin();
      work(job, { counters, tools, heap });
      // Who has not begun by now would find nothing to do.
      for (const other of called) other.dismiss();
    },
  };
}
