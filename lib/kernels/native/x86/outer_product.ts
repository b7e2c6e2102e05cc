/**
 * A product Aᵀ·B of two long matrices in machine code: the gradient at R is one, over all rows of
 * all time steps.
 *
 * A block of some rows of A and B at a time is copied to where it lies dense, A as panels of a
 * vector of columns and B as one panel of three vectors after the other, which stays in the nearest
 * cache while all of A goes by; a tile of C stays in registers. Source: Goto and van de Geijn 2008,
 * https://doi.org/10.1145/1356052.1356053.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { type Register, registers } from "./operands.ts";
import { addProducts } from "./gru_tile.ts";
import { common, countDown, FunctionWriter, writeFunction } from "./function_frame.ts";

const { rax, rbx, rcx, rdx, rsi } = registers;
const { r8, r9, r10, r11, r12, r13, r14, r15 } = registers;

/** The vectors of a panel of B. */
export const outerVectors = 3;
/** The rows of a tile of C, of so many to a vector of A: AVX2 has 4 of 8, AVX-512 8 of 16. */
const tilesOfVector = 2;

/**
 * The function's arguments. Of the common ones, `k` rows are multiplied, A has `rows`
 * vectors of columns and B `columns` panels, `panels` is memory for A's, `panelStride` apart, and
 * `panelOfB` for one of B. `block` rows are multiplied at a time.
 */
export const outerArguments = [
  ...common,
  ...["b", "bStride", "c", "cStride", "panelStride", "panelOfB", "block"] as const,
] as const;

/** C = Aᵀ·B, of some panels of columns. */
export function writeOuter(code: Assembler): void {
  const { bytes } = code.unit;
  const writer = new FunctionWriter(code, outerArguments);
  const rowsOfTile = code.unit.lanes / tilesOfVector;
  const move = (to: Register, name: typeof outerArguments[number]) =>
    code.integer("move", to, writer.argument(name));
  const [column, columnsLeft] = [writer.local("column"), writer.local("columns left")];
  const [blockOfA, blockOfB] = [writer.local("block of A"), writer.local("block of B")];
  const [rowsLeft, panelsLeft, adds] = [
    writer.local("rows left"),
    writer.local("panels left"),
    writer.local("adds"),
  ];
  writeFunction(writer, { sums: 0, vectorsOfColumn: outerVectors }, () => {
    code.integer("address", r14, { base: r14, index: r14, scale: 2 });
    code.storeInteger(column, r14);
    move(rax, "b");
    code.integer("add", rax, r14);
    code.storeInteger(blockOfB, rax);
    move(rax, "a");
    code.storeInteger(blockOfA, rax);
    move(rax, "k");
    code.storeInteger(rowsLeft, rax);
    code.set(rax, 0);
    code.storeInteger(adds, rax);
    const [blocks, whole] = [code.here(), {}];
    move(r15, "block");
    code.integer("compare", r15, rowsLeft);
    code.jumpIf("below", whole);
    code.integer("move", r15, rowsLeft);
    code.bind(whole);

    // A's block, row by row, into its panels.
    move(r8, "panelStride");
    move(r9, "aStride");
    move(r12, "panels");
    code.integer("move", rsi, blockOfA);
    code.integer("move", rcx, r15);
    const rowsOfA = code.here();
    code.integer("move", rax, rsi);
    code.integer("move", rdx, r12);
    move(r11, "rows");
    const vectorsOfA = code.here();
    code.load(0, { base: rax });
    code.store({ base: rdx }, 0);
    code.immediate("add", rax, bytes);
    code.integer("add", rdx, r8);
    countDown(code, r11, vectorsOfA);
    code.integer("add", rsi, r9);
    code.immediate("add", r12, bytes);
    countDown(code, rcx, rowsOfA);
    code.storeInteger(blockOfA, rsi);

    code.integer("move", rbx, blockOfB);
    code.integer("move", r14, column);
    code.integer("move", rax, columnsLeft);
    code.storeInteger(panelsLeft, rax);
    move(r10, "bStride");
    const panels = code.here();
    code.integer("move", rsi, rbx);
    move(rdx, "panelOfB");
    code.integer("move", rcx, r15);
    const rowsOfB = code.here();
    for (let j = 0; j < outerVectors; j++) code.load(j, { base: rsi, displacement: j * bytes });
    for (let j = 0; j < outerVectors; j++) code.store({ base: rdx, displacement: j * bytes }, j);
    code.integer("add", rsi, r10);
    code.immediate("add", rdx, outerVectors * bytes);
    countDown(code, rcx, rowsOfB);
    code.immediate("add", rbx, outerVectors * bytes);

    move(r9, "cStride");
    move(r12, "panels");
    move(r11, "rows");
    move(r13, "c");
    code.integer("add", r13, r14);
    const tiles = code.here();
    for (let half = 0; half < tilesOfVector; half++) {
      code.integer("address", rsi, { base: r12, displacement: half * bytes / tilesOfVector });
      writeTile(writer, rowsOfTile);
    }
    code.integer("add", r12, r8);
    countDown(code, r11, tiles);
    code.immediate("add", r14, outerVectors * bytes);
    code.integer("move", rax, panelsLeft);
    code.immediate("subtract", rax, 1);
    code.storeInteger(panelsLeft, rax);
    code.jumpIf("notEqual", panels);

    code.integer("multiply", r10, r15);
    code.addInteger(blockOfB, r10);
    code.set(rax, 1);
    code.storeInteger(adds, rax);
    code.integer("move", rax, rowsLeft);
    code.integer("subtract", rax, r15);
    code.storeInteger(rowsLeft, rax);
    code.jumpIf("notEqual", blocks);
  });
}

/** A tile of C at r13, which moves on to the next, from A's panel at rsi; r9 is C's stride. */
function writeTile(writer: FunctionWriter<typeof outerArguments[number]>, rows: number): void {
  const { code } = writer;
  const { bytes, lanes } = code.unit;
  const accumulator = (i: number, j: number) => i * outerVectors + j;
  // C's lines are fetched while the tile is computed.
  code.integer("move", rax, r13);
  for (let i = 0; i < rows; i++) {
    for (let line = 0; line < outerVectors * bytes; line += 64) {
      code.prefetch({ base: rax, displacement: line });
    }
    code.integer("add", rax, r9);
  }
  for (let i = 0; i < rows * outerVectors; i++) code.vector("xor", i, i, i);
  code.integer("move", rdx, writer.argument("panelOfB"));
  code.integer("move", rcx, r15);
  const loop = code.here();
  addProducts(code, { rows, vectors: outerVectors }, {
    numberAt: (i) => ({ base: rsi, displacement: i * bytes / lanes }),
    vectorAt: (j) => ({ base: rdx, displacement: j * bytes }),
  });
  code.immediate("add", rsi, bytes);
  code.immediate("add", rdx, outerVectors * bytes);
  countDown(code, rcx, loop);
  const store = {};
  code.integer("move", rax, writer.local("adds"));
  code.immediate("compare", rax, 0);
  code.jumpIf("equal", store);
  code.integer("move", rax, r13);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < outerVectors; j++) {
      const sum = accumulator(i, j);
      code.vector("add", sum, sum, { base: rax, displacement: j * bytes });
    }
    code.integer("add", rax, r9);
  }
  code.bind(store);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < outerVectors; j++) {
      code.store({ base: r13, displacement: j * bytes }, accumulator(i, j));
    }
    code.integer("add", r13, r9);
  }
}
