/**
 * What every function of machine code begins and ends with: it is called with the address of an
 * argument block, takes parts of the work that no other thread has taken, and returns.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { type Label, type Memory, quadword, type Register, registers } from "./operands.ts";

const { rax, rbx, rcx, rdx, rbp, rsp, rdi } = registers;
const { r12, r13, r14, r15 } = registers;
const savedRegisters = [rbp, rbx, r12, r13, r14, r15];

/**
 * The arguments that every function has: A's rows are multiplied by panels, k rows each.
 *
 * Addresses and strides, in bytes, are those of the first row of the batch and from one row to the
 * next. `columns` is how many vectors there are in all, and `columnsOfPart` in each of the `parts`
 * but the last. A thread begins with part `own`. Threads share, as 32-bit words, a counter for each
 * part from `taken` on, which is 0 until someone takes the part, and one at `done`, of the parts
 * that are done.
 */
// deno-fmt-ignore
export const common = [
  "a", "aStride", "k", "rows", "panels", "columns", "columnsOfPart", "parts", "own",
  "taken", "done",
] as const;

/** How many 64-bit numbers an argument block needs, the functions' local variables among them. */
export const argumentCount = 48;

/** A function being written: its assembler, its arguments and its local variables. */
export class FunctionWriter<Name extends string> {
  readonly code: Assembler;
  /** Arguments first, then local variables, in the order in which they lie in the block. */
  readonly #names: string[];

  constructor(code: Assembler, names: readonly Name[]) {
    this.code = code;
    this.#names = [...names];
  }

  /** Where an argument lies. */
  argument(name: Name): Memory {
    return this.#at(name);
  }

  /** Where a local variable lies: behind the arguments. */
  local(name: string): Memory {
    return this.#at(`local ${name}`);
  }

  /** Begins to walk over the rows of the batch: each pointer is copied to where it can move. */
  startRows(pointers: readonly Name[]): void {
    for (const name of pointers) {
      this.code.integer("move", rax, this.argument(name));
      this.code.storeInteger(this.local(name), rax);
    }
  }

  /** Moves pointers to the next row. */
  nextRow(strides: readonly (readonly [pointer: Name, stride: Name])[]): void {
    for (const [pointer, stride] of strides) {
      this.code.integer("move", rax, this.argument(stride));
      this.code.addInteger(this.local(pointer), rax);
    }
  }

  /** Where a pointer of this row points, at the column of r14; changes rax. */
  at(pointer: Name): Memory {
    this.code.integer("move", rax, this.local(pointer));
    return { base: rax, index: r14 };
  }

  #at(name: string): Memory {
    if (!this.#names.includes(name)) this.#names.push(name);
    if (this.#names.length > argumentCount) {
      throw new Error("An argument block has too few numbers");
    }
    return quadword(rdi, this.#names.indexOf(name));
  }
}

/** Counts a register down, and goes on with the loop until it is 0. */
export function countDown(code: Assembler, counter: Register, loop: Label): void {
  code.immediate("subtract", counter, 1);
  code.jumpIf("notEqual", loop);
}

/**
 * A function: it takes its own part and then what others have left, so that from call to call a
 * thread finds its panels in its caches. A part's first column, in bytes, lies in r14, its first
 * panel in r13, and how many vectors it has in the local variable `columns left`.
 */
export function writeFunction<Name extends string>(
  writer: FunctionWriter<Name | typeof common[number]>,
  { sums, vectorsOfColumn }: {
    /** How many vectors there is room for at rsp. */
    readonly sums: number;
    /** How many vectors of a panel's row belong to one vector of columns. */
    readonly vectorsOfColumn: number;
  },
  /** Gets the number of the part's first column, in rax. */
  writePart: () => void,
): void {
  const { code } = writer;
  const { bytes } = code.unit;
  for (const register of savedRegisters) code.push(register);
  code.integer("move", rbp, rsp);
  code.immediate("subtract", rsp, sums * bytes);
  code.immediate("and", rsp, -64);
  code.integer("move", rcx, writer.argument("own"));
  code.storeInteger(writer.local("next part"), rcx);
  code.integer("move", rdx, writer.argument("parts"));
  code.storeInteger(writer.local("parts left"), rdx);
  const [part, notLast, enough, end] = [code.here(), {}, {}, {}];
  code.integer("move", rdx, writer.local("parts left"));
  code.immediate("compare", rdx, 0);
  code.jumpIf("equal", end);
  code.immediate("subtract", rdx, 1);
  code.storeInteger(writer.local("parts left"), rdx);
  code.integer("move", rdx, writer.local("next part"));
  code.integer("address", rcx, { base: rdx, displacement: 1 });
  code.integer("compare", rcx, writer.argument("parts"));
  code.jumpIf("notEqual", notLast);
  code.set(rcx, 0);
  code.bind(notLast);
  code.storeInteger(writer.local("next part"), rcx);
  code.integer("move", rcx, writer.argument("taken"));
  code.integer("address", rcx, { base: rcx, index: rdx, scale: 4 });
  code.set(rax, 1);
  code.exchangeAdd({ base: rcx }, rax);
  code.immediate("compare", rax, 0);
  code.jumpIf("notEqual", part);
  code.integer("move", rax, rdx);
  code.integer("multiply", rax, writer.argument("columnsOfPart"));
  code.set(r14, bytes);
  code.integer("multiply", r14, rax);
  code.set(r13, vectorsOfColumn);
  code.integer("multiply", r13, r14);
  code.integer("multiply", r13, writer.argument("k"));
  code.integer("add", r13, writer.argument("panels"));
  code.integer("move", rcx, writer.argument("columns"));
  code.integer("subtract", rcx, rax);
  code.integer("compare", rcx, writer.argument("columnsOfPart"));
  code.jumpIf("below", enough);
  code.integer("move", rcx, writer.argument("columnsOfPart"));
  code.bind(enough);
  code.storeInteger(writer.local("columns left"), rcx);
  writePart();
  code.set(rax, 1);
  code.integer("move", rcx, writer.argument("done"));
  code.exchangeAdd({ base: rcx }, rax);
  code.jump(part);
  code.bind(end);
  code.integer("move", rsp, rbp);
  for (const register of savedRegisters.toReversed()) code.pop(register);
  code.fence();
  code.zeroUpper();
  code.return();
}
