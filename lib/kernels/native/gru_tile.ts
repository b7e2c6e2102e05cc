/**
 * What the GRU's functions of machine code share: a tile of a product, and the walk over the rows.
 *
 * A BLAS copies the recurrent kernel R into a layout of its own at every time step, and its
 * results go through memory before the gates are computed. Here R is laid out once for a whole
 * sequence, in panels of as many columns as fit the registers, and a tile of the product (some
 * rows of the batch times a panel) stays in registers until it is done; what the tile's columns
 * need is computed at once, while it is in the nearest cache. While one panel is multiplied the
 * next is fetched from memory.
 *
 * @module
 */
import {
  type Assembler,
  avx512,
  type Label,
  type Memory,
  type Register,
  registers,
  type VectorUnit,
  wordAt,
} from "./assembler.ts";

/**
 * The words of the table that both functions read: A's rows are multiplied by panels, k rows each.
 *
 * Addresses and strides, in bytes, are those of the first row of the batch and from one row to the
 * next; `gate` is the distance from one gate to the next. `columns` is how many vectors there are
 * in all, and `columnsOfPart` in each of the `parts` but the last. A thread begins with part `own`.
 * Threads share, as 32-bit words, a counter for each part from `taken` on, which is 0 until someone
 * takes the part, and one at `done`, of the parts that are done.
 */
// deno-fmt-ignore
export const common = [
  "a", "aStride", "k", "rows", "panels", "gate", "columns", "columnsOfPart", "parts", "own",
  "taken", "done",
] as const;

/** The tiles that fit the registers: accumulators, a row of the panel and one number of A. */
export function tilesOf(unit: VectorUnit) {
  return unit === avx512
    ? { forward: { rows: 8, vectors: 3 }, backward: { rows: 6, vectors: 4 } }
    : { forward: { rows: 4, vectors: 3 }, backward: { rows: 6, vectors: 2 } };
}

export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

const { rax, rbx, rcx, rdx, rbp, rsp, rsi, rdi } = registers;
const { r8, r9, r10, r11, r12, r13, r14, r15 } = registers;
const savedRegisters = [rbp, rbx, r12, r13, r14, r15];
/** The k rows of a panel that are multiplied between two looks at the counter. */
export const unrolled = 4;
const floatBytes = 4;

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

/**
 * A tile: `rows` rows of A, from rsi on, times the panel at rdx, into the stack. r9 is A's stride,
 * r10 three times that, r8 the fourth row; rcx is k, rbx what is fetched for later.
 */
function writeTile(code: Assembler, { rows, vectors }: Tile, sumsOfRow: number): void {
  const { bytes, lanes } = code.unit;
  const accumulator = (i: number, j: number) => i * vectors + j;
  const [panel, number] = [rows * vectors, rows * vectors + vectors];
  const rowOfA = (i: number, offset: number): Memory => {
    const places: Memory[] = [
      { base: rsi },
      { base: rsi, index: r9 },
      { base: rsi, index: r9, scale: 2 },
      { base: r8 },
      { base: r8, index: r9 },
      { base: r8, index: r9, scale: 2 },
      { base: r8, index: r10 },
      { base: r8, index: r9, scale: 4 },
    ];
    return { ...places[i] as { base: Register }, offset };
  };
  for (let i = 0; i < panel; i++) code.vector("xor", i, i, i);
  const done = {};
  code.immediate("compare", rcx, 0);
  code.jumpIf("equal", done);
  const loop = code.here();
  const lines = lanes / 8;
  for (let line = 0; line < lines; line++) code.prefetch({ base: rbx, offset: 64 * line });
  code.immediate("add", rbx, 64 * lines);
  for (let p = 0; p < unrolled; p++) {
    for (let j = 0; j < vectors; j++) {
      code.load(panel + j, { base: rdx, offset: (p * vectors + j) * bytes });
    }
    for (let i = 0; i < rows; i++) {
      code.broadcast(number, rowOfA(i, p * floatBytes));
      for (let j = 0; j < vectors; j++) {
        code.vector("addProduct", accumulator(i, j), number, panel + j);
      }
    }
  }
  code.immediate("add", rdx, unrolled * vectors * bytes);
  code.immediate("add", rsi, unrolled * floatBytes);
  code.immediate("add", r8, unrolled * floatBytes);
  code.immediate("subtract", rcx, unrolled);
  code.jumpIf("notEqual", loop);
  code.bind(done);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < vectors; j++) {
      code.store({ base: rsp, offset: (i * sumsOfRow + j) * bytes }, accumulator(i, j));
    }
  }
}

