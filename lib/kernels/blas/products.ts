/**
 * Matrix products by a BLAS, in parts that threads may share.
 *
 * @module
 */
import {
  byTransposed,
  type Matrices,
  packTransposed,
  partOf,
  type PartThreads,
  type Product,
  type Products,
  viewsOf,
  withStrides,
} from "../wasm/products.ts";
import { multiplyBySgemm } from "./cblas.ts";
import type { Blas } from "./library.ts";
import { cutOf } from "./parts.ts";

/**
 * Products by a BLAS.
 *
 * @param blas What multiplies.
 * @param threads Share the parts of a product; without them one comes after the other.
 */
export function blasProducts(blas: Blas, threads?: PartThreads): Products {
  const multiply = (given: Product, matrices: Matrices, isPacked: boolean) => {
    const { a, b, c } = matrices;
    const cut = cutOf(given);
    if (cut.parts === 1 || !blas.isSingleThreaded) return blas.multiply(given, a, b, c);
    const product = withStrides(given);
    const computePart = (index: number) => {
      const part = partOf(product, cut, index);
      multiplyBySgemm(blas.sgemm, part.product, viewsOf(part, matrices));
    };
    if (threads) return threads.compute(product, cut, { matrices, isPacked, computePart });
    for (let index = 0; index < cut.parts; index++) computePart(index);
  };
  return {
    description: blas.name,
    multiply: (given, a, b, c) => multiply(given, { a, b, c }, false),
    // A BLAS packs its factors itself, each time, and where B is transposed that takes a third
    // less time: it reads along the rows that it multiplies along.
    packedSize: ({ k, n }) => k * n,
    pack(product, b, packed) {
      packTransposed(product, b, packed);
      threads?.forget(packed);
    },
    multiplyPacked: (given, a, packed, c) =>
      multiply(byTransposed(given), { a, b: packed, c }, true),
  };
}
