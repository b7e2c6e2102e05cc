/**
 * Memory that code runs from, and what the processor can do.
 *
 * @module
 */
import { Assembler, avx2, avx512, type VectorUnit } from "./assembler.ts";
import { quadword, registers } from "./operands.ts";

/** A function of machine code: takes the address of an argument block. */
export type MachineFunction = (block: BigUint64Array<ArrayBuffer>) => void;

const { rax, rbx, rcx, rdi, rsi } = registers;

// From Linux' sys/mman.h, and from Intel's manual, CPUID.
const [readWrite, readExecute, privateAnonymous] = [1 | 2, 1 | 4, 0x02 | 0x20];
const leaves = { features: 1, extended: 7 } as const;
const bits = { fma: 12, osSavesRegisters: 27, avx2: 5, avx512f: 16 } as const;
/** The registers that the system must save: those of AVX, and those of AVX-512. */
const saved = { avx: 0x06, avx512: 0xe6 } as const;

/** Whether this is a system and a processor that the machine code is written for. */
export function hasMachineCode(): boolean {
  return globalThis.Deno?.dlopen !== undefined && Deno.build.os === "linux" &&
    Deno.build.arch === "x86_64";
}

/** Whether the program may use pointers, for which it needs the permission to use all libraries. */
export function mayUsePointers(): boolean {
  return globalThis.Deno?.dlopen !== undefined &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/**
 * Puts code where it can run; it stays there as long as the program runs.
 *
 * @returns its address
 * @throws {Error} if the system gives no memory that code runs from
 */
export function loadCode(code: Uint8Array): bigint {
  const { mmap, mprotect } = Deno.dlopen("libc.so.6", {
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
    mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  }).symbols;
  const size = BigInt(code.length);
  const memory = mmap(0n, size, readWrite, privateAnonymous, -1, 0n);
  const isMapped = memory !== null &&
    BigInt.asIntN(64, Deno.UnsafePointer.value(memory)) !== -1n;
  if (!isMapped) throw new Error("the system gives no memory for it");
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(memory, code.length)).set(code);
  if (mprotect(memory, size, readExecute) !== 0) {
    throw new Error("the system forbids memory that code runs from");
  }
  return Deno.UnsafePointer.value(memory);
}

/** A function whose code was loaded at an address, by whatever thread. */
export function functionAt(address: bigint): MachineFunction {
  const type = { parameters: ["buffer"], result: "void" } as const;
  const pointer = Deno.UnsafePointer.create<typeof type>(address)!;
  const code = new Deno.UnsafeFnPointer(pointer, type);
  return (block) => code.call(block);
}

/**
 * The widest vectors that this processor and its system have.
 *
 * @throws {Error} if they are too short, or code cannot be loaded
 */
export function findVectorUnit(): VectorUnit {
  const answers = new BigUint64Array(5);
  functionAt(loadCode(identify()))(answers);
  const has = (answer: number, bit: number) => (answers[answer] >> BigInt(bit) & 1n) === 1n;
  const [fma, avx2s, avx512f] = [has(0, bits.fma), has(1, bits.avx2), has(1, bits.avx512f)];
  const systemSaves = (mask: number) => (Number(answers[2]) & mask) === mask;
  if (!fma || !avx2s || !systemSaves(saved.avx)) {
    throw new Error(
      "the processor has no AVX2 with FMA, or the system does not save its registers",
    );
  }
  return avx512f && systemSaves(saved.avx512) ? avx512 : avx2;
}

/** Asks the processor: the features into number 0, the extended ones into 1, what is saved into 2. */
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
  for (const [answer, leaf] of [leaves.features, leaves.extended].entries()) {
    zero(rax);
    zero(rcx);
    code.immediate("add", rax, leaf);
    cpuid();
    code.storeInteger(quadword(rsi, answer), answer === 0 ? rcx : rbx);
  }
  // XGETBV would fail on a system that does not save vectors.
  code.integer("move", rax, quadword(rsi, 0));
  code.immediate("and", rax, 1 << bits.osSavesRegisters);
  code.immediate("compare", rax, 0);
  code.jumpIf("equal", end);
  zero(rcx);
  code.raw(0x0f, 0x01, 0xd0); // XGETBV
  code.storeInteger(quadword(rsi, 2), rax);
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
