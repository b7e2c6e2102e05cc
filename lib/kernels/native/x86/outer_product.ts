/**
 * A product C = Aᵀ·B of two long matrices in machine code, as the gradient with respect to R is one
 * over all rows of all time steps.
 *
 * A block of some rows of A and B at a time is copied to where it lies dense: A as panels of one
 * vector of columns, and of B one panel of three vectors at a time, which stays in the first-level
 * cache while all of A goes by. A tile of C, half a vector of rows times three vectors of columns,
 * stays in registers. Source: Goto and van de Geijn 2008, https://doi.org/10.1145/1356052.1356053.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { countDown, frameArguments, FunctionWriter, writeFunction } from "./function_frame.ts";
import { addProducts, clearSums } from "./gru_tile.ts";
import type { Memory, Register } from "./operands.ts";
import {
  copyARegisters,
  copyBRegisters,
  frameRegisters,
  outerRegisters,
  outerTileRegisters,
  tileVectors,
} from "./register_roles.ts";

const { scratch } = frameRegisters;
const { blockRows, panelStride, panelOfA, panelsOfALeft } = outerRegisters;
const { columnsOfB, bStride, column } = outerRegisters;
const { tileOfC, cStride, rowOfA, rowOfB, kLeft, rowOfC } = outerTileRegisters;
const cacheLineBytes = 64;

/** The vectors of a panel of B, and of a tile of C. */
export const outerVectors = 3;
/** The tiles of C for each panel of A: AVX2's have 4 rows of its 8, AVX-512's 8 of 16. */
const tilesOfPanel = 2;

/**
 * The arguments of the outer product. Of the ones of every function, `k` is the number of rows of A
 * and B, `rows` the panels of A, `columns` those of B, and `panels` scratch memory for A's, which
 * lie `panelStride` bytes apart; `panelOfB` is scratch memory for one of B's. `block` is the most
 * rows that are multiplied at a time.
 */
export const outerArguments = [
  ...frameArguments,
  ...["b", "bStride", "c", "cStride", "panelStride", "panelOfB", "block"] as const,
] as const;

type OuterWriter = FunctionWriter<typeof outerArguments[number]>;

/** Writes C = Aᵀ·B, for some panels of columns. */
export function writeOuter(code: Assembler): readonly string[] {
  const { bytes } = code.unit;
  const writer: OuterWriter = new FunctionWriter(code, outerArguments);
  const move = (to: Register, name: typeof outerArguments[number]) =>
    code.integer("move", to, writer.argument(name));
  const [firstColumn, columnsLeft] = [writer.local("column"), writer.local("columns left")];
  const [blockOfA, blockOfB] = [writer.local("block of A"), writer.local("block of B")];
  const [rowsLeft, panelsLeft, accumulates] = [
    writer.local("rows left"),
    writer.local("panels left"),
    writer.local("accumulates"),
  ];
  return writeFunction(writer, { sums: 0, vectorsOfColumn: outerVectors }, () => {
    code.integer("address", column, { base: column, index: column, scale: 2 });
    code.storeInteger(firstColumn, column);
    move(scratch, "b");
    code.integer("add", scratch, column);
    code.storeInteger(blockOfB, scratch);
    move(scratch, "a");
    code.storeInteger(blockOfA, scratch);
    move(scratch, "k");
    code.storeInteger(rowsLeft, scratch);
    code.set(scratch, 0);
    code.storeInteger(accumulates, scratch);
    const [blocks, whole] = [code.here(), {}];
    move(blockRows, "block");
    code.integer("compare", blockRows, rowsLeft);
    code.jumpIf("below", whole);
    code.integer("move", blockRows, rowsLeft);
    code.bind(whole);

    move(panelStride, "panelStride");
    writeCopyOfA(writer, blockOfA);

    code.integer("move", columnsOfB, blockOfB);
    code.integer("move", column, firstColumn);
    code.integer("move", scratch, columnsLeft);
    code.storeInteger(panelsLeft, scratch);
    move(bStride, "bStride");
    const panels = code.here();
    writeCopyOfB(writer);
    code.immediate("add", columnsOfB, outerVectors * bytes);

    move(cStride, "cStride");
    move(panelOfA, "panels");
    move(panelsOfALeft, "rows");
    move(tileOfC, "c");
    code.integer("add", tileOfC, column);
    const tiles = code.here();
    for (let tile = 0; tile < tilesOfPanel; tile++) {
      const displacement = tile * bytes / tilesOfPanel;
      code.integer("address", rowOfA, { base: panelOfA, displacement });
      writeTile(writer, accumulates);
    }
    code.integer("add", panelOfA, panelStride);
    countDown(code, panelsOfALeft, tiles);
    code.immediate("add", column, outerVectors * bytes);
    code.integer("move", scratch, panelsLeft);
    code.immediate("subtract", scratch, 1);
    code.storeInteger(panelsLeft, scratch);
    code.jumpIf("notEqual", panels);

    code.integer("multiply", bStride, blockRows);
    code.addInteger(blockOfB, bStride);
    code.set(scratch, 1);
    code.storeInteger(accumulates, scratch);
    code.integer("move", scratch, rowsLeft);
    code.integer("subtract", scratch, blockRows);
    code.storeInteger(rowsLeft, scratch);
    code.jumpIf("notEqual", blocks);
  });
}

