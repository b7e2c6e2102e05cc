/**
 * A small assembler for x86-64: turns the few instructions that the kernels need into bytes.
 *
 * Vector instructions come in two encodings. AVX2's (VEX) has 16 registers of 8 floats, AVX-512's
 * (EVEX) 32 of 16; the opcodes are the same. Source: Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2, chapter 2, https://www.intel.com/sdm.
 *
 * @module
 */

/** The vectors of a processor. */
export interface VectorUnit {
  readonly name: "AVX2" | "AVX-512";
  /** The floats of a vector. */
  readonly lanes: 8 | 16;
  /** The bytes of a vector. */
  readonly bytes: 32 | 64;
}

export const avx2: VectorUnit = { name: "AVX2", lanes: 8, bytes: 32 };
export const avx512: VectorUnit = { name: "AVX-512", lanes: 16, bytes: 64 };

/** The 64-bit registers, by number. */
// deno-fmt-ignore
export const registers = {
  rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7,
  r8: 8, r9: 9, r10: 10, r11: 11, r12: 12, r13: 13, r14: 14, r15: 15,
} as const;

/** A 64-bit register, or a vector register, by its number. */
export type Register = number;

/** A place in the code. */
export interface Label {
  position?: number;
}

/** Where a number lies: at base + scale · index + offset, or at a label. */
export type Memory =
  | {
    readonly base: Register;
    readonly index?: Register;
    readonly scale?: 1 | 2 | 4 | 8;
    readonly offset?: number;
  }
  | Label;

// Each by its opcode map (1: 0F, 2: 0F 38), its prefix (0: none, 1: 66) and its opcode.
// deno-fmt-ignore
const vectorInstructions = {
  load: [1, 0, 0x10], add: [1, 0, 0x58], multiply: [1, 0, 0x59], subtract: [1, 0, 0x5c],
  min: [1, 0, 0x5d], divide: [1, 0, 0x5e], max: [1, 0, 0x5f], xor: [1, 1, 0xef],
  broadcast: [2, 1, 0x18],
  /** a = b · a + c */
  multiplyAdd: [2, 1, 0xa8],
  /** a = b · c + a */
  addProduct: [2, 1, 0xb8],
  /** a = a − b · c */
  subtractProduct: [2, 1, 0xbc],
} as const;
const vectorStore = [1, 0, 0x11] as const;
const vectorStorePast = [1, 0, 0x2b] as const;

// deno-fmt-ignore
const integerInstructions = {
  move: [0x8b], add: [0x03], subtract: [0x2b], compare: [0x3b], multiply: [0x0f, 0xaf],
  address: [0x8d],
  /** A 32-bit number with its sign. */
  moveInt32: [0x63],
} as const;
const [integerStore, integerAddTo] = [[0x89], [0x01]];
const immediates = { add: 0, and: 4, subtract: 5, compare: 7 } as const;
const conditions = { below: 0x2, equal: 0x4, notEqual: 0x5, aboveOrEqual: 0x3 } as const;
const [floatBytes, wordBytes] = [4, 8];

/** Collects instructions. */
export class Assembler {
  readonly #bytes: number[] = [];
  readonly #references: { at: number; label: Label }[] = [];
  readonly #constants = new Map<number, Label>();

  constructor(readonly unit: VectorUnit) {}

  /** A vector instruction: a = b ∘ c, where c may lie in memory. */
  vector(
    name: keyof typeof vectorInstructions,
    a: Register,
    b: Register,
    c: Register | Memory,
  ): void {
    this.#vector(vectorInstructions[name], { a, b, c, scalar: name === "broadcast" });
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
    this.#vector(vectorStore, { a, b: 0, c: to, scalar: false });
  }

  /** Stores a vector past the caches, where a vector's place begins at a multiple of its size. */
  storePast(to: Memory, a: Register): void {
    this.#vector(vectorStorePast, { a, b: 0, c: to, scalar: false });
  }

  /** Waits until all that was stored past the caches can be seen by others. */
  fence(): void {
    this.#emit(0x0f, 0xae, 0xf8);
  }

  /** A vector full of one number, in memory. */
  constant(value: number): Label {
    const label = this.#constants.get(value) ?? {};
    this.#constants.set(value, label);
    return label;
  }

  /** An instruction on 64-bit integers: a = a ∘ c, a = c, or a = the address that c names. */
  integer(name: keyof typeof integerInstructions, a: Register, c: Register | Memory): void {
    this.#integer(integerInstructions[name], a, c);
  }

  /** Stores a 64-bit integer. */
  storeInteger(to: Memory, a: Register): void {
    this.#integer(integerStore, a, to);
  }

