/**
 * Matrix products by machine code, where it is faster than a BLAS.
 *
 * @module
 */
import { rowsBySgemv } from "../blas/cblas.ts";
import { type Product, type Products, withStrides } from "../wasm/products.ts";
import { addressOf } from "./x86/executable_memory.ts";
import { tilesOf, unrolled } from "./x86/gru_tile.ts";
import type { NativeTools } from "./gru_steps.ts";
import { cutColumns } from "./native_threads.ts";
import { outerVectors } from "./x86/outer_product.ts";
import { aligned, lineFloats, packPanels } from "./panels.ts";

/** A product of fewer multiplications is done before another thread has begun. */
const fewestOperations = 2 ** 19;
const bytes = 4;

/**
 * Products by machine code: those with B packed in panels, and Aᵀ·B of long matrices.
 *
 * @param others Takes all other products.
 * @param tools The vector unit, the threads and the packing that they use.
 */
export function nativeProducts(others: Products, { unit, native, simd }: NativeTools): Products {
  const { lanes } = unit;
  const { pool: { threads } } = native;
  const tile = tilesOf(unit).backward;
  const inPanels = ({ n, k, transposeA }: Product) =>
    n % lanes === 0 && k % unrolled === 0 && !transposeA;
  const isOuter = ({ m, n, k, strideA, strideB, strideC, ...product }: Required<Product>) =>
    m > rowsBySgemv && m * n * k > fewestOperations &&
    product.transposeA && !product.transposeB && !product.accumulate &&
    m % lanes === 0 && n % (outerVectors * lanes) === 0 &&
    strideA === m && strideB === n && strideC === n;

  return {
    description: `${others.description}, ${unit.name}`,
    multiply(given, a, b, c) {
      const product = withStrides(given);
      if (!isOuter(product)) return others.multiply(given, a, b, c);
      const { m, n, k } = product;
      const columns = n / lanes / outerVectors;
      native.run({
        ...{ kind: "outer", phases: 1, ...cutColumns(columns, { block: 1, threads }) },
        ...{ m, n, k, a: addressOf(a), b: addressOf(b), c: addressOf(c) },
      });
    },
    packedSize: (product) =>
      inPanels(product) ? product.n * product.k + lineFloats : others.packedSize(product),
    pack(product, b, packed) {
      if (!inPanels(product)) return others.pack(product, b, packed);
      const columns = tile.vectors * lanes;
      packPanels(simd, product, { b, columns, packed: aligned(packed) });
    },
    multiplyPacked(given, a, packed, c) {
      if (!inPanels(given)) return others.multiplyPacked(given, a, packed, c);
      const { m, n, k, strideA, strideC, accumulate } = withStrides(given);
      const columns = n / lanes;
      const parts = m * n * k <= fewestOperations
        ? { parts: 1, columnsOfPart: columns }
        : cutColumns(columns, { block: tile.vectors, threads });
      native.run({
        ...{ kind: "panels", phases: 1, ...parts },
        ...{ m, n, k, a: addressOf(a), aStride: strideA * bytes, accumulate: Number(accumulate) },
        ...{ panels: addressOf(aligned(packed)), c: addressOf(c), cStride: strideC * bytes },
      });
    },
  };
}
