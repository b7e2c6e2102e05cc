/**
 * Executable memory, and what the processor can do.
 *
 * @module
 */
import { Assembler, avx2, avx512, type VectorUnit } from "./assembler.ts";
import { quadword, registers } from "./operands.ts";

/** An emitted function: it takes the address of an argument block. */
export type MachineFunction = (block: BigUint64Array<ArrayBuffer>) => void;

const { rax, rbx, rcx, rdi, rsi } = registers;

// PROT_ and MAP_ of Linux' sys/mman.h.
const [readWrite, readExecute, privateAnonymous] = [1 | 2, 1 | 4, 0x02 | 0x20];
// CPUID's leaves and feature bits: Intel's manual, volume 2, CPUID.
const leaves = { features: 1, extended: 7 } as const;
const bits = { fma: 12, osSavesRegisters: 27, avx2: 5, avx512f: 16 } as const;
/** The bits of XCR0, the registers that the system saves: those of AVX, and those of AVX-512. */
const saved = { avx: 0x06, avx512: 0xe6 } as const;

/** Whether the machine code is written for this system and processor: Linux on x86-64. */
export function hasMachineCode(): boolean {
  return globalThis.Deno?.dlopen !== undefined && Deno.build.os === "linux" &&
    Deno.build.arch === "x86_64";
}

/** Whether the program may use pointers, which takes the permission `--allow-ffi` without a path. */
export function mayUsePointers(): boolean {
  return globalThis.Deno?.dlopen !== undefined &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/**
 * Copies code into executable memory, where it stays as long as the program runs. The memory is
 * writable first and executable then, never both.
 *
 * @param code The bytes of a function.
 * @returns The function's address.
 * @throws {Error} If the system gives no executable memory.
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

/**
 * Makes a function callable by the current thread.
 *
 * @param address Where its code was loaded, by any thread.
 */
export function functionAt(address: bigint): MachineFunction {
  const type = { parameters: ["buffer"], result: "void" } as const;
  const pointer = Deno.UnsafePointer.create<typeof type>(address)!;
  const code = new Deno.UnsafeFnPointer(pointer, type);
  return (block) => code.call(block);
}

/**
 * Finds the widest vector unit that the processor has and whose registers the system saves.
 *
 * @throws {Error} If there is none with AVX2 and FMA, or code cannot be loaded.
 */
export function findVectorUnit(): VectorUnit {
  const answers = new BigUint64Array(5);
  functionAt(loadCode(identify()))(answers);
  const has = (answer: number, bit: number) => (answers[answer]! >> BigInt(bit) & 1n) === 1n;
  const [fma, avx2s, avx512f] = [has(0, bits.fma), has(1, bits.avx2), has(1, bits.avx512f)];
  const systemSaves = (mask: number) => (Number(answers[2]) & mask) === mask;
  if (!fma || !avx2s || !systemSaves(saved.avx)) {
    throw new Error(
      "the processor has no AVX2 with FMA, or the system does not save its registers",
    );
  }
  return avx512f && systemSaves(saved.avx512) ? avx512 : avx2;
}

/**
 * Writes a function that asks the processor. Its argument block gets ECX of CPUID leaf 1 in number
 * 0, EBX of leaf 7 in number 1 and the low half of XCR0 in number 2; what there is not stays 0.
 */
function identify(): Uint8Array {
  const code = new Assembler(avx2);
  const cpuid = () => code.raw(0x0f, 0xa2); // CPUID: by rax and rcx, into rax, rbx, rcx and rdx
  const zero = (register: number) => code.integer("subtract", register, register);
  const end = {};
  code.push(rbx);
  code.integer("move", rsi, rdi);
  // Leaf 0 gives the number of the last leaf; CPUID changes rbx, hence rsi for the block.
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

/**
 * The address of an array.
 *
 * @param array Has a buffer that was made as one (\`new ArrayBuffer\`) or is WebAssembly's: V8 keeps a
 * small array without such a buffer inside its own heap, and may move it.
 */
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