/** Writes the copy of a block of A, row by row, into its panels; `blockOfA` moves to the next. */
function writeCopyOfA(writer: OuterWriter, blockOfA: Memory): void {
  const { code } = writer;
  const { row, aStride, rowsLeft, from, to } = copyARegisters;
  const vector = 0;
  code.integer("move", aStride, writer.argument("aStride"));
  code.integer("move", panelOfA, writer.argument("panels"));
  code.integer("move", row, blockOfA);
  code.integer("move", rowsLeft, blockRows);
  const rows = code.here();
  code.integer("move", from, row);
  code.integer("move", to, panelOfA);
  code.integer("move", panelsOfALeft, writer.argument("rows"));
  const vectors = code.here();
  code.load(vector, { base: from });
  code.store({ base: to }, vector);
  code.immediate("add", from, code.unit.bytes);
  code.integer("add", to, panelStride);
  countDown(code, panelsOfALeft, vectors);
  code.integer("add", row, aStride);
  code.immediate("add", panelOfA, code.unit.bytes);
  countDown(code, rowsLeft, rows);
  code.storeInteger(blockOfA, row);
}

/** Writes the copy of a block's rows of `columnsOfB` into the panel of B. */
function writeCopyOfB(writer: OuterWriter): void {
  const { code } = writer;
  const { bytes } = code.unit;
  const { from, to, rowsLeft } = copyBRegisters;
  code.integer("move", from, columnsOfB);
  code.integer("move", to, writer.argument("panelOfB"));
  code.integer("move", rowsLeft, blockRows);
  const rows = code.here();
  for (let j = 0; j < outerVectors; j++) code.load(j, { base: from, displacement: j * bytes });
  for (let j = 0; j < outerVectors; j++) code.store({ base: to, displacement: j * bytes }, j);
  code.integer("add", from, bStride);
  code.immediate("add", to, outerVectors * bytes);
  countDown(code, rowsLeft, rows);
}

/**
 * Writes a tile of C, whose rows are columns of A: the product of `rowOfA` and the panel of B, added
 * to what is there unless `accumulates` is 0. `tileOfC` moves to the next tile.
 */
function writeTile(writer: OuterWriter, accumulates: Memory): void {
  const { code } = writer;
  const { bytes, lanes } = code.unit;
  const tile = { rows: lanes / tilesOfPanel, vectors: outerVectors };
  const { sum } = tileVectors(tile);
  // The tile's cache lines of C are prefetched while its product is computed.
  code.integer("move", rowOfC, tileOfC);
  for (let i = 0; i < tile.rows; i++) {
    for (let line = 0; line < outerVectors * bytes; line += cacheLineBytes) {
      code.prefetch({ base: rowOfC, displacement: line });
    }
    code.integer("add", rowOfC, cStride);
  }
  clearSums(code, tile);
  code.integer("move", rowOfB, writer.argument("panelOfB"));
  code.integer("move", kLeft, blockRows);
  const loop = code.here();
  addProducts(code, tile, {
    numberAt: (i) => ({ base: rowOfA, displacement: i * bytes / lanes }),
    vectorAt: (j) => ({ base: rowOfB, displacement: j * bytes }),
  });
  code.immediate("add", rowOfA, bytes);
  code.immediate("add", rowOfB, outerVectors * bytes);
  countDown(code, kLeft, loop);
  const store = {};
  code.integer("move", scratch, accumulates);
  code.immediate("compare", scratch, 0);
  code.jumpIf("equal", store);
  code.integer("move", rowOfC, tileOfC);
  for (let i = 0; i < tile.rows; i++) {
    for (let j = 0; j < outerVectors; j++) {
      code.vector("add", sum(i, j), sum(i, j), { base: rowOfC, displacement: j * bytes });
    }
    code.integer("add", rowOfC, cStride);
  }
  code.bind(store);
  for (let i = 0; i < tile.rows; i++) {
    for (let j = 0; j < outerVectors; j++) {
      code.store({ base: tileOfC, displacement: j * bytes }, sum(i, j));
    }
    code.integer("add", tileOfC, cStride);
  }
}
