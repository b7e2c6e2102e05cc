/**
 * The parts of a matrix product that threads take from each other.
 *
 * @module
 */
import { noTranspose, rowMajor, type Sgemm, transpose } from "./blas_symbols.ts";
import { copyRows, type Product, transposeInto } from "./products.ts";

/** How a product is cut: by the panels of a packed B, by the rows of C, or by its columns. */
export const cuts = { panels: 0, rows: 1, columns: 2 } as const;

/** The numbers of a job, in their order. */
// deno-fmt-ignore
export const jobFields = [
  "cut", "parts", "size", "m", "n", "k", "transposeA", "transposeB", "strideA", "strideB",
  "strideC", "add", "a", "b", "c",
] as const;

/**
 * A product in `parts` parts, each with `size` rows or columns; a, b and c are where the matrices
 * begin on the heap, in floats.
 */
export type Job = Readonly<Record<typeof jobFields[number], number>>;

/** The columns of a panel. */
export const panelColumns = 64;
/** The multiplications of a tile: 64 rows with 128 rows of a panel, which stay in the cache. */
export const tileOperations = 2 ** 19;
/** More rows than this are several tiles. */
const tileRows = 128;

/** Lays B, k rows of n, out in panels: its first columns row by row, then the next. */
export function packPanels(
  { n, k, transposeB, strideB: stride }: Required<Product>,
  b: Float32Array,
  packed: Float32Array,
): void {
  for (let first = 0; first < n; first += panelColumns) {
    const columns = Math.min(panelColumns, n - first);
    const panel = packed.subarray(first * k, (first + columns) * k);
    const from = b.subarray(transposeB ? first * stride : first);
    if (transposeB) transposeInto(panel, from, { rows: columns, columns: k, stride });
    else copyRows({ rows: k, columns }, { from, stride }, panel);
  }
}

/**
 * Computes parts of a product until none is left.
 *
 * Which thread computes a part does not change its bits.
 *
 * @param next gives the number of a part that nobody has taken
 */
export function computeParts(
  sgemm: Sgemm,
  heap: Float32Array<ArrayBuffer>,
  job: Job,
  next: () => number,
): void {
  const { cut, parts, size, m, n } = job;
  for (let part = next(); part < parts; part = next()) {
    const first = part * size;
    if (cut === cuts.panels) multiplyPanel(sgemm, heap, job, first);
    else if (cut === cuts.rows) {
      const a = job.a + first * (job.transposeA ? 1 : job.strideA);
      const rows = { m: Math.min(size, m - first), a, c: job.c + first * job.strideC };
      multiply(sgemm, heap, { ...job, ...rows });
    } else {
      const b = job.b + first * (job.transposeB ? job.strideB : 1);
      multiply(sgemm, heap, { ...job, n: Math.min(size, n - first), b, c: job.c + first });
    }
  }
}

/** Multiplies A by the panel of B whose first column is `first`, tile by tile. */
function multiplyPanel(
  sgemm: Sgemm,
  heap: Float32Array<ArrayBuffer>,
  { m, n, k, transposeA, strideA, strideC, add, a, b, c }: Job,
  first: number,
): void {
  const transposed = transposeA ? transpose : noTranspose;
  const columns = Math.min(panelColumns, n - first);
  const rows = Math.ceil(m / Math.ceil(m / tileRows));
  const depth = Math.ceil(k / Math.ceil(rows * panelColumns * k / tileOperations));
  for (let p = 0; p < k; p += depth) {
    const panel = heap.subarray(b + first * k + p * columns);
    for (let i = 0; i < m; i += rows) {
      const from = heap.subarray(a + (transposeA ? p * strideA + i : i * strideA + p));
      const to = heap.subarray(c + i * strideC + first);
      // deno-fmt-ignore
      sgemm(
        rowMajor, transposed, noTranspose, Math.min(rows, m - i), columns, Math.min(depth, k - p),
        1, from, strideA, panel, columns, add || p > 0 ? 1 : 0, to, strideC,
      );
    }
  }
}

function multiply(sgemm: Sgemm, heap: Float32Array<ArrayBuffer>, job: Job): void {
  const { m, n, k, strideA, strideB, strideC } = job;
  const [a, b, c] = [heap.subarray(job.a), heap.subarray(job.b), heap.subarray(job.c)];
  // deno-fmt-ignore
  sgemm(
    rowMajor, job.transposeA ? transpose : noTranspose, job.transposeB ? transpose : noTranspose,
    m, n, k, 1, a, strideA, b, strideB, job.add ? 1 : 0, c, strideC,
  );
}
