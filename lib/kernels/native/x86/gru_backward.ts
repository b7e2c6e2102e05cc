/**
 * The GRU's backward step in machine code; gru.ts has the equations.
 *
 * A block of columns is as many columns of the gradient by the state as a panel of Rᵀ has.
 *
 * @module
 */
import type { Assembler } from "./assembler.ts";
import { type Register, registers } from "./operands.ts";
import { gatesAt, tilesOf, writeGateDistances, writeRows } from "./gru_tile.ts";
import { common, countDown, FunctionWriter, writeFunction } from "./function_frame.ts";

const { rax, rbx, rcx, rdx, rsi, r9, r13, r14 } = registers;

/**
 * The arguments of the backward function: carried = carried + A·B if `add`, else A·B; then, if
 * `hasStep`, the gradients at the gates of a step, which lie as the forward pass left them; `gate`
 * is the distance from one gate to the next elsewhere.
 */
// deno-fmt-ignore
export const backwardArguments = [
  ...common, "gate", "carried", "carriedStride", "add", "hasStep", "bias", "inputSide",
  "inputSideStride", "id", "idStride", "before", "beforeStride", "gradient", "gradientStride", "gates",
  "gatesColumn", "recurrentSide", "recurrentSideStride",
] as const;

/**
 * A step of the backward pass, of some blocks of columns: the product with Rᵀ, which completes the
 * gradient by the state before a step, and with it the gradients at the gates of the step before.
 * Without a step it is a product.
 */
export function writeBackward(code: Assembler): void {
  const { bytes } = code.unit;
  const tile = tilesOf(code.unit).backward;
  const writer = new FunctionWriter(code, backwardArguments);
  writeFunction(writer, { sums: tile.rows * tile.vectors, vectorsOfColumn: 1 }, () => {
    code.integer("multiply", rax, writer.argument("gatesColumn"));
    code.integer("add", rax, writer.argument("gates"));
    code.storeInteger(writer.local("gates of block"), rax);
    const blocks = code.here();
    // The last block may have fewer vectors.
    const enough = {};
    code.set(rax, tile.vectors);
    code.integer("compare", rax, writer.local("columns left"));
    code.jumpIf("below", enough);
    code.integer("move", rax, writer.local("columns left"));
    code.bind(enough);
    code.storeInteger(writer.local("width"), rax);
    code.integer("move", rbx, writer.argument("k"));
    code.integer("multiply", rbx, rax);
    code.set(rax, bytes);
    code.integer("multiply", rbx, rax);
    code.integer("add", rbx, r13);
    code.integer("move", rax, writer.local("gates of block"));
    code.storeInteger(writer.local("gates of row"), rax);
    writeRows(writer, {
      tile,
      strides: [
        ["carried", "carriedStride"],
        ["id", "idStride"],
        ["before", "beforeStride"],
        ["gradient", "gradientStride"],
        ["recurrentSide", "recurrentSideStride"],
      ],
      writeTiles(tileOf) {
        for (let vectors = tile.vectors; vectors > 0; vectors--) {
          const other = {};
          code.integer("move", rax, writer.local("width"));
          code.immediate("compare", rax, vectors);
          code.jumpIf("notEqual", other);
          for (let rows = tile.rows; rows > 0; rows--) tileOf(rows, vectors);
          code.bind(other);
        }
      },
      writeRow: () => writeRow(writer),
    });
    code.integer("move", r13, writer.local("panel's end"));
    code.integer("move", rax, writer.local("width"));
    code.set(rcx, bytes);
    code.integer("multiply", rcx, rax);
    code.integer("add", r14, rcx);
    code.integer("move", rcx, writer.argument("gatesColumn"));
    code.integer("multiply", rcx, rax);
    code.addInteger(writer.local("gates of block"), rcx);
    code.integer("move", rcx, writer.local("columns left"));
    code.integer("subtract", rcx, rax);
    code.storeInteger(writer.local("columns left"), rcx);
    code.immediate("compare", rcx, 0);
    code.jumpIf("notEqual", blocks);
  });
}

