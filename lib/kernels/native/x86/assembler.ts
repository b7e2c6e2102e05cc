/**
 * A small assembler for x86-64: turns the few instructions that the kernels need into bytes.
 *
 * Vector instructions come in two encodings: VEX for AVX2, EVEX for AVX-512; the opcodes are the
 * same, and `opcodes.ts` lists them. `encoding.ts` makes the bytes around an opcode.
 *
 * @module
 */
import { evex, int32, modRm, type OperandBytes, rex, vex } from "./encoding.ts";
import {
  conditions,
  immediates,
  integerAddTo,
  integerInstructions,
  integerStore,
  vectorInstructions,
  type VectorOpcode,
  vectorStore,
  vectorStorePast,
} from "./opcodes.ts";
import type { Label, Memory, Operand, Register } from "./operands.ts";

/** The vector registers of a processor. */
export interface VectorUnit {
  readonly name: "AVX2" | "AVX-512";
  /** The floats of a vector. */
  readonly lanes: 8 | 16;
  /** The bytes of a vector. */
  readonly bytes: 32 | 64;
  /** How many vector registers there are. */
  readonly registers: 16 | 32;
}

export const avx2: VectorUnit = { name: "AVX2", lanes: 8, bytes: 32, registers: 16 };
export const avx512: VectorUnit = { name: "AVX-512", lanes: 16, bytes: 64, registers: 32 };

const floatBytes = 4;
const cacheLineBytes = 64;

/** Collects the bytes of instructions. */
export class Assembler {
  readonly #bytes: number[] = [];
  /** Where a label's distance is to be written, and which label's. */
  readonly #references: { at: number; label: Label }[] = [];
  readonly #constants = new Map<number, Label>();

  /** @param unit The vector registers that the instructions use. */
  constructor(readonly unit: VectorUnit) {}

  /** A vector instruction: a = b ∘ c. */
  vector(name: keyof typeof vectorInstructions, a: Register, b: Register, c: Operand): void {
    // disp8*N: a broadcast reads one float (tuple type Tuple1 Scalar), all others whole vectors.
    const read = name === "broadcast" ? floatBytes : this.unit.bytes;
    this.#vector(vectorInstructions[name], { reg: a, vvvv: b, rm: c }, read);
  }

  /** Loads a vector. */
  load(a: Register, from: Memory): void {
    this.vector("load", a, 0, from);
  }

  /** Fills a vector with one float. */
  broadcast(a: Register, from: Memory): void {
    this.vector("broadcast", a, 0, from);
  }

  /** Stores a vector. */
  store(to: Memory, a: Register): void {
    this.#vector(vectorStore, { reg: a, vvvv: 0, rm: to }, this.unit.bytes);
  }

  /** Stores a vector past the caches, to an address that is a multiple of a vector's size. */
  storePast(to: Memory, a: Register): void {
    this.#vector(vectorStorePast, { reg: a, vvvv: 0, rm: to }, this.unit.bytes);
  }

  /** SFENCE: what was stored past the caches becomes visible to other threads before what follows. */
  fence(): void {
    this.#emit(0x0f, 0xae, 0xf8);
  }

  /** A vector of equal floats, which {@linkcode Assembler.finish} puts behind the code. */
  constant(value: number): Label {
    const label = this.#constants.get(value) ?? {};
    this.#constants.set(value, label);
    return label;
  }

  /** An instruction on 64-bit integers: a = a ∘ c, a = c, or a = the address of c. */
  integer(name: keyof typeof integerInstructions, a: Register, c: Operand): void {
    this.#integer(integerInstructions[name], a, c);
  }

  /** Stores a 64-bit integer. */
  storeInteger(to: Memory, a: Register): void {
    this.#integer(integerStore, a, to);
  }

  /** a = a ∘ value, a signed number of 32 bits. */
  immediate(name: keyof typeof immediates, a: Register, value: number): void {
    this.#integer([0x81], immediates[name], a);
    this.#emit(...int32(value));
  }

  /** Adds a 64-bit integer to one in memory. */
  addInteger(to: Memory, a: Register): void {
    this.#integer(integerAddTo, a, to);
  }

