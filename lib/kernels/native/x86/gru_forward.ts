/**
 * The GRU's forward step in machine code; `../../ops/gru.ts` has the equations.
 *
 * A block is a vector of units, with the panel of R that has their columns of z, r and h.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { frameArguments, FunctionWriter, writeFunction } from "./function_frame.ts";
import { gatesAt, loadGateStrides, tilesOf, writeRows } from "./gru_tile.ts";
import type { Memory, Register } from "./operands.ts";
import {
  forwardRowRegisters,
  forwardVectors,
  frameRegisters,
  partRegisters,
  rowRegisters,
  tileRegisters,
} from "./register_roles.ts";

const { scratch, scratch2 } = frameRegisters;
const { column, panel } = partRegisters;
const { prefetch } = tileRegisters;
const { sums, operand } = rowRegisters;
const { projected } = forwardRowRegisters;

/**
 * The arguments of the forward function. `gateStride` is the bytes from one gate's columns to the
 * next gate's in `bias` and `projected`. From block to block the column moves by `columnStep` bytes
 * and the panel by `panelStep`, from a part's last block to its first where `reversed` is 1. `id`
 * points to 32-bit row numbers of `projected`. In `gates` those of a block lie together.
 */
// deno-fmt-ignore
export const forwardArguments = [
  ...frameArguments, "gateStride", "columnStep", "panelStep", "reversed", "bias", "projected",
  "projectedStride", "id", "idStride", "previousState", "previousStateStride", "hidden",
  "hiddenStride", "nextState", "nextStateStride", "gates",
] as const;

/**
 * Writes the forward pass of one time step, for some blocks of units: `previousState` is h, `hidden`
 * and `nextState` get h′, and `gates` gets z, r, ĥ and q.
 */
export function writeForward(code: Assembler): readonly string[] {
  const tile = tilesOf(code.unit).forward;
  const writer = new FunctionWriter(code, forwardArguments);
  return writeFunction(
    writer,
    { sums: tile.rows * tile.vectors, vectorsOfColumn: tile.vectors },
    () => {
      code.integer("move", scratch2, writer.local("columns left"));
      code.immediate("subtract", scratch2, 1);
      code.integer("multiply", scratch2, writer.argument("reversed"));
      code.integer("move", scratch, scratch2);
      code.integer("multiply", scratch, writer.argument("columnStep"));
      code.integer("subtract", column, scratch);
      code.integer("multiply", scratch2, writer.argument("panelStep"));
      code.integer("subtract", panel, scratch2);
      const blocks = code.here();
      // The blocks before this one have four gates of all rows each.
      code.integer("move", scratch, writer.argument("rows"));
      code.integer("multiply", scratch, column);
      code.integer("move", scratch2, writer.argument("gates"));
      code.integer("address", scratch, { base: scratch2, index: scratch, scale: 4 });
      code.storeInteger(writer.local("gates of row"), scratch);
      // The next block's panel is prefetched.
      code.integer("move", prefetch, panel);
      code.integer("add", prefetch, writer.argument("panelStep"));
      writeRows(writer, {
        tile,
        strides: [
          ["id", "idStride"],
          ["previousState", "previousStateStride"],
          ["hidden", "hiddenStride"],
          ["nextState", "nextStateStride"],
        ],
        writeTiles(tileOf) {
          for (let rows = tile.rows; rows > 0; rows--) tileOf(rows, tile.vectors);
        },
        writeRow: () => writeRow(writer),
      });
      code.integer("add", panel, writer.argument("panelStep"));
      code.integer("add", column, writer.argument("columnStep"));
      code.set(scratch, -1);
      code.addInteger(writer.local("columns left"), scratch);
      code.jumpIf("notEqual", blocks);
    },
  );
}

/** Writes the gates and the new state of one row, from its sums h·R. */
function writeRow(writer: FunctionWriter<typeof forwardArguments[number]>): void {
  const { code } = writer;
  const { bytes } = code.unit;
  const { z, r, q, candidate, state } = forwardVectors;
  const product = (gate: number): Memory => ({ base: sums, displacement: gate * bytes });
  loadGateStrides(code, writer.argument("gateStride"));
  code.integer("move", operand, writer.argument("bias"));
  code.integer("add", operand, column);
  code.integer("move", projected, writer.local("id"));
  code.integer("moveInt32", projected, { base: projected });
  code.integer("multiply", projected, writer.argument("projectedStride"));
  code.integer("add", projected, writer.argument("projected"));
  code.integer("add", projected, column);
  const [biasOf, projectedOf] = [gatesAt(operand), gatesAt(projected)];
  for (const [gate, sigmoid] of [[0, z], [1, r]] as const) {
    code.load(sigmoid, product(gate));
    code.vector("add", sigmoid, sigmoid, biasOf[gate]);
    code.vector("add", sigmoid, sigmoid, projectedOf[gate]);
    writeSigmoid(code, sigmoid);
  }
  code.load(q, product(2));
  code.vector("add", q, q, biasOf[2]);
  code.load(candidate, projectedOf[2]);
  code.vector("addProduct", candidate, r, q);
  writeTanh(code, candidate);
  code.load(state, writer.atColumn("previousState"));
  code.vector("subtract", state, state, candidate);
  code.vector("multiplyAdd", state, z, candidate); // z ⊙ (h − ĥ) + ĥ
  code.store(writer.atColumn("hidden"), state);
  code.store(writer.atColumn("nextState"), state);
  // Only the backward pass reads the gates, much later: they are stored past the caches.
  code.integer("move", operand, writer.local("gates of row"));
  for (const [gate, value] of [z, r, candidate, q].entries()) {
    code.storePast({ base: operand, displacement: gate * bytes }, value);
  }
  code.immediate("add", operand, 4 * bytes);
  code.storeInteger(writer.local("gates of row"), operand);
}

/**
 * x = tanh(x), by the rational function that `simd.as` uses: Eigen's generic_fast_tanh_float
 * (https://eigen.tuxfamily.org), clamped where tanh is 1 in float32. NaN stays NaN.
 */
function writeTanh(code: Assembler, x: Register): void {
  const { square, numerator, denominator } = forwardVectors;
  const clamp = 7.9053111;
  code.load(numerator, code.constant(clamp));
  code.vector("min", x, numerator, x);
  code.load(numerator, code.constant(-clamp));
  code.vector("max", x, numerator, x);
  code.vector("multiply", square, x, x);
  const polynomial = (y: Register, [highest, ...others]: readonly [number, ...number[]]) => {
    code.load(y, code.constant(highest));
    for (const coefficient of others) {
      code.vector("multiplyAdd", y, square, code.constant(coefficient));
    }
  };
  // deno-fmt-ignore
  polynomial(numerator, [
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
    1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3,
  ]);
  polynomial(denominator, [
    1.19825839466702e-6,
    1.18534705686654e-4,
    2.26843463243900e-3,
    4.89352518554385e-3,
  ]);
  code.vector("multiply", x, x, numerator);
  code.vector("divide", x, x, denominator);
}

/** x = 1 / (1 + e⁻ˣ), which is (1 + tanh(x / 2)) / 2. */
function writeSigmoid(code: Assembler, x: Register): void {
  const half = code.constant(0.5);
  const { square: loaded } = forwardVectors;
  code.vector("multiply", x, x, half);
  writeTanh(code, x);
  code.load(loaded, half);
  code.vector("multiplyAdd", x, loaded, half);
}