type BackwardWriter = FunctionWriter<typeof backwardArguments[number]>;

/** A row of a block, vector by vector: its sums lie at rcx. */
function writeRow(writer: BackwardWriter): void {
  const { code } = writer;
  const { bytes } = code.unit;
  const [g, replaces, hasNoStep] = [0, {}, {}];
  const [row, column] = [writer.local("row's sums"), writer.local("first column")];
  code.storeInteger(row, rcx);
  code.storeInteger(column, r14);
  code.integer("move", rsi, writer.local("gates of row"));
  code.integer("move", rdx, writer.local("width"));
  const columns = code.here();
  code.load(g, { base: rcx });
  code.integer("move", rax, writer.argument("add"));
  code.immediate("compare", rax, 0);
  code.jumpIf("equal", replaces);
  code.vector("add", g, g, writer.at("carried"));
  code.bind(replaces);
  code.integer("move", rax, writer.argument("hasStep"));
  code.immediate("compare", rax, 0);
  code.jumpIf("equal", hasNoStep);
  writeStep(writer, g);
  code.bind(hasNoStep);
  code.store(writer.at("carried"), g);
  code.integer("add", rsi, writer.argument("gatesColumn"));
  code.immediate("add", rcx, bytes);
  code.immediate("add", r14, bytes);
  countDown(code, rdx, columns);
  code.integer("move", rcx, row);
  code.integer("move", r14, column);
  code.set(rax, 4 * bytes);
  code.addInteger(writer.local("gates of row"), rax);
}

/**
 * The gradients at the gates, which lie at rsi as the forward pass left them. g is the gradient by
 * the state after the step, and becomes that by the state before it, but for the product.
 */
function writeStep(writer: BackwardWriter, g: Register): void {
  const { code } = writer;
  // deno-fmt-ignore
  const [z, r, candidate, q, dz, dr, dCandidate, dq, one, other] =
    Array.from({ length: 10 }, (_, i) => g + 1 + i);
  for (const [gate, value] of [z, r, candidate, q].entries()) {
    code.load(value, { base: rsi, displacement: gate * code.unit.bytes });
  }
  code.load(one, code.constant(1));
  code.vector("add", g, g, writer.at("gradient"));
  code.vector("subtract", other, one, z);
  code.vector("multiply", other, other, g); // g ⊙ (1 − z)
  code.vector("multiply", dz, other, z);
  code.load(dCandidate, code.constant(1));
  code.vector("subtractProduct", dCandidate, candidate, candidate);
  code.vector("multiply", dCandidate, dCandidate, other);
  code.load(other, writer.at("before"));
  code.vector("subtract", other, other, candidate);
  code.vector("multiply", dz, dz, other);
  code.vector("subtract", dr, one, r);
  code.vector("multiply", dr, dr, r);
  code.vector("multiply", dr, dr, q);
  code.vector("multiply", dr, dr, dCandidate);
  code.vector("multiply", dq, dCandidate, r);
  code.vector("multiply", g, g, z);
  writeGateDistances(code, writer.argument("gate"));
  const addTo = (base: Register, values: readonly Register[]) => {
    for (const [gate, value] of values.entries()) {
      code.vector("add", other, value, gatesAt(base)[gate]);
      code.store(gatesAt(base)[gate], other);
    }
  };
  code.integer("move", r9, writer.local("id"));
  code.integer("moveInt32", r9, { base: r9 });
  code.integer("multiply", r9, writer.argument("inputSideStride"));
  code.integer("add", r9, writer.argument("inputSide"));
  code.integer("add", r9, r14);
  addTo(r9, [dz, dr, dCandidate]);
  code.integer("move", r9, writer.argument("bias"));
  code.integer("add", r9, r14);
  addTo(r9, [dz, dr, dq]);
  code.integer("move", r9, writer.local("recurrentSide"));
  code.integer("add", r9, r14);
  for (const [gate, value] of [dz, dr, dq].entries()) code.store(gatesAt(r9)[gate], value);
}
