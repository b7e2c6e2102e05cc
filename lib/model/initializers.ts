/**
 * The first weights of a model: the same numbers on every device for the same seed.
 *
 * @module
 */
import type { CounterRandom } from "../random.ts";

/**
 * Numbers uniform in (−limit, limit).
 *
 * @param random where the numbers come from
 * @param options.size how many
 * @param options.limit the largest they can be
 */
export function uniformWeights(
  random: CounterRandom,
  { size, limit }: { readonly size: number; readonly limit: number },
): Float32Array {
  return Float32Array.from(
    { length: size },
    (_, i) => (2 * random.uniform(i) - 1) * limit,
  );
}

/**
 * A matrix of `rows` inputs and `columns` outputs whose signals neither grow nor
 * shrink: uniform in ±√(6 / (rows + columns)). Source: Glorot and Bengio 2010,
 * https://proceedings.mlr.press/v9/glorot10a.html.
 */
export function glorotUniform(
  random: CounterRandom,
  { rows, columns }: MatrixSize,
): Float32Array {
  return uniformWeights(random, {
    size: rows * columns,
    limit: Math.sqrt(6 / (rows + columns)),
  });
}

/** The size of a weight matrix. */
export interface MatrixSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * A random matrix whose rows have length 1 and stand at right angles to each other,
 * as Keras' `orthogonal` initializer draws them.
 *
 * It is the Q of the QR decomposition of a matrix A of normal numbers, with the
 * signs that make R's diagonal positive. A is far wider than high, and so well
 * conditioned that the short way is exact to rounding: with A·Aᵀ = L·Lᵀ (Cholesky),
 * Q = L⁻¹·A. Source: Fukaya et al. 2014, "CholeskyQR2", https://doi.org/10.1109/ScalA.2014.11.
 *
 * @param random where the numbers come from
 * @param size `columns` at least twice `rows`
 * @returns the matrix, row by row
 * @throws {RangeError} if there are fewer columns than twice the rows
 */
export function orthogonal(
  random: CounterRandom,
  { rows, columns }: MatrixSize,
): Float32Array {
  if (columns < 2 * rows) {
    throw new RangeError(
      `Cannot draw an orthogonal matrix of ${rows} × ${columns}: it takes twice as many columns as rows`,
    );
  }
  const a = Array.from(
    { length: rows },
    (_, i) =>
      Float64Array.from(
        { length: columns },
        (_, j) => random.normal(i * columns + j),
      ),
  );
  solveLower(cholesky(gram(a)), a);
  const result = new Float32Array(rows * columns);
  a.forEach((row, i) => result.set(row, i * columns));
  return result;
}

/** How many columns are worked on at a time, so that they stay in the cache. */
const stripe = 128;

/** The lower half of A·Aᵀ, in squares of 4 × 4 so that each number is read once for four. */
function gram(a: readonly Float64Array[]): Float64Array[] {
  const n = a.length;
  const g = a.map((_, i) => new Float64Array(i + 1));
  const zero = new Float64Array(a[0].length);
  const row = (i: number) => i < n ? a[i] : zero;
  const sums = new Float64Array(16);
  for (let start = 0; start < zero.length; start += stripe) {
    const end = Math.min(start + stripe, zero.length);
    for (let i = 0; i < n; i += 4) {
      for (let j = 0; j <= i; j += 4) {
        square(sums, {
          left: [row(i), row(i + 1), row(i + 2), row(i + 3)],
          right: [row(j), row(j + 1), row(j + 2), row(j + 3)],
          start,
          end,
        });
        for (let p = 0; p < 4 && i + p < n; p++) {
          for (let q = 0; q < 4 && j + q <= i + p; q++) {
            g[i + p][j + q] += sums[4 * p + q];
          }
        }
      }
    }
  }
  return g;
}

interface Square {
  readonly left: readonly Float64Array[];
  readonly right: readonly Float64Array[];
  readonly start: number;
  readonly end: number;
}

/** The sixteen dot products of four rows with four rows. */
function square(sums: Float64Array, { left, right, start, end }: Square): void {
  const [a, b, c, d] = left;
  const [e, f, g, h] = right;
  let ae = 0, af = 0, ag = 0, ah = 0, be = 0, bf = 0, bg = 0, bh = 0;
  let ce = 0, cf = 0, cg = 0, ch = 0, de = 0, df = 0, dg = 0, dh = 0;
  for (let k = start; k < end; k++) {
    const w = e[k], x = f[k], y = g[k], z = h[k];
    const p = a[k], q = b[k], r = c[k], s = d[k];
    ae += p * w, af += p * x, ag += p * y, ah += p * z;
    be += q * w, bf += q * x, bg += q * y, bh += q * z;
    ce += r * w, cf += r * x, cg += r * y, ch += r * z;
    de += s * w, df += s * x, dg += s * y, dh += s * z;
  }
  // deno-fmt-ignore
  sums.set([ae, af, ag, ah, be, bf, bg, bh, ce, cf, cg, ch, de, df, dg, dh]);
}

/** The lower triangular L with L·Lᵀ = G, written over G. */
function cholesky(g: Float64Array[]): Float64Array[] {
  for (let i = 0; i < g.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = g[i][j];
      for (let k = 0; k < j; k++) sum -= g[i][k] * g[j][k];
      g[i][j] = i === j ? Math.sqrt(sum) : sum / g[j][j];
    }
  }
  return g;
}

/** X ← L⁻¹·X, by forward substitution, four finished rows at a time. */
function solveLower(l: readonly Float64Array[], x: Float64Array[]): void {
  const columns = x[0].length;
  for (let start = 0; start < columns; start += stripe) {
    const end = Math.min(start + stripe, columns);
    for (let i = 0; i < x.length; i++) {
      const row = x[i];
      const factors = l[i];
      let j = 0;
      for (; j + 4 <= i; j += 4) {
        const [a, b, c, d] = [x[j], x[j + 1], x[j + 2], x[j + 3]];
        const p = factors[j],
          q = factors[j + 1],
          r = factors[j + 2],
          s = factors[j + 3];
        for (let k = start; k < end; k++) {
          row[k] -= p * a[k] + q * b[k] + r * c[k] + s * d[k];
        }
      }
      for (; j < i; j++) {
        for (let k = start; k < end; k++) row[k] -= factors[j] * x[j][k];
      }
      for (let k = start; k < end; k++) row[k] /= factors[i];
    }
  }
}