  /** LOCK XADD: adds a to a 32-bit integer that threads share; a becomes what that was before. */
  exchangeAdd(to: { readonly base: Register }, a: Register): void {
    const lock = 0xf0;
    this.#emit(lock, rex({ w: 0, reg: a, rm: to }), 0x0f, 0xc1);
    this.#operands(modRm(a, to));
  }

  /** MOV: a = value, a signed number of 32 bits. */
  set(a: Register, value: number): void {
    this.#integer([0xc7], 0, a);
    this.#emit(...int32(value));
  }

  /** PREFETCHT1: asks for a cache line to come into the second-level cache. */
  prefetch(line: Memory): void {
    this.#integer([0x0f, 0x18], 2, line);
  }

  push(register: Register): void {
    this.#stack(0x50, register);
  }

  pop(register: Register): void {
    this.#stack(0x58, register);
  }

  /** VZEROUPPER: clears the upper halves of the vectors, as code without AVX expects. */
  zeroUpper(): void {
    this.#emit(0xc5, 0xf8, 0x77);
  }

  return(): void {
    this.#emit(0xc3);
  }

  /** Bytes as they are. */
  raw(...bytes: number[]): void {
    this.#emit(...bytes);
  }

  /** Puts a label here. */
  bind(label: Label): void {
    label.position = this.#bytes.length;
  }

  /** A label put here. */
  here(): Label {
    return { position: this.#bytes.length };
  }

  jump(to: Label): void {
    this.#emit(0xe9);
    this.#operands({ bytes: int32(0), label: to });
  }

  /** Jumps by the flags that the last comparison, sum or difference has set. */
  jumpIf(condition: keyof typeof conditions, to: Label): void {
    this.#emit(0x0f, 0x80 + conditions[condition]);
    this.#operands({ bytes: int32(0), label: to });
  }

  /** Fills up to the next cache line with INT3, which stops a program that runs into it. */
  align(): void {
    while (this.#bytes.length % cacheLineBytes !== 0) this.#emit(0xcc);
  }

  /** The code, and the constants behind it, with the labels' distances filled in. */
  finish(): Uint8Array {
    this.align();
    const { lanes } = this.unit;
    for (const [value, label] of this.#constants) {
      this.bind(label);
      this.#emit(...new Uint8Array(new Float32Array(lanes).fill(value).buffer));
    }
    const code = Uint8Array.from(this.#bytes);
    const view = new DataView(code.buffer);
    for (const { at, label } of this.#references) {
      if (label.position === undefined) throw new Error("A label was put nowhere");
      view.setInt32(at, label.position - (at + 4), true);
    }
    return code;
  }

  #emit(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  /** A label's distance counts from the end of the instruction, so nothing may follow it there. */
  #operands({ bytes, label }: OperandBytes): void {
    this.#emit(...bytes);
    if (label !== undefined) this.#references.push({ at: this.#bytes.length - 4, label });
  }

  #integer(opcode: readonly number[], reg: number, rm: Operand): void {
    this.#emit(rex({ w: 1, reg, rm }), ...opcode);
    this.#operands(modRm(reg, rm));
  }

  #vector(
    { opcode, ...map }: VectorOpcode,
    operands: { readonly reg: Register; readonly vvvv: Register; readonly rm: Operand },
    disp8N: number,
  ): void {
    const { name, registers } = this.unit;
    for (const register of [operands.reg, operands.vvvv, operands.rm]) {
      if (typeof register === "number" && register >= registers) {
        throw new RangeError(
          `${name} has no vector register ${register}: they are 0 to ${registers - 1}`,
        );
      }
    }
    const isVex = this.unit === avx2;
    const prefix = (isVex ? vex : evex)({ ...map, ...operands });
    this.#emit(...prefix, opcode);
    this.#operands(modRm(operands.reg, operands.rm, { disp8N: isVex ? 1 : disp8N }));
  }

  /** PUSH and POP, whose opcode holds the low bits of the register; they need no REX.W. */
  #stack(opcode: number, register: Register): void {
    if (register > 7) this.#emit(rex({ w: 0, reg: 0, rm: register }));
    this.#emit(opcode + (register & 0b111));
  }
}
