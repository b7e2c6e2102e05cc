/**
 * What the GRU's emitted functions share: a tile of a matrix product, and the loop over the rows.
 *
 * A BLAS packs the recurrent kernel R anew at every time step, and its results go through memory
 * before the gates are computed. Here R is packed once for a whole sequence, in panels of as many
 * columns as fit the registers. A tile of the product (some rows of the batch times a panel) stays
 * in registers until it is complete; the gates of its rows and columns are computed at once, while
 * it lies in the first-level cache. While one panel is multiplied the next is prefetched.
 *
 * @module
 */
import { type Assembler, avx512, type VectorUnit } from "./assembler.ts";
import { countDown, type frameArguments, type FunctionWriter } from "./function_frame.ts";
import type { Label, Memory, Register } from "./operands.ts";
import {
  frameRegisters,
  partRegisters,
  rowRegisters,
  tileRegisters,
  tileVectors,
  walkRegisters,
} from "./register_roles.ts";

/** The size of a tile: rows of A, and vectors of columns. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

/**
 * The largest tiles whose sums, a row of the panel and a number of A fit the vector registers. The
 * forward function's have one vector for each of z, r and h.
 */
export function tilesOf(unit: VectorUnit): { readonly forward: Tile; readonly backward: Tile } {
  return unit.lanes === avx512.lanes
    ? { forward: { rows: 8, vectors: 3 }, backward: { rows: 6, vectors: 4 } }
    : { forward: { rows: 4, vectors: 3 }, backward: { rows: 6, vectors: 2 } };
}

const { tileSums } = frameRegisters;
const { panel } = partRegisters;
const { rowsLeft, tileOfA, tileRows } = walkRegisters;
const { row0, row3, aStride, aStride3, panelRow, kLeft, prefetch } = tileRegisters;
const { sums, gateStride, gateStride3 } = rowRegisters;

/** The rows of a panel that one turn of a tile's loop multiplies; k is a multiple of it. */
export const unrolled = 4;
const floatBytes = 4;
const cacheLineBytes = 64;

/** Adds the product of a column of A and a row of a panel to a tile; see {@linkcode tileVectors}. */
export function addProducts(
  code: Assembler,
  { rows, vectors }: Tile,
  { numberAt, vectorAt }: {
    /** The number of A in a row of the tile. */
    numberAt(row: number): Memory;
    /** A vector of the panel's row. */
    vectorAt(vector: number): Memory;
  },
): void {
  const { sum, panel, number } = tileVectors({ rows, vectors });
  for (let j = 0; j < vectors; j++) code.load(panel(j), vectorAt(j));
  for (let i = 0; i < rows; i++) {
    code.broadcast(number, numberAt(i));
    for (let j = 0; j < vectors; j++) code.vector("addProduct", sum(i, j), number, panel(j));
  }
}

/** Sets a tile's sums to zero. */
export function clearSums(code: Assembler, { rows, vectors }: Tile): void {
  for (let i = 0; i < rows * vectors; i++) code.vector("xor", i, i, i);
}

/**
 * Multiplies a tile and stores its sums, row by row, `vectorsOfRow` for each row. It starts with
 * all of `tileRegisters` set, and leaves `panelRow` at the panel's end.
 */
