/**
 * The GRU's backward step in machine code; `../../ops/gru.ts` has the equations.
 *
 * A block is as many columns of the gradient with respect to the state as a panel of Rᵀ has.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { countDown, frameArguments, FunctionWriter, writeFunction } from "./function_frame.ts";
import { gatesAt, loadGateStrides, tilesOf, writeRows } from "./gru_tile.ts";
import type { Register } from "./operands.ts";
import {
  backwardRowRegisters,
  backwardVectors,
  frameRegisters,
  partRegisters,
  rowRegisters,
  tileRegisters,
} from "./register_roles.ts";

const { scratch, scratch2 } = frameRegisters;
const { column, panel } = partRegisters;
const { prefetch } = tileRegisters;
const { sums, operand } = rowRegisters;
const { gates, vectorsLeft } = backwardRowRegisters;

/**
 * The arguments of the backward function: gradHidden = A·B, plus what it was if `accumulate` is 1;
 * then, if `hasStep` is 1, the gradients with respect to the gates of a step. `gates` lies as the
 * forward function left it, `gatesColumn` bytes from one vector of units to the next; elsewhere
 * `gateStride` is the bytes from one gate's columns to the next gate's. `gradient` is that of the
 * loss with respect to the step's hidden state, `gradProjected` gets D added at its rows,
 * `gradRecurrent` gets E, and `gradBias` the sum of E.
 */
// deno-fmt-ignore
export const backwardArguments = [
  ...frameArguments, "gateStride", "gradHidden", "gradHiddenStride", "accumulate", "hasStep",
  "gradBias", "gradProjected", "gradProjectedStride", "id", "idStride", "previousState",
  "previousStateStride", "gradient", "gradientStride", "gates", "gatesColumn", "gradRecurrent",
  "gradRecurrentStride",
] as const;

/**
 * Writes a step of the backward pass, for some blocks of columns: the product with Rᵀ, which
 * completes the gradient with respect to the state before a step, and from it the gradients with
 * respect to the gates of the step before that one. Without a step it is a matrix product.
 */
export function writeBackward(code: Assembler): readonly string[] {
  const { bytes } = code.unit;
  const tile = tilesOf(code.unit).backward;
  const writer = new FunctionWriter(code, backwardArguments);
  return writeFunction(writer, { sums: tile.rows * tile.vectors, vectorsOfColumn: 1 }, () => {
    code.integer("multiply", scratch, writer.argument("gatesColumn"));
    code.integer("add", scratch, writer.argument("gates"));
    code.storeInteger(writer.local("gates of block"), scratch);
    const blocks = code.here();
    // The last block may have fewer vectors.
    const enough = {};
    code.set(scratch, tile.vectors);
    code.integer("compare", scratch, writer.local("columns left"));
    code.jumpIf("below", enough);
    code.integer("move", scratch, writer.local("columns left"));
    code.bind(enough);
    code.storeInteger(writer.local("vectors of block"), scratch);
    // The next panel, which is prefetched, lies behind this one.
    code.integer("move", prefetch, writer.argument("k"));
    code.integer("multiply", prefetch, scratch);
    code.set(scratch, bytes);
    code.integer("multiply", prefetch, scratch);
    code.integer("add", prefetch, panel);
    code.integer("move", scratch, writer.local("gates of block"));
    code.storeInteger(writer.local("gates of row"), scratch);
    writeRows(writer, {
      tile,
      strides: [
        ["gradHidden", "gradHiddenStride"],
        ["id", "idStride"],
        ["previousState", "previousStateStride"],
        ["gradient", "gradientStride"],
        ["gradRecurrent", "gradRecurrentStride"],
      ],
      writeTiles(tileOf) {
        for (let vectors = tile.vectors; vectors > 0; vectors--) {
          const other = {};
          code.integer("move", scratch, writer.local("vectors of block"));
          code.immediate("compare", scratch, vectors);
          code.jumpIf("notEqual", other);
          for (let rows = tile.rows; rows > 0; rows--) tileOf(rows, vectors);
          code.bind(other);
        }
      },
      writeRow: () => writeRow(writer),
    });
    code.integer("move", panel, writer.local("panel's end"));
    code.integer("move", scratch, writer.local("vectors of block"));
    code.set(scratch2, bytes);
    code.integer("multiply", scratch2, scratch);
    code.integer("add", column, scratch2);
    code.integer("move", scratch2, writer.argument("gatesColumn"));
    code.integer("multiply", scratch2, scratch);
    code.addInteger(writer.local("gates of block"), scratch2);
    code.integer("move", scratch2, writer.local("columns left"));
    code.integer("subtract", scratch2, scratch);
    code.storeInteger(writer.local("columns left"), scratch2);
    code.immediate("compare", scratch2, 0);
    code.jumpIf("notEqual", blocks);
  });
}

