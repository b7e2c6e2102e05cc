/**
 * Memory that code runs from, and what the processor can do.
 *
 * @module
 */
import { Assembler, avx2, avx512, registers, type VectorUnit, wordAt } from "./assembler.ts";

/** A function of machine code: takes the address of a table of 64-bit words. */
export type MachineFunction = (table: BigUint64Array<ArrayBuffer>) => void;

const { rax, rbx, rcx, rdi, rsi } = registers;

// From Linux' sys/mman.h, and from Intel's manual, CPUID.
const [readWrite, readExecute, privateAnonymous] = [1 | 2, 1 | 4, 0x02 | 0x20];
const leaves = { features: 1, extended: 7 } as const;
const bits = { fma: 12, osSavesRegisters: 27, avx2: 5, avx512f: 16 } as const;
/** The registers that the system must save: those of AVX, and those of AVX-512. */
const saved = { avx: 0x06, avx512: 0xe6 } as const;

/**
 * Puts code where it can run.
 *
 * @returns its address; null where code cannot be loaded: on another system than Linux or another
 * processor than x86-64, or without the permission to use all foreign functions
 */
export function loadCode(code: Uint8Array): bigint | null {
  if (globalThis.Deno?.dlopen === undefined) return null;
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return null;
  try {
    const { mmap, mprotect } = Deno.dlopen("libc.so.6", {
      mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
      mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
    }).symbols;
    const size = BigInt(code.length);
    const place = mmap(0n, size, readWrite, privateAnonymous, -1, 0n);
    if (place === null || BigInt.asIntN(64, Deno.UnsafePointer.value(place)) === -1n) return null;
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(place, code.length)).set(code);
    return mprotect(place, size, readExecute) === 0 ? Deno.UnsafePointer.value(place) : null;
  } catch {
    return null;
  }
}

/** A function whose code was loaded at an address, by whatever thread. */
export function functionAt(address: bigint): MachineFunction {
  const type = { parameters: ["buffer"], result: "void" } as const;
  const pointer = Deno.UnsafePointer.create<typeof type>(address)!;
  const code = new Deno.UnsafeFnPointer(pointer, type);
  return (table) => code.call(table);
}

/** The widest vectors that this processor and its system have; null where no code can be loaded. */
export function findVectorUnit(): VectorUnit | null {
  const address = loadCode(identify());
  if (address === null) return null;
  const table = new BigUint64Array(5);
  functionAt(address)(table);
  const has = (word: number, bit: number) => (table[word] >> BigInt(bit) & 1n) === 1n;
  const [fma, avx2s, avx512f] = [has(0, bits.fma), has(1, bits.avx2), has(1, bits.avx512f)];
  const systemSaves = (mask: number) => (Number(table[2]) & mask) === mask;
  if (!fma || !avx2s || !systemSaves(saved.avx)) return null;
  return avx512f && systemSaves(saved.avx512) ? avx512 : avx2;
}

/** Asks the processor: the features into word 0, the extended ones into 1, what is saved into 2. */
function identify(): Uint8Array {
  const code = new Assembler(avx2);
  const cpuid = () => code.raw(0x0f, 0xa2);
  const zero = (register: number) => code.integer("subtract", register, register);
  const end = {};
  code.push(rbx);
  code.integer("move", rsi, rdi);
  // The number of the last leaf, then the two leaves that matter.
  zero(rax);
  cpuid();
  code.immediate("compare", rax, leaves.extended);
  code.jumpIf("below", end);
  for (const [word, leaf] of [leaves.features, leaves.extended].entries()) {
    zero(rax);
    zero(rcx);
    code.immediate("add", rax, leaf);
    cpuid();
    code.storeInteger(wordAt(rsi, word), word === 0 ? rcx : rbx);
  }
  // XGETBV would fail on a system that does not save vectors.
  code.integer("move", rax, wordAt(rsi, 0));
  code.immediate("and", rax, 1 << bits.osSavesRegisters);
  code.immediate("compare", rax, 0);
  code.jumpIf("equal", end);
  zero(rcx);
  code.raw(0x0f, 0x01, 0xd0); // XGETBV
  code.storeInteger(wordAt(rsi, 2), rax);
  code.bind(end);
  code.pop(rbx);
  code.return();
  return code.finish();
}

const bases = new WeakMap<ArrayBufferLike, number>();

/** The address of an array, which must have a buffer of its own or lie on a heap. */
export function addressOf(array: Float32Array | Int32Array | Uint8Array): number {
  const { buffer, byteOffset } = array;
  let base = bases.get(buffer);
  if (base === undefined) {
    const whole = new Uint8Array(buffer as ArrayBuffer);
    base = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(whole)));
    bases.set(buffer, base);
  }
  return base + byteOffset;
}