function writeTile(code: Assembler, { rows, vectors }: Tile, vectorsOfRow: number): void {
  const { bytes } = code.unit;
  const { sum } = tileVectors({ rows, vectors });
  const rowOfA = (i: number, displacement: number): Memory => {
    const addresses = [
      { base: row0 },
      { base: row0, index: aStride },
      { base: row0, index: aStride, scale: 2 },
      { base: row3 },
      { base: row3, index: aStride },
      { base: row3, index: aStride, scale: 2 },
      { base: row3, index: aStride3 },
      { base: row3, index: aStride, scale: 4 },
    ] as const;
    return { ...addresses[i]!, displacement };
  };
  clearSums(code, { rows, vectors });
  const done = {};
  code.immediate("compare", kLeft, 0);
  code.jumpIf("equal", done);
  const loop = code.here();
  // Less than a turn reads: the next tile of the same panel goes on where this one ends.
  const prefetched = 2 * bytes;
  for (let line = 0; line < prefetched; line += cacheLineBytes) {
    code.prefetch({ base: prefetch, displacement: line });
  }
  code.immediate("add", prefetch, prefetched);
  for (let p = 0; p < unrolled; p++) {
    addProducts(code, { rows, vectors }, {
      numberAt: (i) => rowOfA(i, p * floatBytes),
      vectorAt: (j) => ({ base: panelRow, displacement: (p * vectors + j) * bytes }),
    });
  }
  code.immediate("add", panelRow, unrolled * vectors * bytes);
  code.immediate("add", row0, unrolled * floatBytes);
  code.immediate("add", row3, unrolled * floatBytes);
  code.immediate("subtract", kLeft, unrolled);
  code.jumpIf("notEqual", loop);
  code.bind(done);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < vectors; j++) {
      code.store({ base: tileSums, displacement: (i * vectorsOfRow + j) * bytes }, sum(i, j));
    }
  }
}

/**
 * Multiplies all rows of A by the current panel, tile by tile; after each tile runs what `writeRow`
 * writes for each of its rows, with the address of the row's sums in `rowRegisters.sums`. Leaves
 * the panel's end in the local variable `panel's end`.
 */
export function writeRows<Name extends string>(
  writer: FunctionWriter<Name | typeof frameArguments[number]>,
  { tile, strides, writeTiles, writeRow }: {
    /** The largest tile. */
    readonly tile: Tile;
    /** The pointers that `writeRow` needs, which move on from row to row. */
    readonly strides: readonly (readonly [pointer: Name, stride: Name])[];
    /** Calls its argument for each size that a tile may have. */
    writeTiles(tileOf: (rows: number, vectors: number) => void): void;
    writeRow(): void;
  },
): void {
  const { code } = writer;
  writer.startRows(strides.map(([pointer]) => pointer));
  code.integer("move", rowsLeft, writer.argument("rows"));
  code.integer("move", tileOfA, writer.argument("a"));
  const tiles = code.here();
  const enough = {};
  code.set(tileRows, tile.rows);
  code.immediate("compare", rowsLeft, tile.rows);
  code.jumpIf("aboveOrEqual", enough);
  code.integer("move", tileRows, rowsLeft);
  code.bind(enough);
  code.integer("move", row0, tileOfA);
  code.integer("move", aStride, writer.argument("aStride"));
  code.integer("address", aStride3, { base: aStride, index: aStride, scale: 2 });
  code.integer("address", row3, { base: row0, index: aStride3 });
  code.integer("move", panelRow, panel);
  code.integer("move", kLeft, writer.argument("k"));
  const done: Label = {};
  writeTiles((rows, vectors) => {
    const other = {};
    code.immediate("compare", tileRows, rows);
    code.jumpIf("notEqual", other);
    writeTile(code, { rows, vectors }, tile.vectors);
    code.jump(done);
    code.bind(other);
  });
  code.bind(done);
  code.storeInteger(writer.local("panel's end"), panelRow);
  code.integer("subtract", rowsLeft, tileRows);
  code.integer("multiply", aStride, tileRows);
  code.integer("add", tileOfA, aStride);
  code.integer("move", sums, tileSums);
  const rows = code.here();
  writeRow();
  writer.nextRow(strides);
  code.immediate("add", sums, tile.vectors * code.unit.bytes);
  countDown(code, tileRows, rows);
  code.immediate("compare", rowsLeft, 0);
  code.jumpIf("notEqual", tiles);
}

/** The columns of the gates z, r, h and of q, the first at `base`; {@linkcode loadGateStrides} first. */
export function gatesAt(base: Register): readonly [Memory, Memory, Memory, Memory] {
  return [
    { base },
    { base, index: gateStride },
    { base, index: gateStride, scale: 2 },
    { base, index: gateStride3 },
  ];
}

/** Sets the registers that {@linkcode gatesAt} uses from the bytes between two gates. */
export function loadGateStrides(code: Assembler, stride: Memory): void {
  code.integer("move", gateStride, stride);
  code.integer("address", gateStride3, { base: gateStride, index: gateStride, scale: 2 });
}
