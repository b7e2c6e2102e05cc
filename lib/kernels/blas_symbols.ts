/**
 * What folio calls of a BLAS, as `Deno.dlopen` wants it, from the cblas.h that all of them share.
 *
 * @module
 */

export const rowMajor = 101;
export const noTranspose = 111;
export const transpose = 112;

// After order, transposes and sizes: alpha, A and its stride, B or x and its stride, beta,
// C or y and its stride.
const operands = ["f32", "buffer", "i32", "buffer", "i32", "f32", "buffer", "i32"] as const;
const sgemm = {
  parameters: ["i32", "i32", "i32", "i32", "i32", "i32", ...operands],
  result: "void",
} as const;
const sgemv = {
  parameters: ["i32", "i32", "i32", "i32", ...operands],
  result: "void",
} as const;
// These two only OpenBLAS has.
const threads = { parameters: [], result: "i32", optional: true } as const;
const setThreads = { parameters: ["i32"], result: "void", optional: true } as const;

/**
 * The sgemm of a library that another thread has opened. A thread that opens a library closes it
 * when it ends, and at the end of a program that is at times while the program closes it too.
 */
export function sgemmAt(address: bigint): Sgemm {
  const pointer = Deno.UnsafePointer.create<typeof sgemm>(address)!;
  const code = new Deno.UnsafeFnPointer(pointer, sgemm);
  return (...operands) => code.call(...operands);
}

/** C = alpha · A·B + beta · C. */
export type Sgemm = Deno.FromForeignFunction<typeof sgemm>;

/** What {@linkcode openSymbols} finds in a library. */
export interface BlasSymbols {
  readonly sgemm: Sgemm;
  /** Where its code lies. */
  readonly sgemmPointer: Deno.PointerValue;
  readonly sgemv: Deno.FromForeignFunction<typeof sgemv>;
  readonly threads: (() => number) | null;
  readonly setThreads: ((count: number) => void) | null;
}

/**
 * Opens a library.
 *
 * @throws {Error} if it is none, or lacks a product
 */
export function openSymbols(path: string): BlasSymbols {
  // The wheel's symbols carry a prefix so that they do not meet a second OpenBLAS.
  const [plain, prefixed] = ["", "scipy_"].map((prefix) => () =>
    Deno.dlopen(path, {
      sgemm: { ...sgemm, name: `${prefix}cblas_sgemm` },
      sgemmPointer: { type: "pointer", name: `${prefix}cblas_sgemm` },
      sgemv: { ...sgemv, name: `${prefix}cblas_sgemv` },
      threads: { ...threads, name: `${prefix}openblas_get_num_threads` },
      setThreads: { ...setThreads, name: `${prefix}openblas_set_num_threads` },
    }).symbols
  );
  try {
    return plain();
  } catch {
    return prefixed();
  }
}
