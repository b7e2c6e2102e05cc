/**
 * Matrix products on threads of our own, which share the work of an OpenBLAS or of machine code.
 *
 * OpenBLAS' own threads stay awake for a while after each product of theirs, and would be in the
 * way of ours: so it gets one thread, and each of ours multiplies a part by it.
 *
 * @module
 */
import { type Blas, rowsBySgemv } from "../blas.ts";
import { type Product, type Products, withStrides } from "../products.ts";
import type { Simd } from "../simd.ts";
import { addressOf } from "./machine.ts";
import { aligned, lineFloats, packPanels } from "./panels.ts";
import { outerVectors } from "./outer_code.ts";
import { cut, type Team } from "./team.ts";
import { tilesOf, unrolled } from "./gru_tile.ts";

/** A smaller product is done before another thread has begun. */
const fewestOperations = 2 ** 19;
/** Parts of rows or columns have a multiple of this, which suits the kernels of a BLAS. */
const multiple = 16;
const bytes = 4;

/**
 * Products of a BLAS, on the threads of a team.
 *
 * @param blas what multiplies
 * @param options.team its threads
 * @param options.simd packs, on the heap that holds the matrices
 */
export function nativeProducts(
  blas: Blas,
  { team, simd }: { readonly team: Team; readonly simd: Simd },
): Products {
  const { lanes } = team.unit;
  const tile = tilesOf(team.unit).backward;
  const inPanels = ({ n, k, transposeA }: Product) =>
    n % lanes === 0 && k % unrolled === 0 && !transposeA;
  const isOuter = ({ m, n, strideA, strideB, strideC, ...product }: Required<Product>) =>
    product.transposeA && !product.transposeB && !product.add &&
    m % lanes === 0 && n % (outerVectors * lanes) === 0 &&
    strideA === m && strideB === n && strideC === n;
  /** Whoever else uses this library in this program may find it with all its threads. */
  const withoutItsThreads = (compute: () => void) => {
    blas.setThreads?.(1);
    compute();
    if (blas.threads !== null) blas.setThreads?.(blas.threads);
  };

  return {
    description: `${blas.description}, ${team.unit.name}`,
    multiply(given, a, b, c) {
      const all = withStrides(given);
      const { transposeA, transposeB, add, ...product } = all;
      const { m, n, k } = product;
      if (m <= rowsBySgemv || m * n * k <= fewestOperations || blas.setThreads === null) {
        return withoutItsThreads(() => blas.multiply(given, a, b, c));
      }
      if (isOuter(all)) {
        const columns = n / lanes / outerVectors;
        return team.run({
          ...{ kind: "outer", rounds: 1, ...cut(columns, { block: 1, threads: team.threads }) },
          ...{ m, n, k, a: addressOf(a), b: addressOf(b), c: addressOf(c) },
        });
      }
      const longer = Math.max(m, n);
      const size = Math.ceil(longer / team.threads / multiple) * multiple;
      const heap = new Float32Array(a.buffer as ArrayBuffer);
      withoutItsThreads(() =>
        team.run({
          ...product,
          ...{ kind: "blas", rounds: 1, parts: Math.ceil(longer / size), size },
          byRows: Number(m > n),
          transposeA: Number(transposeA),
          transposeB: Number(transposeB),
          add: Number(add),
          ...{ a: a.byteOffset / bytes, b: b.byteOffset / bytes, c: c.byteOffset / bytes },
          ...{ heap: addressOf(heap), heapBytes: heap.byteLength },
        }, heap)
      );
    },
    packedSize: (product) =>
      inPanels(product) ? product.n * product.k + lineFloats : blas.packedSize(product),
    pack(product, b, packed) {
      if (!inPanels(product)) return blas.pack(product, b, packed);
      const columns = tile.vectors * lanes;
      packPanels(simd, product, { b, columns, packed: aligned(packed) });
    },
    multiplyPacked(given, a, packed, c) {
      if (!inPanels(given)) return blas.multiplyPacked(given, a, packed, c);
      const { m, n, k, strideA, strideC, add } = withStrides(given);
      const columns = n / lanes;
      const parts = m * n * k <= fewestOperations
        ? { parts: 1, columnsOfPart: columns }
        : cut(columns, { block: tile.vectors, threads: team.threads });
      team.run({
        ...{ kind: "panels", rounds: 1, ...parts },
        ...{ m, n, k, a: addressOf(a), aStride: strideA * bytes, add: Number(add) },
        ...{ panels: addressOf(aligned(packed)), c: addressOf(c), cStride: strideC * bytes },
      });
    },
  };
}
