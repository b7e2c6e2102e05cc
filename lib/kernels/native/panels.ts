/**
 * B laid out in panels, as machine code reads it.
 *
 * @module
 */
import { copyRows, type Product, transposeInto, withStrides } from "../products.ts";

/** The floats of a cache line. */
export const lineFloats = 16;

/** From where on an array lies as cache lines do: a vector that crosses two takes twice as long. */
export function aligned(array: Float32Array): Float32Array {
  const floats = array.byteOffset / array.BYTES_PER_ELEMENT;
  return array.subarray(-floats & (lineFloats - 1));
}

/** Lays B, k rows of n, out in panels: its first columns row by row, then the next. */
export function packPanels(
  product: Product,
  b: Float32Array,
  { columns: width, packed }: { readonly columns: number; readonly packed: Float32Array },
): void {
  const { n, k, transposeB, strideB: stride } = withStrides(product);
  for (let first = 0; first < n; first += width) {
    const columns = Math.min(width, n - first);
    const panel = packed.subarray(first * k, (first + columns) * k);
    const from = b.subarray(transposeB ? first * stride : first);
    if (transposeB) transposeInto(panel, from, { rows: columns, columns: k, stride });
    else copyRows({ rows: k, columns }, { from, stride }, panel);
  }
}