type BackwardWriter = FunctionWriter<typeof backwardArguments[number]>;

/** Writes one row of a block, vector by vector. */
function writeRow(writer: BackwardWriter): void {
  const { code } = writer;
  const { bytes } = code.unit;
  const { gradHidden } = backwardVectors;
  const [replaces, hasNoStep] = [{}, {}];
  const [rowSums, firstColumn] = [writer.local("row's sums"), writer.local("first column")];
  code.storeInteger(rowSums, sums);
  code.storeInteger(firstColumn, column);
  code.integer("move", gates, writer.local("gates of row"));
  code.integer("move", vectorsLeft, writer.local("vectors of block"));
  const columns = code.here();
  code.load(gradHidden, { base: sums });
  code.integer("move", scratch, writer.argument("accumulate"));
  code.immediate("compare", scratch, 0);
  code.jumpIf("equal", replaces);
  code.vector("add", gradHidden, gradHidden, writer.atColumn("gradHidden"));
  code.bind(replaces);
  code.integer("move", scratch, writer.argument("hasStep"));
  code.immediate("compare", scratch, 0);
  code.jumpIf("equal", hasNoStep);
  writeStep(writer);
  code.bind(hasNoStep);
  code.store(writer.atColumn("gradHidden"), gradHidden);
  code.integer("add", gates, writer.argument("gatesColumn"));
  code.immediate("add", sums, bytes);
  code.immediate("add", column, bytes);
  countDown(code, vectorsLeft, columns);
  code.integer("move", sums, rowSums);
  code.integer("move", column, firstColumn);
  code.set(scratch, 4 * bytes);
  code.addInteger(writer.local("gates of row"), scratch);
}

/**
 * Writes the gradients with respect to a step's gates, of one vector of units. The vector register
 * `gradHidden` holds the gradient with respect to the state after the step, and gets g ⊙ z: that
 * with respect to the state before it, without the product E·Rᵀ.
 */
function writeStep(writer: BackwardWriter): void {
  const { code } = writer;
  const { gradHidden: g, z, r, candidate, q, dz, dr, dCandidate, dq, one, scratch: other } =
    backwardVectors;
  for (const [gate, value] of [z, r, candidate, q].entries()) {
    code.load(value, { base: gates, displacement: gate * code.unit.bytes });
  }
  code.load(one, code.constant(1));
  code.vector("add", g, g, writer.atColumn("gradient"));
  code.vector("subtract", other, one, z);
  code.vector("multiply", other, other, g); // g ⊙ (1 − z)
  code.vector("multiply", dz, other, z);
  code.load(dCandidate, code.constant(1));
  code.vector("subtractProduct", dCandidate, candidate, candidate); // 1 − ĥ²
  code.vector("multiply", dCandidate, dCandidate, other);
  code.load(other, writer.atColumn("previousState"));
  code.vector("subtract", other, other, candidate); // h − ĥ
  code.vector("multiply", dz, dz, other);
  code.vector("subtract", dr, one, r);
  code.vector("multiply", dr, dr, r);
  code.vector("multiply", dr, dr, q);
  code.vector("multiply", dr, dr, dCandidate);
  code.vector("multiply", dq, dCandidate, r);
  code.vector("multiply", g, g, z);
  loadGateStrides(code, writer.argument("gateStride"));
  const addTo = (values: readonly [Register, Register, Register]) => {
    for (const [gate, value] of values.entries()) {
      const sum = gatesAt(operand)[gate]!;
      code.vector("add", other, value, sum);
      code.store(sum, other);
    }
  };
  code.integer("move", operand, writer.local("id"));
  code.integer("moveInt32", operand, { base: operand });
  code.integer("multiply", operand, writer.argument("gradProjectedStride"));
  code.integer("add", operand, writer.argument("gradProjected"));
  code.integer("add", operand, column);
  addTo([dz, dr, dCandidate]);
  code.integer("move", operand, writer.argument("gradBias"));
  code.integer("add", operand, column);
  addTo([dz, dr, dq]);
  code.integer("move", operand, writer.local("gradRecurrent"));
  code.integer("add", operand, column);
  for (const [gate, value] of [dz, dr, dq].entries()) code.store(gatesAt(operand)[gate]!, value);
}
