/**
 * Functions of machine code that threads call with a table, and share the parts of.
 *
 * @module
 */
import {
  type Assembler,
  type Label,
  type Memory,
  type Register,
  registers,
  wordAt,
} from "./assembler.ts";

const { rax, rbx, rcx, rdx, rbp, rsp, rdi } = registers;
const { r12, r13, r14, r15 } = registers;
const savedRegisters = [rbp, rbx, r12, r13, r14, r15];

/**
 * The words that every table has: A's rows are multiplied by panels, k rows each.
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

/** How many words a table needs, the functions' own among them. */
export const tableWords = 48;

/** A function being written: its assembler, and the words of its table. */
export class Writer<Word extends string> {
  readonly code: Assembler;
  readonly #words: string[];

  constructor(code: Assembler, words: readonly Word[]) {
    this.code = code;
    this.#words = [...words];
  }

  /** A word of the table. */
  word(name: Word): Memory {
    return this.#word(name);
  }

  /** A word behind the table that only the function itself uses. */
  own(name: string): Memory {
    return this.#word(`own ${name}`);
  }

  /** Begins to walk over the rows of the batch: each pointer is copied to where it can move. */
  startRows(pointers: readonly Word[]): void {
    for (const name of pointers) {
      this.code.integer("move", rax, this.word(name));
      this.code.storeInteger(this.own(name), rax);
    }
  }

  /** Moves pointers to the next row. */
  nextRow(strides: readonly (readonly [pointer: Word, stride: Word])[]): void {
    for (const [pointer, stride] of strides) {
      this.code.integer("move", rax, this.word(stride));
      this.code.addInteger(this.own(pointer), rax);
    }
  }

  /** Where a pointer of this row points, at the column of r14; changes rax. */
  at(pointer: Word): Memory {
    this.code.integer("move", rax, this.own(pointer));
    return { base: rax, index: r14 };
  }

  #word(name: string): Memory {
    if (!this.#words.includes(name)) this.#words.push(name);
    if (this.#words.length > tableWords) throw new Error("A table has too few words");
    return wordAt(rdi, this.#words.indexOf(name));
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
 * panel in r13, and how many vectors it has in the word `columns left`.
 */
export function writeFunction<Word extends string>(
  writer: Writer<Word | typeof common[number]>,
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
  code.integer("move", rcx, writer.word("own"));
  code.storeInteger(writer.own("next part"), rcx);
  code.integer("move", rdx, writer.word("parts"));
  code.storeInteger(writer.own("parts left"), rdx);
  const [part, notLast, enough, end] = [code.here(), {}, {}, {}];
  code.integer("move", rdx, writer.own("parts left"));
  code.immediate("compare", rdx, 0);
  code.jumpIf("equal", end);
  code.immediate("subtract", rdx, 1);
  code.storeInteger(writer.own("parts left"), rdx);
  code.integer("move", rdx, writer.own("next part"));
  code.integer("address", rcx, { base: rdx, offset: 1 });
  code.integer("compare", rcx, writer.word("parts"));
  code.jumpIf("notEqual", notLast);
  code.set(rcx, 0);
  code.bind(notLast);
  code.storeInteger(writer.own("next part"), rcx);
  code.integer("move", rcx, writer.word("taken"));
  code.integer("address", rcx, { base: rcx, index: rdx, scale: 4 });
  code.set(rax, 1);
  code.exchangeAdd({ base: rcx }, rax);
  code.immediate("compare", rax, 0);
  code.jumpIf("notEqual", part);
  code.integer("move", rax, rdx);
  code.integer("multiply", rax, writer.word("columnsOfPart"));
  code.set(r14, bytes);
  code.integer("multiply", r14, rax);
  code.set(r13, vectorsOfColumn);
  code.integer("multiply", r13, r14);
  code.integer("multiply", r13, writer.word("k"));
  code.integer("add", r13, writer.word("panels"));
  code.integer("move", rcx, writer.word("columns"));
  code.integer("subtract", rcx, rax);
  code.integer("compare", rcx, writer.word("columnsOfPart"));
  code.jumpIf("below", enough);
  code.integer("move", rcx, writer.word("columnsOfPart"));
  code.bind(enough);
  code.storeInteger(writer.own("columns left"), rcx);
  writePart();
  code.set(rax, 1);
  code.integer("move", rcx, writer.word("done"));
  code.exchangeAdd({ base: rcx }, rax);
  code.jump(part);
  code.bind(end);
  code.integer("move", rsp, rbp);
  for (const register of savedRegisters.toReversed()) code.pop(register);
  code.fence();
  code.zeroUpper();
  code.return();
}
