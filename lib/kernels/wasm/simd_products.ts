/**
 * Matrix products by the WebAssembly kernels, for machines without a BLAS and for
 * browsers.
 *
 * The factors are copied into panels that the innermost loop reads straight on, in
 * blocks that fit the caches: a block of B (256 × 1024 floats, 1 MB) stays in the
 * second level, the panels of A and B that meet (256 × 4 and 256 × 8) in the first.
 * Source: Goto and van de Geijn 2008, https://doi.org/10.1145/1356052.1356053.
 *
 * @module
 */
import {
  byTransposed,
  eachPartTimesRow,
  packTransposed,
  type Product,
  type Products,
  withStrides,
} from "./products.ts";
import { addressAt, type Simd } from "./simd.ts";

/** The rows of a panel of A and the columns of a panel of B; simd.as has the same. */
const tile = { rows: 4, columns: 8 } as const;
/** How much of each dimension is worked on at a time; multiples of the tile's sizes. */
const block = { m: 192, n: 1024, k: 256 } as const;
/** So many rows read B too seldom to pay for copying it first. */
const fewRows = 5;
const bytes = 4;

/** How many bytes of the heap {@linkcode simdProducts} needs for itself. */
export const scratchBytes = bytes *
  (block.k * (block.m + block.n) + tile.rows * tile.columns);

/**
 * Makes matrix products out of the WebAssembly kernels.
 *
 * @param simd The kernels, on the heap that holds the matrices.
 * @param scratch The address of `scratchBytes` bytes of that heap, for panels.
 */
export function simdProducts(simd: Simd, scratch: number): Products {
  const panelsA = scratch;
  const panelsB = panelsA + block.k * block.m * bytes;
  const edge = panelsB + block.k * block.n * bytes;

  /** Runs over the blocks of B: `pack` copies one, `multiply` multiplies all of A by it. */
  function blocks(product: Required<Product>, act: (part: Block) => void): void {
    let offset = 0;
    for (let j = 0; j < product.n; j += block.n) {
      const n = Math.min(block.n, product.n - j);
      for (let p = 0; p < product.k; p += block.k) {
        const k = Math.min(block.k, product.k - p);
        act({ j, n, p, k, offset: offset * bytes });
        offset += k * Math.ceil(n / tile.columns) * tile.columns;
      }
    }
  }

  function packB(product: Required<Product>, b: number, { j, n, p, k }: Block, to: number): void {
    const [strideRow, strideColumn] = product.transposeB
      ? [1, product.strideB]
      : [product.strideB, 1];
    const source = b + (p * strideRow + j * strideColumn) * bytes;
    simd.pack(k, n, tile.columns, source, strideRow, strideColumn, to, tile.columns);
  }

  function multiplyBlock(
    product: Required<Product>,
    { a, c, panels }: { a: number; c: number; panels: number },
    { j, n, p, k }: Block,
  ): void {
    const [strideRow, strideColumn] = product.transposeA
      ? [product.strideA, 1]
      : [1, product.strideA];
    const accumulate = product.accumulate || p > 0;
    for (let i = 0; i < product.m; i += block.m) {
      const m = Math.min(block.m, product.m - i);
      const source = a + (p * strideRow + i * strideColumn) * bytes;
      simd.pack(k, m, tile.rows, source, strideRow, strideColumn, panelsA, tile.rows);
      const corner = c + (i * product.strideC + j) * bytes;
      simd.multiplyPanels(m, n, k, panelsA, panels, corner, product.strideC, accumulate, edge);
    }
  }

  const products: Products = {
    description: "WebAssembly SIMD",
    multiply(given, a, b, c) {
      const product = withStrides(given);
      const { m, n, k, transposeA, transposeB, strideA, strideB, strideC, accumulate } = product;
      if (m <= fewRows && !transposeA) {
        if (transposeB) {
          eachPartTimesRow(product, ({ rows, b: from, x, y }) => {
            simd.dotRows(
              rows,
              k,
              addressAt(b, from),
              strideB,
              addressAt(a, x),
              addressAt(c, y),
              accumulate,
            );
          });
          return;
        }
        for (let i = 0; i < m; i++) {
          const y = c.subarray(i * strideC);
          if (!accumulate) y.fill(0, 0, n);
          simd.addRowsTimes(k, n, addressAt(a, i * strideA), b.byteOffset, strideB, y.byteOffset);
        }
        return;
      }
      blocks(product, (part) => {
        packB(product, b.byteOffset, part, panelsB);
        multiplyBlock(product, { a: a.byteOffset, c: c.byteOffset, panels: panelsB }, part);
      });
    },
    packedSize: ({ m, n, k }) => k * (m === 1 ? n : Math.ceil(n / tile.columns) * tile.columns),
    pack(given, b, packed) {
      if (given.m === 1) return packTransposed(given, b, packed);
      const product = withStrides(given);
      const panels = packed.byteOffset;
      blocks(product, (part) => packB(product, b.byteOffset, part, panels + part.offset));
    },
    multiplyPacked(given, a, packed, c) {
      if (given.m === 1) return products.multiply(byTransposed(given), a, packed, c);
      const product = withStrides(given);
      const addresses = { a: a.byteOffset, c: c.byteOffset };
      blocks(product, (part) => {
        multiplyBlock(product, { ...addresses, panels: packed.byteOffset + part.offset }, part);
      });
    },
  };
  return products;
}

/** A block of B: n columns from j, k rows from p, at `offset` bytes in packed memory. */
interface Block {
  readonly j: number;
  readonly n: number;
  readonly p: number;
  readonly k: number;
  readonly offset: number;
}
