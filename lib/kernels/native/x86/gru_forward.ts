/**
 * The GRU's forward step in machine code; gru.ts has the equations.
 *
 * A block of columns is a vector of units, with the panel [z, r, h] of R that belongs to them.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { type Memory, type Register, registers } from "./operands.ts";
import { gatesAt, tilesOf, writeGateDistances, writeRows } from "./gru_tile.ts";
import { common, FunctionWriter, writeFunction } from "./function_frame.ts";

const { rax, rbx, rcx, rsi, r9, r13, r14 } = registers;

/**
 * The arguments of the forward function; `gate` is the distance from one gate to the next. From
 * block to block it moves by `columnStep` and `panelStep` bytes, from a part's last block to its
 * first where `reversed` is 1. The gates of a vector of units lie together, row by row.
 */
// deno-fmt-ignore
export const forwardArguments = [
  ...common, "gate", "columnStep", "panelStep", "reversed", "bias", "projected",
  "projectedStride", "id", "idStride", "old", "oldStride", "hidden", "hiddenStride", "next",
  "nextStride", "gates",
] as const;

/**
 * The forward pass of one time step, of some blocks of units:
 * `old` is h, `hidden` and `next` get h′, and `gates` z, r, ĥ and q of gru.ts.
 */
export function writeForward(code: Assembler): void {
  const tile = tilesOf(code.unit).forward;
  const writer = new FunctionWriter(code, forwardArguments);
  writeFunction(writer, { sums: tile.rows * tile.vectors, vectorsOfColumn: tile.vectors }, () => {
    code.integer("move", rcx, writer.local("columns left"));
    code.immediate("subtract", rcx, 1);
    code.integer("multiply", rcx, writer.argument("reversed"));
    code.integer("move", rax, rcx);
    code.integer("multiply", rax, writer.argument("columnStep"));
    code.integer("subtract", r14, rax);
    code.integer("multiply", rcx, writer.argument("panelStep"));
    code.integer("subtract", r13, rcx);
    const blocks = code.here();
    code.integer("move", rax, writer.argument("rows"));
    code.integer("multiply", rax, r14);
    code.integer("move", rcx, writer.argument("gates"));
    code.integer("address", rax, { base: rcx, index: rax, scale: 4 });
    code.storeInteger(writer.local("gates of row"), rax);
    // What is fetched for later is the panel of the next block.
    code.integer("move", rbx, r13);
    code.integer("add", rbx, writer.argument("panelStep"));
    writeRows(writer, {
      tile,
      strides: [
        ["id", "idStride"],
        ["old", "oldStride"],
        ["hidden", "hiddenStride"],
        ["next", "nextStride"],
      ],
      writeTiles(tileOf) {
        for (let rows = tile.rows; rows > 0; rows--) tileOf(rows, tile.vectors);
      },
      writeRow: () => writeRow(writer),
    });
    code.integer("add", r13, writer.argument("panelStep"));
    code.integer("add", r14, writer.argument("columnStep"));
    code.set(rax, -1);
    code.addInteger(writer.local("columns left"), rax);
    code.jumpIf("notEqual", blocks);
  });
}

/** The gates and the new state of a row. */
function writeRow(writer: FunctionWriter<typeof forwardArguments[number]>): void {
  const { code } = writer;
  const { bytes } = code.unit;
  const [z, r, q, candidate, state, ...free] = Array.from({ length: 9 }, (_, i) => i);
  const sum = (gate: number): Memory => ({ base: rcx, displacement: gate * bytes });
  writeGateDistances(code, writer.argument("gate"));
  code.integer("move", r9, writer.argument("bias"));
  code.integer("add", r9, r14);
  code.integer("move", rsi, writer.local("id"));
  code.integer("moveInt32", rsi, { base: rsi });
  code.integer("multiply", rsi, writer.argument("projectedStride"));
  code.integer("add", rsi, writer.argument("projected"));
  code.integer("add", rsi, r14);
  const [bias, projected] = [gatesAt(r9), gatesAt(rsi)];
  for (const [gate, sigmoid] of [[0, z], [1, r]] as const) {
    code.load(sigmoid, sum(gate));
    code.vector("add", sigmoid, sigmoid, bias[gate]);
    code.vector("add", sigmoid, sigmoid, projected[gate]);
    writeSigmoid(code, sigmoid, free);
  }
  code.load(q, sum(2));
  code.vector("add", q, q, bias[2]);
  code.load(candidate, projected[2]);
  code.vector("addProduct", candidate, r, q);
  writeTanh(code, candidate, free);
  code.load(state, writer.at("old"));
  code.vector("subtract", state, state, candidate);
  code.vector("multiplyAdd", state, z, candidate);
  code.store(writer.at("hidden"), state);
  code.store(writer.at("next"), state);
  // Only the backward pass reads the gates: the caches are better used for other things.
  code.integer("move", r9, writer.local("gates of row"));
  for (const [gate, value] of [z, r, candidate, q].entries()) {
    code.storePast({ base: r9, displacement: gate * bytes }, value);
  }
  code.immediate("add", r9, 4 * bytes);
  code.storeInteger(writer.local("gates of row"), r9);
}

/**
 * The rational function of simd.as: Eigen's generic_fast_tanh_float
 * (https://eigen.tuxfamily.org), clamped where it is 1 in float32. NaN stays NaN.
 */
function writeTanh(code: Assembler, x: Register, [square, p, q]: readonly Register[]): void {
  const clamp = 7.9053111;
  code.load(p, code.constant(clamp));
  code.vector("min", x, p, x);
  code.load(p, code.constant(-clamp));
  code.vector("max", x, p, x);
  code.vector("multiply", square, x, x);
  const polynomial = (y: Register, [first, ...others]: readonly number[]) => {
    code.load(y, code.constant(first));
    for (const coefficient of others) {
      code.vector("multiplyAdd", y, square, code.constant(coefficient));
    }
  };
  // deno-fmt-ignore
  polynomial(p, [
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
    1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3,
  ]);
  polynomial(q, [
    1.19825839466702e-6,
    1.18534705686654e-4,
    2.26843463243900e-3,
    4.89352518554385e-3,
  ]);
  code.vector("multiply", x, x, p);
  code.vector("divide", x, x, q);
}

/** 1 / (1 + e⁻ˣ) = (1 + tanh(x / 2)) / 2 */
function writeSigmoid(code: Assembler, x: Register, free: readonly Register[]): void {
  const half = code.constant(0.5);
  code.vector("multiply", x, x, half);
  writeTanh(code, x, free);
  code.load(free[0], half);
  code.vector("multiplyAdd", x, free[0], half);
}
