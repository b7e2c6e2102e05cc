/**
 * How a product is cut into parts, each one call of a BLAS on one thread.
 *
 * The cut depends on the sizes alone. A BLAS rounds a part otherwise than the same rows within a
 * larger product, so a cut that followed the number of threads, or their load, would change bits.
 *
 * @module
 */
import type { Cut, Product } from "../wasm/products.ts";
import { rowsBySgemv } from "./cblas.ts";

/*
 * Measured on one thread of an AMD EPYC (AVX2) with OpenBLAS 0.3.34: what all parts of a product take
 * together, as a multiple of the whole product in one call.
 *
 *   m × n × k                         2 parts   4      8      16
 *   6400 × 66 × 256                   1.02   1.02   1.03   1.02
 *   6400 × 768 × 256                  1.02   1.00   1.03   1.03
 *   66 × 3072 × 256                   1.01   1.02   1.03   1.03
 *   256 × 66 × 6400                   1.09   1.13   1.36   1.49
 *   1024 × 66 × 6400                  1.00   1.05   1.11   1.23
 *   256 × 768 × 6400                  1.03   1.13   1.35   1.53
 *
 * A part packs all of the matrix that is not cut, so parts of fewer than 64 rows or columns pay for
 * it where k is long. A million multiplications take about 30 µs, for which it is worth waking
 * another thread.
 */
const leastSize = 64;
const leastOperations = 2 ** 20;
const mostParts = 8;
/** No part takes longer than a second or so: a thread that waits for it sees that it moves. */
const mostOperations = 2 ** 34;
/** Parts have a multiple of this, which suits the kernels of a BLAS. */
const multiple = 16;

/** Cuts a product. */
export function cutOf({ m, n, k }: Product): Cut {
  const byRows = m > n;
  const length = Math.max(m, n);
  const operations = m * n * k;
  const wanted = Math.max(
    Math.min(mostParts, Math.floor(length / leastSize), Math.floor(operations / leastOperations)),
    Math.ceil(operations / mostOperations),
  );
  if (wanted <= 1 || m <= rowsBySgemv) return { byRows, size: length, parts: 1 };
  const size = Math.ceil(length / wanted / multiple) * multiple;
  return { byRows, size, parts: Math.ceil(length / size) };
}
