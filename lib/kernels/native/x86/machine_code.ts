/**
 * The emitted functions: written for a processor, loaded, and called.
 *
 * @module
 */
import { Assembler, type VectorUnit } from "./assembler.ts";
import { functionAt, loadCode, type MachineFunction } from "./executable_memory.ts";
import { writeBackward } from "./gru_backward.ts";
import { writeForward } from "./gru_forward.ts";
import { writeOuter } from "./outer_product.ts";

/** Each writes a function and returns the names of the numbers of its argument block. */
export const functionWriters = {
  forward: writeForward,
  backward: writeBackward,
  outer: writeOuter,
} as const;

/** The name of an emitted function. */
export type FunctionName = keyof typeof functionWriters;

/** The address of each function's code, which every thread of the program may call. */
export type CodeAddresses = Readonly<Record<FunctionName, bigint>>;

/** The functions, as one thread calls them. */
export type MachineCode =
  & { readonly unit: VectorUnit }
  & Readonly<Record<FunctionName, MachineFunction>>;

/**
 * Writes all functions for a processor.
 *
 * @param unit The processor's vector unit.
 * @returns The bytes of each function.
 */
export function writeCode(unit: VectorUnit): Readonly<Record<FunctionName, Uint8Array>> {
  const entries = Object.entries(functionWriters).map(([name, write]) => {
    const code = new Assembler(unit);
    write(code);
    return [name, code.finish()];
  });
  return Object.fromEntries(entries);
}

/**
 * Loads functions into executable memory.
 *
 * @param code The bytes of each function.
 * @returns The address of each function.
 * @throws {Error} If the system gives no executable memory.
 */
export function loadFunctions(code: ReturnType<typeof writeCode>): CodeAddresses {
  const entries = Object.entries(code).map(([name, bytes]) => [name, loadCode(bytes)]);
  return Object.fromEntries(entries);
}

/**
 * Makes functions callable by the current thread.
 *
 * @param unit The vector unit that they were written for.
 * @param addresses Where they were loaded.
 */
export function machineCodeAt(unit: VectorUnit, addresses: CodeAddresses): MachineCode {
  const { forward, backward, outer } = addresses;
  return {
    unit,
    forward: functionAt(forward),
    backward: functionAt(backward),
    outer: functionAt(outer),
  };
}
