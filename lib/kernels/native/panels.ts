/**
 * Packs matrices in panels, as machine code reads them; `README.md` has a picture.
 *
 * @module
 */
import { type Product, withStrides } from "../wasm/products.ts";
import { addressAt, type Simd } from "../wasm/simd.ts";
import { addressOf } from "./x86/executable_memory.ts";

/** The floats of a cache line of 64 bytes. */
export const lineFloats = 16;
const lineBytes = 64;

/**
 * The part of an array that begins where a cache line does: a vector that crosses two lines takes
 * twice as long to load, and one that is stored past the caches may not cross.
 *
 * @param array Has at least {@linkcode lineFloats} floats more than are needed.
 */
export function aligned(array: Float32Array): Float32Array {
  const bytes = -addressOf(array) & (lineBytes - 1);
  return array.subarray(bytes / array.BYTES_PER_ELEMENT);
}

/**
 * Packs B, `[k, n]`, in panels of `columns` columns: the first columns row by row, then the next.
 * The last panel has what is left.
 */
export function packPanels(
  simd: Simd,
  product: Product,
  { b, columns: width, packed }: {
    readonly b: Float32Array;
    readonly columns: number;
    readonly packed: Float32Array;
  },
): void {
  const { n, k, transposeB, strideB } = withStrides(product);
  const [strideRow, strideColumn] = transposeB ? [1, strideB] : [strideB, 1];
  for (let first = 0; first < n; first += width) {
    const columns = Math.min(width, n - first);
    const [from, panel] = [addressAt(b, first * strideColumn), addressAt(packed, first * k)];
    simd.pack(k, columns, columns, from, strideRow, strideColumn, panel, columns);
  }
}

/**
 * Packs R, `[units, 3 · units]`, in panels: for each vector of units its columns of z, r and h, row
 * by row.
 */
export function packGates(
  simd: Simd,
  units: number,
  { lanes, kernel, packed }: {
    readonly lanes: number;
    readonly kernel: Float32Array;
    readonly packed: Float32Array;
  },
): void {
  // A few rows of a gate at a time: where `units` is a power of two, the floats of a column map to
  // the same few sets of a cache, which more rows would overflow.
  const most = 16;
  for (let top = 0; top < units; top += most) {
    const rows = Math.min(most, units - top);
    for (let gate = 0; gate < 3; gate++) {
      for (let unit = 0; unit < units; unit += lanes) {
        const from = addressAt(kernel, (3 * top + gate) * units + unit);
        const panel = addressAt(packed, 3 * unit * units + (3 * top + gate) * lanes);
        simd.pack(rows, lanes, lanes, from, 3 * units, 1, panel, 3 * lanes);
      }
    }
  }
}
