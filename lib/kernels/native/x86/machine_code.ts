/**
 * The functions of machine code, written for a processor and loaded.
 *
 * @module
 */
import { Assembler, type VectorUnit } from "./assembler.ts";
import { functionAt, loadCode, type MachineFunction } from "./executable_memory.ts";
import { writeBackward } from "./gru_backward.ts";
import { writeForward } from "./gru_forward.ts";
import { writeOuter } from "./outer_product.ts";

/** What writes each function. */
const writers = { forward: writeForward, backward: writeBackward, outer: writeOuter } as const;

/** Where the code of each function lies, which every thread of the program may call. */
export type CodeAddresses = Readonly<Record<keyof typeof writers, bigint>>;

/** The functions, as one thread calls them. */
export type MachineCode =
  & { readonly unit: VectorUnit }
  & Readonly<Record<keyof typeof writers, MachineFunction>>;

/**
 * Writes all functions for a processor.
 *
 * @param unit Its vectors.
 * @returns Their bytes.
 */
export function writeCode(unit: VectorUnit): Readonly<Record<keyof typeof writers, Uint8Array>> {
  const entries = Object.entries(writers).map(([name, write]) => {
    const code = new Assembler(unit);
    write(code);
    return [name, code.finish()];
  });
  return Object.fromEntries(entries);
}

/**
 * Loads functions where they can run.
 *
 * @param code Their bytes.
 * @throws {Error} If there is no memory that code runs from.
 */
export function loadFunctions(code: ReturnType<typeof writeCode>): CodeAddresses {
  const entries = Object.entries(code).map(([name, bytes]) => [name, loadCode(bytes)]);
  return Object.fromEntries(entries);
}

/** The functions at some addresses. */
export function machineCodeAt(unit: VectorUnit, addresses: CodeAddresses): MachineCode {
  const { forward, backward, outer } = addresses;
  return {
    unit,
    forward: functionAt(forward),
    backward: functionAt(backward),
    outer: functionAt(outer),
  };
}
