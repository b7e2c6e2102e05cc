import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  Assembler,
  avx2,
  avx512,
  type VectorUnit,
} from "../../../lib/kernels/native/x86/assembler.ts";
import { type Memory, registers } from "../../../lib/kernels/native/x86/operands.ts";
import { disassemble } from "../../../tools/asm.ts";
import { hasObjdump, withoutObjdump } from "../../testdata/objdump.ts";

const names = Object.keys(registers);
const { rsp } = registers;

/** How objdump writes an instruction, and what writes it. */
interface Instruction {
  readonly text: string;
  write(code: Assembler): void;
}

/** A memory operand, and how objdump writes it without its size. */
const memories = fc.record({
  base: fc.nat(15),
  index: fc.option(fc.nat(15).filter((index) => index !== rsp), { nil: undefined }),
  scale: fc.constantFrom(1, 2, 4, 8),
  displacement: fc.oneof(
    fc.integer({ min: -130, max: 130 }),
    fc.integer({ min: -130, max: 130 }).map((i) => 4 * i),
    fc.integer({ min: -130, max: 130 }).map((i) => 64 * i),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  ),
}).map(({ base, index, scale, displacement }): { memory: Memory; text: string } => {
  const sign = displacement < 0 ? "-" : "+";
  // With these bases objdump shows the displacement of 0 that their encoding needs.
  const isShown = displacement !== 0 || (base & 7) === 5;
  const text = `[${names[base]}` + (index === undefined ? "" : `+${names[index]}*${scale}`) +
    (isShown ? `${sign}0x${Math.abs(displacement).toString(16)}` : "") + "]";
  return {
    memory: { base, displacement, ...index !== undefined && { index, scale } },
    text,
  };
});

const vectorNames = {
  add: "vaddps",
  subtract: "vsubps",
  multiply: "vmulps",
  divide: "vdivps",
  min: "vminps",
  max: "vmaxps",
  multiplyAdd: "vfmadd213ps",
  addProduct: "vfmadd231ps",
  subtractProduct: "vfnmadd231ps",
} as const;

function vectorInstructions(unit: VectorUnit): fc.Arbitrary<Instruction> {
  const letter = unit === avx2 ? "y" : "z";
  const size = `${letter.toUpperCase()}MMWORD PTR `;
  const vector = fc.nat(unit.registers - 1);
  const v = (register: number) => `${letter}mm${register}`;
  const name = fc.constantFrom(...Object.keys(vectorNames) as (keyof typeof vectorNames)[]);
  return fc.oneof(
    fc.tuple(name, vector, vector, vector).map(([name, a, b, c]) => ({
      text: `${vectorNames[name]} ${v(a)},${v(b)},${v(c)}`,
      write: (code: Assembler) => code.vector(name, a, b, c),
    })),
    fc.tuple(name, vector, vector, memories).map(([name, a, b, { memory, text }]) => ({
      text: `${vectorNames[name]} ${v(a)},${v(b)},${size}${text}`,
      write: (code: Assembler) => code.vector(name, a, b, memory),
    })),
    fc.tuple(vector, memories).map(([a, { memory, text }]) => ({
      text: `vmovups ${v(a)},${size}${text}`,
      write: (code: Assembler) => code.load(a, memory),
    })),
    fc.tuple(vector, memories).map(([a, { memory, text }]) => ({
      text: `vmovups ${size}${text},${v(a)}`,
      write: (code: Assembler) => code.store(memory, a),
    })),
    fc.tuple(vector, memories).map(([a, { memory, text }]) => ({
      text: `vmovntps ${size}${text},${v(a)}`,
      write: (code: Assembler) => code.storePast(memory, a),
    })),
    fc.tuple(vector, memories).map(([a, { memory, text }]) => ({
      text: `vbroadcastss ${v(a)},DWORD PTR ${text}`,
      write: (code: Assembler) => code.broadcast(a, memory),
    })),
  );
}

const register = fc.nat(15);
const integerNames = {
  move: "mov",
  add: "add",
  subtract: "sub",
  compare: "cmp",
  multiply: "imul",
} as const;
const integerName = fc.constantFrom(...Object.keys(integerNames) as (keyof typeof integerNames)[]);
const integerInstructions: fc.Arbitrary<Instruction> = fc.oneof(
  fc.tuple(integerName, register, register).map(([name, a, c]) => ({
    text: `${integerNames[name]} ${names[a]},${names[c]}`,
    write: (code: Assembler) => code.integer(name, a, c),
  })),
  fc.tuple(integerName, register, memories).map(([name, a, { memory, text }]) => ({
    text: `${integerNames[name]} ${names[a]},QWORD PTR ${text}`,
    write: (code: Assembler) => code.integer(name, a, memory),
  })),
  fc.tuple(register, memories).map(([a, { memory, text }]) => ({
    text: `lea ${names[a]},${text}`,
    write: (code: Assembler) => code.integer("address", a, memory),
  })),
  fc.tuple(register, memories).map(([a, { memory, text }]) => ({
    text: `movsxd ${names[a]},DWORD PTR ${text}`,
    write: (code: Assembler) => code.integer("moveInt32", a, memory),
  })),
  fc.tuple(register, memories).map(([a, { memory, text }]) => ({
    text: `mov QWORD PTR ${text},${names[a]}`,
    write: (code: Assembler) => code.storeInteger(memory, a),
  })),
  fc.tuple(register, memories).map(([a, { memory, text }]) => ({
    text: `add QWORD PTR ${text},${names[a]}`,
    write: (code: Assembler) => code.addInteger(memory, a),
  })),
  fc.tuple(register, fc.integer({ min: 0, max: 2 ** 31 - 1 })).map(([a, value]) => ({
    text: `and ${names[a]},0x${value.toString(16)}`,
    write: (code: Assembler) => code.immediate("and", a, value),
  })),
  register.map((a) => ({
    text: `push ${names[a]}`,
    write: (code: Assembler) => code.push(a),
  })),
  register.map((a) => ({ text: `pop ${names[a]}`, write: (code: Assembler) => code.pop(a) })),
);

for (const unit of [avx2, avx512]) {
  Deno.test({
    name: `objdump reads ${unit.name}'s instructions with any operands as they were meant` +
      withoutObjdump,
    ignore: !hasObjdump,
    async fn() {
      const instruction = fc.oneof(vectorInstructions(unit), integerInstructions);
      const program = fc.array(instruction, { minLength: 400, maxLength: 400 });
      await fc.assert(
        fc.asyncProperty(program, async (program) => {
          const code = new Assembler(unit);
          for (const { write } of program) write(code);
          const end = code.here().position!;
          const lines = await disassemble(code.finish().subarray(0, end));
          const read = lines!.map((line) => line.split("\t")[1]!.replace(/ +/, " "));
          assert.deepEqual(read, program.map(({ text }) => text));
        }),
        { numRuns: 10, endOnFailure: true },
      );
    },
  });
}
