/**
 * The machine that a benchmark runs on.
 *
 * @module
 */
import { cpus, totalmem } from "node:os";
import type { Report } from "./report.ts";

/**
 * Processor, cores, memory and system.
 *
 * @param gpu The GPU and its driver, where it is what is measured.
 */
export function describeMachine(gpu?: string): Report["machine"] {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown processor",
    cores: processors.length,
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    ...(gpu === undefined ? {} : { gpu }),
  };
}

/** The same in one line. */
export function machineLine(machine: Report["machine"]): string {
  const { gpu, processor, cores, memoryGibibytes, system } = machine;
  const host = `${processor}, ${cores} cores, ${memoryGibibytes} GiB, ${system}`;
  return gpu === undefined ? host : `${gpu}; ${host}`;
}
