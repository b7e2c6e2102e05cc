/**
 * The system's BLAS (Basic Linear Algebra Subprograms) through `Deno.dlopen`.
 *
 * A BLAS multiplies matrices at the speed of the processor; it reads and writes the memory we point
 * at, so nothing is copied. It computes on the thread that calls it: its own threads would share
 * the work in ways that depend on their number, and so would the bits.
 *
 * @module
 */

import {
  type BlasSymbols,
  multiplyBySgemm,
  noTranspose,
  openSymbols,
  rowMajor,
  rowsBySgemv,
  type Sgemm,
  transpose,
} from "./cblas.ts";
import { libraryPaths } from "./library_paths.ts";
import { eachPartTimesRow, type Matrices, type Product, withStrides } from "../wasm/products.ts";

/** A BLAS. */
export interface Blas {
  /** The library's path or name. */
  readonly path: string;
  /** Whose it is, for people: `OpenBLAS`. */
  readonly name: string;
  /** Its version and the processor that it computes for, where it says so and we may read it. */
  readonly version: string | null;
  /**
   * How many threads it would use by itself; null where it does not say, or says 1: then another
   * thread of this program, which shares the library, may have told it so as we do.
   */
  readonly threads: number | null;
  /** Whether it computes on the thread that calls it alone; one that cannot be told may not. */
  readonly isSingleThreaded: boolean;
  readonly sgemm: Sgemm;
  /** Where the code of `sgemm` lies. */
  readonly sgemmPointer: Deno.PointerValue;
  /** C = A·B, in one call, or one for each row of a product of few. */
  multiply(product: Product, a: Float32Array, b: Float32Array, c: Float32Array): void;
}

/** A BLAS that was opened, or why each candidate was not. */
export interface BlasSearch {
  readonly blas: Blas | null;
  readonly notes: readonly string[];
}

/**
 * Opens the first usable BLAS.
 *
 * @param choice `"auto"` tries Apple's Accelerate, then the OpenBLAS that setup installs from PyPI,
 * then the system's libraries; `"none"` opens nothing; any other text is the path or name of a
 * library.
 * @returns The BLAS, or null with one line for each library that was passed over.
 * @throws {Error} If the library that was asked for cannot be used.
 */
export function openBlas(choice: string): BlasSearch {
  if (choice === "none") return { blas: null, notes: ["BLAS is switched off"] };
  if (choice !== "auto") {
    const blas = open(choice);
    if (typeof blas !== "string") return { blas, notes: [] };
    throw new Error(
      `Cannot use the BLAS ${blas}. Give the path of a library that has cblas_sgemm, "auto" to ` +
        'search for one, or "none" to do without',
    );
  }
  if (globalThis.Deno?.dlopen === undefined) {
    return { blas: null, notes: ["a BLAS needs Deno's dlopen"] };
  }
  const notes: string[] = [];
  const { files, names } = libraryPaths();
  for (const path of [...files, ...names]) {
    const blas = open(path);
    if (typeof blas !== "string") return { blas, notes };
    // That a library which may lie somewhere lies nowhere is not worth a line.
    if (files.includes(path)) notes.push(`passed over ${blas}`);
  }
  notes.push(`no BLAS among ${names.join(", ")}`);
  return { blas: null, notes };
}

/** Each is opened once: from then on it says that it uses one thread. */
const opened = new Map<string, Blas>();

/** Opens one library; a text, which begins with its path, says why it cannot serve. */
function open(path: string): Blas | string {
  const known = opened.get(path);
  if (known !== undefined) return known;
  try {
    if (globalThis.Deno?.dlopen === undefined) return `${path}: only Deno opens libraries`;
    const symbols = openSymbols(path);
    const threads = symbols.threads?.() ?? 1;
    symbols.useOneThread?.();
    const { sgemm, sgemmPointer } = symbols;
    const blas: Blas = {
      ...{
        path,
        name: nameOf(path),
        version: versionOf(symbols),
        threads: threads > 1 ? threads : null,
      },
      isSingleThreaded: symbols.useOneThread !== null,
      ...{ sgemm, sgemmPointer },
      multiply: (product, a, b, c) => multiply(symbols, product, { a, b, c }),
    };
    const wrong = selfTest(blas);
    if (wrong !== null) return `${path}: ${wrong}`;
    opened.set(path, blas);
    return blas;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.startsWith(path) ? message : `${path}: ${message}`;
  }
}

function nameOf(path: string): string {
  const known = ["Accelerate", "OpenBLAS", "BLIS", "MKL"];
  const file = (path.split("/").pop() ?? path).toLowerCase();
  return known.find((name) => file.includes(name.toLowerCase())) ?? "BLAS";
}

/** Where one library only may be used, its texts cannot be read. */
function versionOf({ version }: BlasSymbols): string | null {
  try {
    return version?.() ?? null;
  } catch {
    return null;
  }
}

function multiply(
  { sgemm, sgemv }: BlasSymbols,
  given: Product,
  { a, b, c }: Matrices,
): void {
  const view = (array: Float32Array) => array as Float32Array<ArrayBuffer>;
  const product = withStrides(given);
  const { m, n, k, transposeA, transposeB, strideB, accumulate } = product;
  const beta = accumulate ? 1 : 0;
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
  multiplyBySgemm(sgemm, product, { a, b, c });
}

/** A product whose answer we know: a library with 64-bit integers fails it. */
function selfTest(blas: Blas): string | null {
  const a = new Float32Array([1, 2, 3, 4, 5, 6]);
  const b = new Float32Array([1, 0, 2, 0, 1, 1]);
  const c = new Float32Array(4);
  blas.multiply({ m: 2, n: 2, k: 3 }, a, b, c);
  const expected = [8, 3, 20, 6];
  return expected.every((value, i) => c[i] === value)
    ? null
    : `its sgemm gives ${c.join(", ")} where ${expected.join(", ")} is right`;
}
