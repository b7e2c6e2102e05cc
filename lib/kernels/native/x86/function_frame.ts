/**
 * What every emitted function begins and ends with: it is called with the address of an argument
 * block, takes parts of the work that no other thread has taken, and returns.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { type Label, type Memory, quadword, type Register, registers } from "./operands.ts";
import { frameRegisters, partRegisters, takeRegisters } from "./register_roles.ts";

const { rbx, rbp, r12, r13, r14, r15 } = registers;
/** The registers that a function must return as they were. */
const calleeSaved = [rbp, rbx, r12, r13, r14, r15];
const { block, savedStack, tileSums, scratch, scratch2 } = frameRegisters;
const { column, panel } = partRegisters;
const { part } = takeRegisters;
const cacheLineBytes = 64;

/**
 * The arguments that every function has: A's rows are multiplied by panels of k rows each.
 *
 * Addresses are of the first row of the batch, strides are the bytes from one row to the next.
 * `columns` is the number of columns of the result, in the function's unit (vectors, or panels of
 * the outer product); each of the `parts` has `columnsOfPart` of them, the last perhaps fewer. A
 * thread begins with part `own`. Threads share 32-bit words: from `taken` on one for each part,
 * which is 0 until a thread takes the part, and at `done` the number of parts that are done.
 */
// deno-fmt-ignore
export const frameArguments = [
  "a", "aStride", "k", "rows", "panels", "columns", "columnsOfPart", "parts", "own",
  "taken", "done",
] as const;

/** How many 64-bit numbers an argument block has: the arguments and a function's local variables. */
export const argumentCount = 48;

/** A function being written: its assembler, its arguments and its local variables. */
export class FunctionWriter<Name extends string> {
  readonly code: Assembler;
  /** Arguments first, then local variables, in the order in which they lie in the block. */
  readonly names: string[];

  /**
   * @param code Takes the instructions.
   * @param names The names of the arguments, in the order in which they lie in the block.
   */
  constructor(code: Assembler, names: readonly Name[]) {
    this.code = code;
    this.names = [...names];
  }

  /** An argument, as a memory operand. */
  argument(name: Name): Memory {
    return this.#at(name);
  }

  /** A local variable, as a memory operand; it lies in the block, behind the arguments. */
  local(name: string): Memory {
    return this.#at(`local ${name}`);
  }

  /** Copies each pointer to a local variable of its name, which then walks over the rows. */
  startRows(pointers: readonly Name[]): void {
    for (const name of pointers) {
      this.code.integer("move", scratch, this.argument(name));
      this.code.storeInteger(this.local(name), scratch);
    }
  }

  /** Moves the local variables of {@linkcode FunctionWriter.startRows} to the next row. */
  nextRow(strides: readonly (readonly [pointer: Name, stride: Name])[]): void {
    for (const [pointer, stride] of strides) {
      this.code.integer("move", scratch, this.argument(stride));
      this.code.addInteger(this.local(pointer), scratch);
    }
  }

  /** The current column of the row that a walking pointer points to; changes `scratch`. */
  atColumn(pointer: Name): Memory {
    this.code.integer("move", scratch, this.local(pointer));
    return { base: scratch, index: column };
  }

  #at(name: string): Memory {
    if (!this.names.includes(name)) this.names.push(name);
    if (this.names.length > argumentCount) {
      throw new Error(`An argument block has no place for "${name}": raise argumentCount`);
    }
    return quadword(block, this.names.indexOf(name));
  }
}

/** Counts a register down and jumps back to the start of a loop unless it is 0. */
export function countDown(code: Assembler, counter: Register, loop: Label): void {
  code.immediate("subtract", counter, 1);
  code.jumpIf("notEqual", loop);
}

/**
 * Writes a function. It tries its own part first and then the others in turn, so that from call to
 * call a thread takes the same part, whose panels lie in its caches. For each part that it takes it
 * runs what `writePart` writes, with `partRegisters` set to the part's first block and the local
 * variable `columns left` set to the part's number of columns.
 *
 * @returns The names of the numbers of the argument block: arguments, then local variables.
 */
export function writeFunction<Name extends string>(
  writer: FunctionWriter<Name | typeof frameArguments[number]>,
  { sums, vectorsOfColumn }: {
    /** How many vectors of scratch memory to make on the stack. */
    readonly sums: number;
    /** How many vectors a panel's row has for each vector of columns. */
    readonly vectorsOfColumn: number;
  },
  /** Gets the number of the part's first column in `scratch`. */
  writePart: () => void,
): readonly string[] {
  const { code } = writer;
  const { bytes } = code.unit;
  for (const register of calleeSaved) code.push(register);
  code.integer("move", savedStack, tileSums);
  code.immediate("subtract", tileSums, sums * bytes);
  code.immediate("and", tileSums, -cacheLineBytes);
  code.integer("move", scratch2, writer.argument("own"));
  code.storeInteger(writer.local("next part"), scratch2);
  code.integer("move", part, writer.argument("parts"));
  code.storeInteger(writer.local("parts left"), part);
  const [nextPart, notLast, enough, end] = [code.here(), {}, {}, {}];
  code.integer("move", part, writer.local("parts left"));
  code.immediate("compare", part, 0);
  code.jumpIf("equal", end);
  code.immediate("subtract", part, 1);
  code.storeInteger(writer.local("parts left"), part);
  code.integer("move", part, writer.local("next part"));
  // After the last part comes part 0.
  code.integer("address", scratch2, { base: part, displacement: 1 });
  code.integer("compare", scratch2, writer.argument("parts"));
  code.jumpIf("notEqual", notLast);
  code.set(scratch2, 0);
  code.bind(notLast);
  code.storeInteger(writer.local("next part"), scratch2);
  // The thread that finds the part's counter 0 has taken it.
  code.integer("move", scratch2, writer.argument("taken"));
  code.integer("address", scratch2, { base: scratch2, index: part, scale: 4 });
  code.set(scratch, 1);
  code.exchangeAdd({ base: scratch2 }, scratch);
  code.immediate("compare", scratch, 0);
  code.jumpIf("notEqual", nextPart);
  code.integer("move", scratch, part);
  code.integer("multiply", scratch, writer.argument("columnsOfPart"));
  code.set(column, bytes);
  code.integer("multiply", column, scratch);
  code.set(panel, vectorsOfColumn);
  code.integer("multiply", panel, column);
  code.integer("multiply", panel, writer.argument("k"));
  code.integer("add", panel, writer.argument("panels"));
  code.integer("move", scratch2, writer.argument("columns"));
  code.integer("subtract", scratch2, scratch);
  code.integer("compare", scratch2, writer.argument("columnsOfPart"));
  code.jumpIf("below", enough);
  code.integer("move", scratch2, writer.argument("columnsOfPart"));
  code.bind(enough);
  code.storeInteger(writer.local("columns left"), scratch2);
  writePart();
  code.set(scratch, 1);
  code.integer("move", scratch2, writer.argument("done"));
  code.exchangeAdd({ base: scratch2 }, scratch);
  code.jump(nextPart);
  code.bind(end);
  code.integer("move", tileSums, savedStack);
  for (const register of calleeSaved.toReversed()) code.pop(register);
  code.fence();
  code.zeroUpper();
  code.return();
  return writer.names;
}
