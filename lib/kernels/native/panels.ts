/**
 * B laid out in panels, as machine code reads it.
 *
 * @module
 */
import { type Product, withStrides } from "../wasm/products.ts";
import { addressAt, type Simd } from "../wasm/simd.ts";
import { addressOf } from "./x86/executable_memory.ts";

/** The floats of a cache line. */
export const lineFloats = 16;
const lineBytes = 64;

/**
 * From where on an array lies as cache lines do: a vector that crosses two takes twice as long, and
 * one that is stored past the caches may not. The array has {@linkcode lineFloats} more than are
 * needed.
 */
export function aligned(array: Float32Array): Float32Array {
  const bytes = -addressOf(array) & (lineBytes - 1);
  return array.subarray(bytes / array.BYTES_PER_ELEMENT);
}

/** Lays B, k rows of n, out in panels: its first columns row by row, then the next. */
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
 * Lays R, `[units, 3 · units]`, out in panels: for each vector of units its columns of z, r and h,
 * row by row.
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
  // Some rows of a gate at a time: where units are a power of two the numbers below each other go
  // to the same few places of a cache, which more rows would fill.
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
