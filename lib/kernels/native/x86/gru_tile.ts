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
import { type Assembler, avx512, type VectorUnit } from "./assembler.ts";
import { type Label, type Memory, type Register, registers } from "./operands.ts";
import { type common, countDown, type FunctionWriter } from "./function_frame.ts";

/** The tiles that fit the registers: accumulators, a row of the panel and one number of A. */
export function tilesOf(unit: VectorUnit) {
  return unit.lanes === avx512.lanes
    ? { forward: { rows: 8, vectors: 3 }, backward: { rows: 6, vectors: 4 } }
    : { forward: { rows: 4, vectors: 3 }, backward: { rows: 6, vectors: 2 } };
}

export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

const { rbx, rcx, rdx, rsp, rsi, r8, r9, r10, r11, r12, r13, r15 } = registers;

/** The k rows of a panel that are multiplied between two looks at the counter. */
export const unrolled = 4;
const floatBytes = 4;

/**
 * Adds the product of a column of A and a row of a panel to a tile, whose sums take the first
 * registers; those behind them are changed.
 */
export function addProducts(
  code: Assembler,
  { rows, vectors }: Tile,
  { numberAt, vectorAt }: {
    /** Where the number of A for a row of the tile lies. */
    numberAt(row: number): Memory;
    /** Where a vector of the panel's row lies. */
    vectorAt(vector: number): Memory;
  },
): void {
  const [panel, number] = [rows * vectors, rows * vectors + vectors];
  for (let j = 0; j < vectors; j++) code.load(panel + j, vectorAt(j));
  for (let i = 0; i < rows; i++) {
    code.broadcast(number, numberAt(i));
    for (let j = 0; j < vectors; j++) {
      code.vector("addProduct", i * vectors + j, number, panel + j);
    }
  }
}

/**
 * A tile: `rows` rows of A, from rsi on, times the panel at rdx, into the stack. r9 is A's stride,
 * r10 three times that, r8 the fourth row; rcx is k, rbx what is fetched for later.
 */
function writeTile(code: Assembler, { rows, vectors }: Tile, sumsOfRow: number): void {
  const { bytes, lanes } = code.unit;
  const rowOfA = (i: number, displacement: number): Memory => {
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
    return { ...places[i] as { base: Register }, displacement };
  };
  for (let i = 0; i < rows * vectors; i++) code.vector("xor", i, i, i);
  const done = {};
  code.immediate("compare", rcx, 0);
  code.jumpIf("equal", done);
  const loop = code.here();
  const lines = lanes / 8;
  for (let line = 0; line < lines; line++) code.prefetch({ base: rbx, displacement: 64 * line });
  code.immediate("add", rbx, 64 * lines);
  for (let p = 0; p < unrolled; p++) {
    addProducts(code, { rows, vectors }, {
      numberAt: (i) => rowOfA(i, p * floatBytes),
      vectorAt: (j) => ({ base: rdx, displacement: (p * vectors + j) * bytes }),
    });
  }
  code.immediate("add", rdx, unrolled * vectors * bytes);
  code.immediate("add", rsi, unrolled * floatBytes);
  code.immediate("add", r8, unrolled * floatBytes);
  code.immediate("subtract", rcx, unrolled);
  code.jumpIf("notEqual", loop);
  code.bind(done);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < vectors; j++) {
      code.store({ base: rsp, displacement: (i * sumsOfRow + j) * bytes }, i * vectors + j);
    }
  }
}

/**
 * All rows of A, tile by tile, times the panel at r13, whose end is left in the local
 * variable `panel's end`; after each tile come its rows, one by one, by `writeRow`: a row's sums lie at rcx.
 */
export function writeRows<Name extends string>(
  writer: FunctionWriter<Name | typeof common[number]>,
  { tile, strides, writeTiles, writeRow }: {
    readonly tile: Tile;
    /** The pointers that move on from row to row. */
    readonly strides: readonly (readonly [pointer: Name, stride: Name])[];
    /** Writes a tile of each size. */
    writeTiles(tileOf: (rows: number, vectors: number) => void): void;
    writeRow(): void;
  },
): void {
  const { code } = writer;
  writer.startRows(strides.map(([pointer]) => pointer));
  code.integer("move", r11, writer.argument("rows"));
  code.integer("move", r12, writer.argument("a"));
  const tiles = code.here();
  const enough = {};
  code.set(r15, tile.rows);
  code.immediate("compare", r11, tile.rows);
  code.jumpIf("aboveOrEqual", enough);
  code.integer("move", r15, r11);
  code.bind(enough);
  code.integer("move", rsi, r12);
  code.integer("move", r9, writer.argument("aStride"));
  code.integer("address", r10, { base: r9, index: r9, scale: 2 });
  code.integer("address", r8, { base: rsi, index: r10 });
  code.integer("move", rdx, r13);
  code.integer("move", rcx, writer.argument("k"));
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
  code.storeInteger(writer.local("panel's end"), rdx);
  code.integer("subtract", r11, r15);
  code.integer("multiply", r9, r15);
  code.integer("add", r12, r9);
  code.integer("move", rcx, rsp);
  const rows = code.here();
  writeRow();
  writer.nextRow(strides);
  code.immediate("add", rcx, tile.vectors * code.unit.bytes);
  countDown(code, r15, rows);
  code.immediate("compare", r11, 0);
  code.jumpIf("notEqual", tiles);
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
