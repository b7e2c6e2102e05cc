/**
 * What multiplies matrices for the kernels on WebAssembly's heap.
 *
 * @module
 */

/** The sizes and strides of C = A·B, all row by row. */
export interface Product {
  /** The rows of A and C. */
  readonly m: number;
  /** The columns of B and C. */
  readonly n: number;
  /** The columns of A and the rows of B. */
  readonly k: number;
  /** Whether A is stored as k rows of m. */
  readonly transposeA?: boolean;
  /** Whether B is stored as n rows of k. */
  readonly transposeB?: boolean;
  /** From one stored row of A to the next; default: they lie dense. */
  readonly strideA?: number;
  /** From one stored row of B to the next; default: they lie dense. */
  readonly strideB?: number;
  /** From one row of C to the next; default: they lie dense. */
  readonly strideC?: number;
  /** Whether the product is added to C instead of replacing it. */
  readonly accumulate?: boolean;
}

/** Products of float32 matrices on one heap, each given by a view that begins at its first number. */
export interface Products {
  /** What computes them, in a few words for people. */
  readonly description: string;
  /** C = A·B. */
  multiply(product: Product, a: Float32Array, b: Float32Array, c: Float32Array): void;
  /** How many floats {@linkcode Products.pack} needs room for. */
  packedSize(product: Product): number;
  /**
   * Readies a B that many As are multiplied by, one after the other.
   *
   * @param product The sizes of all those products.
   * @param packed Room for `packedSize` floats; B itself is not needed afterwards.
   */
  pack(product: Product, b: Float32Array, packed: Float32Array): void;
  /**
   * C = A·B.
   *
   * @param product What B was packed for.
   */
  multiplyPacked(product: Product, a: Float32Array, packed: Float32Array, c: Float32Array): void;
}

/** A product with all its strides. */
export function withStrides(product: Product): Required<Product> {
  const { m, n, k, transposeA = false, transposeB = false, accumulate = false } = product;
  return {
    m,
    n,
    k,
    transposeA,
    transposeB,
    accumulate,
    strideA: product.strideA ?? (transposeA ? m : k),
    strideB: product.strideB ?? (transposeB ? k : n),
    strideC: product.strideC ?? n,
  };
}

/** The matrices of a product, each a view that begins at its first number. */
export type Matrices = Readonly<Record<"a" | "b" | "c", Float32Array>>;

/** How a product is cut into parts: by the rows of C or by its columns, `size` of them in each. */
export interface Cut {
  readonly byRows: boolean;
  readonly size: number;
  readonly parts: number;
}

/** One part of a product. */
export interface Part {
  readonly product: Required<Product>;
  /** Where its matrices begin within those of the whole product, in floats. */
  readonly starts: Readonly<Record<"a" | "b" | "c", number>>;
}

/** One part of a product that is cut. */
export function partOf(product: Required<Product>, { byRows, size }: Cut, index: number): Part {
  const { m, n, transposeA, transposeB, strideA, strideB, strideC } = product;
  const first = index * size;
  return byRows
    ? {
      product: { ...product, m: Math.min(size, m - first) },
      starts: { a: first * (transposeA ? 1 : strideA), b: 0, c: first * strideC },
    }
    : {
      product: { ...product, n: Math.min(size, n - first) },
      starts: { a: 0, b: first * (transposeB ? strideB : 1), c: first },
    };
}

/** The views of the matrices that begin where a part's do. */
export function viewsOf({ starts }: Part, { a, b, c }: Matrices): Matrices {
  return { a: a.subarray(starts.a), b: b.subarray(starts.b), c: c.subarray(starts.c) };
}

/** Threads that share the parts of a product. */
export interface PartThreads {
  readonly pool: { readonly threads: number };
  /** Computes all parts. */
  compute(product: Required<Product>, cut: Cut, options: {
    readonly matrices: Matrices;
    /** Whether B was packed, and products with the same B follow. */
    readonly isPacked: boolean;
    /** Computes a part on the calling thread. */
    computePart(index: number): void;
  }): void;
  /** A B is packed anew at some place. */
  forget(packed: Float32Array): void;
}

/** How many floats stay in the second level of the caches: 2 MB. */
const cachedFloats = 2 ** 19;

/**
 * Takes a product of few rows of A with a transposed B apart into products of a matrix with a
 * vector: for each row of A in turn a part of B that stays in the cache, so that B is read from
 * memory only once.
 *
 * @param product The product.
 * @param act Gets how many rows the part of B has, where it begins, and where the numbers of A
 * and of C begin that belong to it.
 */
export function eachPartTimesRow(
  { m, n, k, strideA, strideB, strideC }: Required<Product>,
  act: (part: { rows: number; b: number; x: number; y: number }) => void,
): void {
  const part = m === 1 ? n : Math.max(1, Math.floor(cachedFloats / k));
  for (let j = 0; j < n; j += part) {
    const rows = Math.min(part, n - j);
    for (let i = 0; i < m; i++) act({ rows, b: j * strideB, x: i * strideA, y: i * strideC + j });
  }
}

/** Writes the rows of a matrix one behind the other. */
export function copyRows(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { from, stride }: { readonly from: Float32Array; readonly stride: number },
  to: Float32Array,
): void {
  if (stride === columns) return to.set(from.subarray(0, rows * columns));
  for (let i = 0; i < rows; i++) {
    to.set(from.subarray(i * stride, i * stride + columns), i * columns);
  }
}

/** Writes the columns of a matrix as rows, block by block, so that both stay in the cache. */
export function transposeInto(
  to: Float32Array,
  from: Float32Array,
  { rows, columns, stride }: Record<"rows" | "columns" | "stride", number>,
): void {
  const side = 32;
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(top + side, rows);
    for (let left = 0; left < columns; left += side) {
      const right = Math.min(left + side, columns);
      for (let j = left; j < right; j++) {
        for (let i = top; i < bottom; i++) to[j * rows + i] = from[i * stride + j]!;
      }
    }
  }
}

/** Packs B as n rows of k, along which products of few rows and a BLAS read. */
export function packTransposed(product: Product, b: Float32Array, packed: Float32Array): void {
  const { n, k, transposeB, strideB: stride } = withStrides(product);
  if (transposeB) copyRows({ rows: n, columns: k }, { from: b, stride }, packed);
  else transposeInto(packed, b, { rows: k, columns: n, stride });
}

/** The product with a B that {@linkcode packTransposed} packed. */
export function byTransposed(product: Product): Product {
  return { ...product, transposeB: true, strideB: product.k };
}
