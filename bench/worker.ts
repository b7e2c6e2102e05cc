/**
 * The TypeScript side of a benchmark worker; bench/rounds.py is the same in Python.
 *
 * A worker is given a job as JSON on its command line and readies it. It prints a line
 * `{"ready": …}`, and for each line `round` on its input does the work once and prints how long
 * that took. At the end of its input it prints its peak memory.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import type { Job } from "./jobs.ts";

/** Does the work of a job: so many steps, or so many characters. */
export type Work = (amount: number) => void | Promise<void>;

/** What a worker says of itself when it is ready. */
export interface About {
  /** What does the work, in words. */
  readonly mode: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: number;
}

/** Serves the job until the input ends. */
export async function serve(
  job: Job,
  prepare: (job: Job) => Promise<{ readonly work: Work; readonly about: About }>,
): Promise<void> {
  let work: Work;
  try {
    const prepared = await prepare(job);
    ({ work } = prepared);
    for (let time = 0; time < (job.warmUps ?? 2); time++) await work(job.warmUp);
    const { mode } = prepared.about;
    say({ ready: { ...prepared.about, modes: { [mode]: 0 } } });
  } catch (error) {
    say({ unable: String(error).slice(0, 500) });
    return;
  }
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== "round") continue;
    const start = performance.now();
    await work(job.amount);
    say({ milliseconds: performance.now() - start });
  }
  say({ peakMegabytes: peakMegabytes() });
}

function say(message: unknown): void {
  console.log(JSON.stringify(message));
}

/** VmHWM, the largest the process was, where there is /proc; else what it is now. */
function peakMegabytes(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024 / 1e6;
  } catch {
    // Not Linux.
  }
  return Deno.memoryUsage().rss / 1e6;
}
