/**
 * Rows at right angles, for the first weights of a recurrent kernel.
 *
 * @module
 */
import { loadSimd } from "./simd.ts";
import { scratchBytes, simdProducts } from "./simd_products.ts";

/** The size of a matrix. */
export interface MatrixSize {
  readonly rows: number;
  readonly columns: number;
}

/** How many rows are finished at a time. */
const block = 32;
const bytes = 4;
const page = 65_536;

/**
 * Makes the rows of a matrix A into rows of length 1 at right angles: the Q of its
 * QR decomposition by rows, with the signs that make R's diagonal positive.
 *
 * For a matrix far wider than high, whose rows are nearly at right angles already,
 * the short way is exact to rounding: with A·Aᵀ = L·Lᵀ (Cholesky), Q = L⁻¹·A.
 * Source: Fukaya et al. 2014, "CholeskyQR2", https://doi.org/10.1109/ScalA.2014.11.
 * The products run in WebAssembly of their own, without fused multiply-add, so that
 * the result is the same on every device and machine.
 *
 * @param matrix A, row by row.
 * @param size At least twice as many columns as rows.
 * @returns Q, row by row.
 */
export function orthogonalizeRows(
  matrix: Float32Array,
  { rows, columns }: MatrixSize,
): Float32Array {
  const addressOfA = Math.ceil(scratchBytes / 16) * 16;
  const addressOfG = addressOfA + matrix.length * bytes;
  const pages = Math.ceil((addressOfG + rows * rows * bytes) / page);
  const memory = new WebAssembly.Memory({ initial: pages });
  const products = simdProducts(loadSimd(memory, { fused: false }), 0);
  const a = new Float32Array(memory.buffer, addressOfA, matrix.length);
  const g = new Float32Array(memory.buffer, addressOfG, rows * rows);
  a.set(matrix);

  products.multiply({ m: rows, n: rows, k: columns, transposeB: true }, a, a, g);
  const l = cholesky(g, rows);
  l.forEach((row, i) => row.forEach((value, j) => g[i * rows + j] = -value));
  for (let start = 0; start < rows; start += block) {
    const end = Math.min(start + block, rows);
    const part = a.subarray(start * columns);
    if (start > 0) {
      // Takes the finished rows' share out of the next ones.
      const product = { m: end - start, n: columns, k: start, strideA: rows, accumulate: true };
      products.multiply(product, g.subarray(start * rows), a, part);
    }
    for (let i = start; i < end; i++) {
      const row = a.subarray(i * columns, (i + 1) * columns);
      for (let j = start; j < i; j++) {
        const factor = l[i]![j]!;
        const other = a.subarray(j * columns, (j + 1) * columns);
        for (let k = 0; k < columns; k++) row[k]! -= factor * other[k]!;
      }
      for (let k = 0; k < columns; k++) row[k]! /= l[i]![i]!;
    }
  }
  return a.slice();
}

/** The rows of the lower triangular L with L·Lᵀ = G. */
function cholesky(g: Float32Array, n: number): Float64Array[] {
  const l = Array.from(
    { length: n },
    (_, i) => Float64Array.from(g.subarray(i * n, i * n + i + 1)),
  );
  for (const [i, left] of l.entries()) {
    for (const [j, right] of l.slice(0, i + 1).entries()) {
      let sum = left[j]!;
      for (let k = 0; k < j; k++) sum -= left[k]! * right[k]!;
      left[j] = i === j ? Math.sqrt(sum) : sum / right[j]!;
    }
  }
  return l;
}
