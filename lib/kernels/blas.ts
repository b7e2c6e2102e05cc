/**
 * The system's BLAS (Basic Linear Algebra Subprograms) through `Deno.dlopen`.
 *
 * A BLAS multiplies matrices at the speed of the processor, on all its cores; it
 * reads and writes the memory we point at, so nothing is copied.
 *
 * @module
 */

import { blasPlaces } from "./blas_places.ts";
import { eachPartTimesRow, type Product, type Products, withStrides } from "./products.ts";
import { ThreadPace } from "./thread_pace.ts";
import { transposeInto } from "./transpose.ts";

/** A BLAS that was opened, or why each candidate was not. */
export interface BlasSearch {
  readonly blas: Products | null;
  readonly notes: readonly string[];
}

// From the cblas.h that every BLAS shares.
const rowMajor = 101;
const noTranspose = 111;
const transpose = 112;

// After order, transposes and sizes: alpha, A and its stride, B or x and its stride, beta,
// C or y and its stride.
const operands = ["f32", "buffer", "i32", "buffer", "i32", "f32", "buffer", "i32"] as const;
const sgemmType = {
  parameters: ["i32", "i32", "i32", "i32", "i32", "i32", ...operands],
  result: "void",
} as const;
const sgemvType = {
  parameters: ["i32", "i32", "i32", "i32", ...operands],
  result: "void",
} as const;

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
    const opened = open(path);
    if (typeof opened !== "string") return { blas: opened, notes };
    // That a library which may lie somewhere lies nowhere is not worth a line.
    if (files.includes(path)) notes.push(opened);
  }
  if (names.length > 0) notes.push(`no BLAS among ${names.join(", ")}`);
  return { blas: null, notes };
}

/** Opens one library; a text says why it cannot serve. */
function open(path: string): Products | string {
  const reasons: string[] = [];
  // The wheel's symbols carry a prefix so that they do not meet a second OpenBLAS.
  for (const prefix of ["", "scipy_"]) {
    try {
      const { symbols } = Deno.dlopen(path, {
        sgemm: { ...sgemmType, name: `${prefix}cblas_sgemm` },
        sgemv: { ...sgemvType, name: `${prefix}cblas_sgemv` },
        threads: {
          name: `${prefix}openblas_get_num_threads`,
          parameters: [],
          result: "i32",
          optional: true,
        },
        setThreads: {
          name: `${prefix}openblas_set_num_threads`,
          parameters: ["i32"],
          result: "void",
          optional: true,
        },
      });
      const threads = symbols.threads?.() ?? null;
      const blas = wrap(symbols, { description: describe(path, threads), threads });
      const wrong = selfTest(blas);
      return wrong === null ? blas : `${path} is passed over: ${wrong}`;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return `${path} is passed over: ${reasons.pop()}`;
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

/** More rows than this are a matrix product. */
const fewRows = 7;

/** What {@linkcode open} finds in a library. */
interface BlasSymbols {
  readonly sgemm: Deno.FromForeignFunction<typeof sgemmType>;
  readonly sgemv: Deno.FromForeignFunction<typeof sgemvType>;
  readonly setThreads: ((count: number) => void) | null;
}

function wrap(
  { sgemm, sgemv, setThreads }: BlasSymbols,
  { description, threads }: { readonly description: string; readonly threads: number | null },
): Products {
  const paces = new Map<string, ThreadPace>();
  const paceOf = ({ m, n, k, transposeB = false }: Product) => {
    const key = [m, n, k, transposeB].join();
    const pace = paces.get(key) ?? new ThreadPace();
    paces.set(key, pace);
    return pace;
  };
  const view = (array: Float32Array) => array as Float32Array<ArrayBuffer>;
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
      if (m <= fewRows && transposeB && !transposeA) {
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
    packedSize: (k, n) => k * n,
    prepare(given, stored, packed) {
      const { n, k, transposeB, strideB } = withStrides(given);
      if (!transposeB) transposeInto(packed, stored, { rows: k, columns: n, stride: strideB });
      const product = transposeB ? given : { ...given, transposeB: true, strideB: k };
      const b = transposeB ? stored : packed;
      if (setThreads === null || threads === null || threads === 1) {
        return (a, c) => products.multiply(product, a, b, c);
      }
      const pace = paceOf(product);
      return (a, c) => {
        const way = pace.choose();
        const start = performance.now();
        if (way === "one") setThreads(1);
        products.multiply(product, a, b, c);
        if (way === "one") setThreads(threads);
        pace.record(way, performance.now() - start);
      };
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
