/**
 * What folio calls of a BLAS, as `Deno.dlopen` wants it, from the cblas.h that all of them share.
 *
 * @module
 */

import type { Matrices, Product } from "../wasm/products.ts";

export const rowMajor = 101;
export const noTranspose = 111;
export const transpose = 112;

/** So many rows are products of a matrix with a vector. */
export const rowsBySgemv = 7;

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

// How each library is told and asked for its number of threads; which of them it has says who it is.
const count = { parameters: [], result: "i32", optional: true } as const;
const setCount = { parameters: ["i32"], result: "void", optional: true } as const;
const setLongCount = { parameters: ["i64"], result: "void", optional: true } as const;
const text = { parameters: [], result: "pointer", optional: true } as const;

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

/** C = A·B in one call. */
export function multiplyBySgemm(
  sgemm: Sgemm,
  { m, n, k, transposeA, transposeB, strideA, strideB, strideC, accumulate }: Required<Product>,
  { a, b, c }: Matrices,
): void {
  const view = (array: Float32Array) => array as Float32Array<ArrayBuffer>;
  // deno-fmt-ignore
  sgemm(
    rowMajor, transposeA ? transpose : noTranspose, transposeB ? transpose : noTranspose,
    m, n, k, 1, view(a), strideA, view(b), strideB, accumulate ? 1 : 0, view(c), strideC,
  );
}

/** What {@linkcode openSymbols} finds in a library. */
export interface BlasSymbols {
  readonly sgemm: Sgemm;
  /** Where its code lies. */
  readonly sgemmPointer: Deno.PointerValue;
  readonly sgemv: Deno.FromForeignFunction<typeof sgemv>;
  /** How many threads it would use; null where it does not say. */
  readonly threads: (() => number) | null;
  /** Makes it use one thread; null where it cannot be told. */
  readonly useOneThread: (() => void) | null;
  /** Its version and the processor that it computes for, where it says so and we may read it. */
  readonly version: (() => string) | null;
}

/**
 * Opens a library.
 *
 * @throws {Error} If it is none, or lacks a product.
 */
export function openSymbols(path: string): BlasSymbols {
  // The wheel's symbols carry a prefix so that they do not meet a second OpenBLAS.
  const open = (prefix: string) =>
    Deno.dlopen(path, {
      sgemm: { ...sgemm, name: `${prefix}cblas_sgemm` },
      sgemmPointer: { type: "pointer", name: `${prefix}cblas_sgemm` },
      sgemv: { ...sgemv, name: `${prefix}cblas_sgemv` },
      threads: { ...count, name: `${prefix}openblas_get_num_threads` },
      setThreads: { ...setCount, name: `${prefix}openblas_set_num_threads` },
      setThreadsOfMkl: { ...setCount, name: "MKL_Set_Num_Threads" },
      setThreadsOfBlis: { ...setLongCount, name: "bli_thread_set_num_threads" },
      config: { ...text, name: `${prefix}openblas_get_config` },
      processor: { ...text, name: `${prefix}openblas_get_corename` },
    }).symbols;
  let symbols: ReturnType<typeof open>;
  try {
    symbols = open("");
  } catch {
    symbols = open("scipy_");
  }
  const { sgemm: product, sgemmPointer, sgemv: vector, threads, config, processor } = symbols;
  const { setThreads, setThreadsOfMkl, setThreadsOfBlis } = symbols;
  const useOneThread = setThreads
    ? () => setThreads(1)
    : setThreadsOfMkl
    ? () => setThreadsOfMkl(1)
    : setThreadsOfBlis
    ? () => setThreadsOfBlis(1n)
    : null;
  const version = config && (() => {
    const [, number = ""] = /OpenBLAS (\S+)/.exec(textAt(config())) ?? [];
    return `${number} for ${processor ? textAt(processor()) : "any processor"}`;
  });
  return {
    ...{ sgemm: product, sgemmPointer, sgemv: vector },
    ...{ threads, useOneThread, version },
  };
}

function textAt(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}