/**
 * All rows of A, tile by tile, times the panel at r13, whose end is left in the word
 * `panel's end`; after each tile come its rows, one by one, by `writeRow`: a row's sums lie at rcx.
 */
export function writeRows<Word extends string>(
  writer: Writer<Word | typeof common[number]>,
  { tile, strides, writeTiles, writeRow }: {
    readonly tile: Tile;
    /** The pointers that move on from row to row. */
    readonly strides: readonly (readonly [pointer: Word, stride: Word])[];
    /** Writes a tile of each size. */
    writeTiles(tileOf: (rows: number, vectors: number) => void): void;
    writeRow(): void;
  },
): void {
  const { code } = writer;
  writer.startRows(strides.map(([pointer]) => pointer));
  code.integer("move", r11, writer.word("rows"));
  code.integer("move", r12, writer.word("a"));
  const tiles = code.here();
  const enough = {};
  code.set(r15, tile.rows);
  code.immediate("compare", r11, tile.rows);
  code.jumpIf("aboveOrEqual", enough);
  code.integer("move", r15, r11);
  code.bind(enough);
  code.integer("move", rsi, r12);
  code.integer("move", r9, writer.word("aStride"));
  code.integer("address", r10, { base: r9, index: r9, scale: 2 });
  code.integer("address", r8, { base: rsi, index: r10 });
  code.integer("move", rdx, r13);
  code.integer("move", rcx, writer.word("k"));
  const done: Label = {};
  writeTiles((rows, vectors) => {
    const other = {};
    code.immediate("compare", r15, rows);
    code.jumpIf("notEqual", other);
    writeTile(code, { rows, vectors }, tile.vectors);
    code.jump(done);
    code.bind(other);
  });
  code.bind(done);
  code.storeInteger(writer.own("panel's end"), rdx);
  code.integer("subtract", r11, r15);
  code.integer("multiply", r9, r15);
  code.integer("add", r12, r9);
  code.integer("move", rcx, rsp);
  const rows = code.here();
  writeRow();
  writer.nextRow(strides);
  code.immediate("add", rcx, tile.vectors * code.unit.bytes);
  code.immediate("subtract", r15, 1);
  code.jumpIf("notEqual", rows);
  code.immediate("compare", r11, 0);
  code.jumpIf("notEqual", tiles);
}

/**
 * A function: it takes its own part and then what others have left, so that from call to call a
 * thread finds its panels in its caches. A part's first column, in bytes, lies in r14, its first
 * panel in r13, and how many vectors it has in the word `columns left`.
 */
export function writeFunction<Word extends string>(
  writer: Writer<Word | typeof common[number]>,
  { tile, vectorsOfColumn }: {
    readonly tile: Tile;
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
  code.immediate("subtract", rsp, tile.rows * tile.vectors * bytes);
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

/** Where the gates z, r, ĥ and q lie, the distance from one to the next in r8, three times it in r10. */
export function gatesAt(base: Register): readonly Memory[] {
  return [
    { base },
    { base, index: r8 },
    { base, index: r8, scale: 2 },
    { base, index: r10 },
  ];
}

/** Readies r8 and r10 for {@linkcode gatesAt}. */
export function writeGateDistances(code: Assembler, distance: Memory): void {
  code.integer("move", r8, distance);
  code.integer("address", r10, { base: r8, index: r8, scale: 2 });
}
