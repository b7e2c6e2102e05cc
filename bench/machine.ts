/**
 * The machine that a benchmark ran on.
 *
 * @module
 */
import { cpus, totalmem } from "node:os";

/** Processor, cores, memory, system and versions in one line. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    processors[0]?.model ?? "unknown processor",
    `${processors.length} cores`,
    `${memory} GiB`,
    `${Deno.build.os} ${Deno.osRelease()}`,
    `Deno ${Deno.version.deno}`,
  ].join(", ");
}
