/**
 * The machine that a benchmark runs on.
 *
 * @module
 */
import { cpus, totalmem } from "node:os";
import type { Report } from "./report.ts";

/** Processor, cores, memory and system. */
export function describeMachine(): Report["machine"] {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown processor",
    cores: processors.length,
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
  };
}

/** The same in one line. */
export function machineLine({ processor, cores, memoryGibibytes, system }: Report["machine"]) {
  return `${processor}, ${cores} cores, ${memoryGibibytes} GiB, ${system}`;
}
