/**
 * Matrix products by WebAssembly on several threads.
 *
 * However a product is cut, all sums are added up in the same order, so its bits stay the same.
 *
 * @module
 */
import {
  copyRows,
  type Cut,
  partOf,
  type PartThreads,
  type Product,
  type Products,
  viewsOf,
  withStrides,
} from "./products.ts";

/** A smaller product is done before another thread has begun. */
const fewestOperations = 1e6;
/** Parts have a multiple of the rows and columns of a tile. */
const multiple = 8;
/** Fewer rows than this are products of a matrix with a vector. */
const fewestRows = 8;

/**
 * Lets several threads share what `one` does.
 *
 * @param one Multiplies on this thread.
 * @param threads The threads.
 */
export function parallelProducts(
  one: Products,
  threads: PartThreads & { fits(product: Product): boolean },
): Products {
  /** A part for each thread; undefined where it is not worth it. */
  const cutIfLarge = (product: Product): Cut | undefined => {
    const { m, n, k } = product;
    if (m * n * k < fewestOperations || !threads.fits(product)) return undefined;
    const byRows = m > n;
    const length = Math.max(m, n);
    let size = Math.ceil(length / threads.pool.threads / multiple) * multiple;
    // A part of a few rows would be added up in another order.
    while (byRows && length % size > 0 && length % size < fewestRows) size += multiple;
    return size >= length ? undefined : { byRows, size, parts: Math.ceil(length / size) };
  };
  /** How many floats a part of a packed B takes. Parts by rows have the same B. */
  const packedPart = (product: Required<Product>, cut: Cut, index: number) =>
    one.packedSize(partOf(product, cut, index).product);
  const packedParts = ({ byRows, parts }: Cut) => byRows ? 1 : parts;

  return {
    description: one.description,
    multiply(given, a, b, c) {
      const cut = cutIfLarge(given);
      if (cut === undefined) return one.multiply(given, a, b, c);
      const product = withStrides(given);
      const matrices = { a, b, c };
      const computePart = (index: number) => {
        const part = partOf(product, cut, index);
        const views = viewsOf(part, matrices);
        one.multiply(part.product, views.a, views.b, views.c);
      };
      threads.compute(product, cut, { matrices, isPacked: false, computePart });
    },
    // B as it lies, dense, which is what other threads get, then its parts as `one` packs them.
    packedSize(given) {
      const cut = cutIfLarge(given);
      if (cut === undefined) return one.packedSize(given);
      const product = withStrides(given);
      let size = product.n * product.k;
      for (let i = 0; i < packedParts(cut); i++) size += packedPart(product, cut, i);
      return size;
    },
    pack(given, b, packed) {
      const cut = cutIfLarge(given);
      if (cut === undefined) return one.pack(given, b, packed);
      const product = withStrides(given);
      const { n, k, transposeB, strideB } = product;
      const [rows, columns] = transposeB ? [n, k] : [k, n];
      copyRows({ rows, columns }, { from: b, stride: strideB }, packed);
      let start = n * k;
      for (let i = 0; i < packedParts(cut); i++) {
        const part = partOf(product, cut, i);
        one.pack(part.product, b.subarray(part.starts.b), packed.subarray(start));
        start += packedPart(product, cut, i);
      }
      threads.forget(packed);
    },
    multiplyPacked(given, a, packed, c) {
      const cut = cutIfLarge(given);
      if (cut === undefined) return one.multiplyPacked(given, a, packed, c);
      const { strideB: _, ...sizes } = given;
      const product = withStrides(sizes); // what was copied lies dense
      const computePart = (index: number) => {
        let start = product.n * product.k;
        for (let i = 0; !cut.byRows && i < index; i++) start += packedPart(product, cut, i);
        const part = partOf(product, cut, index);
        const views = viewsOf(part, { a, b: packed, c });
        one.multiplyPacked(part.product, views.a, packed.subarray(start), views.c);
      };
      const matrices = { a, b: packed, c };
      threads.compute(product, cut, { matrices, isPacked: true, computePart });
    },
  };
}
