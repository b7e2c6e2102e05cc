/**
 * The system's BLAS (Basic Linear Algebra Subprograms) through `Deno.dlopen`.
 *
 * A BLAS multiplies matrices at the speed of the processor, on all its cores; it
 * reads and writes the memory we point at, so nothing is copied.
 *
 * @module
 */

import { blasPlaces } from "./blas_places.ts";
import {
  type BlasSymbols,
  noTranspose,
  openSymbols,
  rowMajor,
  type Sgemm,
  transpose,
} from "./blas_symbols.ts";
import {
  byTransposed,
  eachPartTimesRow,
  packTransposed,
  type Products,
  withStrides,
} from "./products.ts";
import { ProductPaces } from "./thread_pace.ts";

/** A BLAS. */
export interface Blas extends Products {
  /** The library's path or name. */
  readonly path: string;
  /** How many threads it uses; null where it does not say. */
  readonly threads: number | null;
  /** Says how many threads it shall use; null where it cannot be told. */
  readonly setThreads: ((count: number) => void) | null;
  readonly sgemm: Sgemm;
  /** Where the code of `sgemm` lies. */
  readonly sgemmPointer: Deno.PointerValue;
}

/** A BLAS that was opened, or why each candidate was not. */
export interface BlasSearch {
  readonly blas: Blas | null;
  readonly notes: readonly string[];
}

/**
 * Opens the first usable BLAS.
 *
 * @param choice `"auto"` tries Apple's Accelerate, then the OpenBLAS that setup
 * installs from PyPI, then the system's libraries; `"none"` opens nothing; any
 * other text is the path or name of a library
 * @returns the BLAS, or null with one line for each library that was passed over
 */
export function openBlas(choice: string): BlasSearch {
  if (choice === "none") return { blas: null, notes: ["BLAS is switched off"] };
  if (globalThis.Deno?.dlopen === undefined) {
    return { blas: null, notes: ["a BLAS needs Deno's dlopen"] };
  }
  const notes: string[] = [];
  const { files, names } = choice === "auto" ? blasPlaces() : { files: [choice], names: [] };
  for (const path of [...files, ...names]) {
    const blas = open(path);
    if (typeof blas !== "string") return { blas, notes };
    // That a library which may lie somewhere lies nowhere is not worth a line.
    if (files.includes(path)) notes.push(blas);
  }
  if (names.length > 0) notes.push(`no BLAS among ${names.join(", ")}`);
  return { blas: null, notes };
}

/** Opens one library; a text says why it cannot serve. */
function open(path: string): Blas | string {
  try {
    const symbols = openSymbols(path);
    const threads = symbols.threads?.() ?? null;
    const { sgemm, sgemmPointer, setThreads } = symbols;
    const description = describe(path, threads);
    const blas = {
      ...wrap(symbols, { description, threads }),
      path,
      threads,
      setThreads,
      ...{ sgemm, sgemmPointer },
    };
    const wrong = selfTest(blas);
    return wrong === null ? blas : `${path} is passed over: ${wrong}`;
  } catch (error) {
    return `${path} is passed over: ${error instanceof Error ? error.message : error}`;
  }
}

function describe(path: string, threads: number | null): string {
  const name = /accelerate|openblas|blis|mkl/i.exec(
    path.split("/").pop() ?? path,
  )?.[0];
  const label = name === undefined ? "BLAS" : (
    {
      accelerate: "Accelerate",
      openblas: "OpenBLAS",
      blis: "BLIS",
      mkl: "MKL",
    } as const
  )[name.toLowerCase() as "accelerate" | "openblas" | "blis" | "mkl"];
  if (threads === null) return label;
  return `${label}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

/** So many rows are products of a matrix with a vector. */
export const rowsBySgemv = 7;

function wrap(
  { sgemm, sgemv, setThreads }: BlasSymbols,
  { description, threads }: { readonly description: string; readonly threads: number | null },
): Products {
  const paces = new ProductPaces();
  const view = (array: Float32Array) => array as Float32Array<ArrayBuffer>;
  const several = setThreads !== null && threads !== null && threads > 1;
  const products: Products = {
    description,
    multiply(given, a, b, c) {
      const product = withStrides(given);
      const { m, n, k, transposeA, transposeB, strideA, strideB, strideC, add } = product;
      const beta = add ? 1 : 0;
      // Few rows are as many matrix–vector products, which do not copy B first; for one row that
      // is up to ten times faster.
      if (m === 1 && !transposeB && !transposeA) {
        // deno-fmt-ignore
        sgemv(rowMajor, transpose, k, n, 1, view(b), strideB, view(a), 1, beta, view(c), 1);
        return;
      }
      if (m <= rowsBySgemv && transposeB && !transposeA) {
        eachPartTimesRow(product, ({ rows, ...part }) => {
          const from = view(b.subarray(part.b));
          const [x, y] = [view(a.subarray(part.x)), view(c.subarray(part.y))];
          sgemv(rowMajor, noTranspose, rows, k, 1, from, strideB, x, 1, beta, y, 1);
        });
        return;
      }
      // deno-fmt-ignore
      sgemm(
        rowMajor, transposeA ? transpose : noTranspose, transposeB ? transpose : noTranspose,
        m, n, k, 1, view(a), strideA, view(b), strideB, beta, view(c), strideC,
      );
    },
    // A BLAS packs its factors itself, each time, and where B is transposed that takes a third
    // less time: it reads along the rows that it multiplies along.
    packedSize: ({ k, n }) => k * n,
    pack: packTransposed,
    multiplyPacked(given, a, packed, c) {
      const product = byTransposed(given);
      if (!several) return products.multiply(product, a, packed, c);
      paces.run(product, (way) => {
        if (way === "one") setThreads(1);
        products.multiply(product, a, packed, c);
        if (way === "one") setThreads(threads);
      });
    },
  };
  return products;
}

/** A product whose answer we know: a library with 64-bit integers fails it. */
function selfTest(blas: Products): string | null {
  const a = new Float32Array([1, 2, 3, 4, 5, 6]);
  const b = new Float32Array([1, 0, 2, 0, 1, 1]);
  const c = new Float32Array(4);
  blas.multiply({ m: 2, n: 2, k: 3 }, a, b, c);
  const expected = [8, 3, 20, 6];
  return expected.every((value, i) => c[i] === value)
    ? null
    : `its sgemm gives ${c.join(", ")} where ${expected.join(", ")} is right`;
}