  /** a = a ∘ value, a number of 32 bits. */
  immediate(name: keyof typeof immediates, a: Register, value: number): void {
    this.#integer([0x81], immediates[name], a);
    this.#int32(value);
  }

  /** Adds a 64-bit integer to one in memory. */
  addInteger(to: Memory, a: Register): void {
    this.#integer(integerAddTo, a, to);
  }

  /** Adds a to a 32-bit integer that other threads change too; a becomes what it was before. */
  exchangeAdd(to: { readonly base: Register }, a: Register): void {
    this.#emit(0xf0, 0x40 | (a >> 3) << 2 | to.base >> 3, 0x0f, 0xc1);
    this.#operands(a, to, 1);
  }

  /** a = value, a number of 32 bits. */
  set(a: Register, value: number): void {
    this.#integer([0xc7], 0, a);
    this.#int32(value);
  }

  /** Asks for a cache line to come into the second level. */
  prefetch(line: Memory): void {
    this.#integer([0x0f, 0x18], 2, line);
  }

  push(register: Register): void {
    this.#emit(...register > 7 ? [0x41] : [], 0x50 + (register & 7));
  }

  pop(register: Register): void {
    this.#emit(...register > 7 ? [0x41] : [], 0x58 + (register & 7));
  }

  /** Leaves the upper parts of the vectors empty, as other code expects. */
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
    this.#reference(to);
  }

  /** Jumps by what the last comparison or sum came to. */
  jumpIf(condition: keyof typeof conditions, to: Label): void {
    this.#emit(0x0f, 0x80 + conditions[condition]);
    this.#reference(to);
  }

  /** Begins the next function, or table, where a cache line begins. */
  align(): void {
    while (this.#bytes.length % 64 !== 0) this.#emit(0xcc);
  }

  /** The code, and the constants behind it. */
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
      view.setInt32(at, label.position - at - 4, true);
    }
    return code;
  }

  #emit(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  #int32(value: number): void {
    this.#emit(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
  }

  #reference(label: Label): void {
    this.#references.push({ at: this.#bytes.length, label });
    this.#int32(0);
  }

  #integer(opcode: readonly number[], a: Register, c: Register | Memory): void {
    const [x, b] = extensions(c);
    this.#emit(0x48 | (a >> 3) << 2 | x << 1 | b, ...opcode);
    this.#operands(a, c, 1);
  }

  #vector(
    [map, prefix, opcode]: readonly [number, number, number],
    { a, b, c, scalar }: { a: Register; b: Register; c: Register | Memory; scalar: boolean },
  ): void {
    const not = (bit: number) => ~bit & 1;
    const [x, base] = typeof c === "number" ? [c >> 4, c >> 3] : extensions(c);
    const first = not(a >> 3) << 7 | not(x) << 6 | not(base) << 5;
    const other = (~b & 15) << 3 | prefix;
    if (this.unit === avx2) this.#emit(0xc4, first | map, other | 1 << 2, opcode);
    else {
      const second = other | 1 << 2;
      this.#emit(0x62, first | not(a >> 4) << 4 | map, second, 2 << 5 | not(b >> 4) << 3, opcode);
    }
    // EVEX counts short offsets in the sizes of what is read.
    this.#operands(a, c, this.unit === avx2 ? 1 : scalar ? floatBytes : this.unit.bytes);
  }

  /** The ModR/M byte with what follows it; short offsets count in `step` bytes. */
  #operands(a: Register, c: Register | Memory, step: number): void {
    const reg = (a & 7) << 3;
    if (typeof c === "number") return this.#emit(0xc0 | reg | c & 7);
    if (!("base" in c)) {
      this.#emit(reg | 5);
      return this.#reference(c);
    }
    const { base, index, scale = 1, offset = 0 } = c;
    const short = offset % step === 0 && Math.abs(offset / step) < 128;
    const mode = offset === 0 && (base & 7) !== 5 ? 0 : short ? 1 : 2;
    if (index === undefined && (base & 7) !== 4) this.#emit(mode << 6 | reg | base & 7);
    else {
      const indexBits = index === undefined ? 4 : index & 7;
      this.#emit(mode << 6 | reg | 4, Math.log2(scale) << 6 | indexBits << 3 | base & 7);
    }
    if (mode === 1) this.#emit(offset / step & 255);
    if (mode === 2) this.#int32(offset);
  }
}

/** The fourth bits of the index and of the base, or of the register. */
function extensions(c: Register | Memory): [number, number] {
  if (typeof c === "number") return [0, c >> 3];
  if (!("base" in c)) return [0, 0];
  return [(c.index ?? 0) >> 3, c.base >> 3];
}

/** Where a number of a block lies that a register points to. */
export function numberAt(base: Register, i: number): Memory {
  return { base, offset: i * wordBytes };
}
