/**
 * A lookup and its gradient, sums of rows, and copies that copy nothing, on tfjs'
 * WebAssembly backend, where tfjs' own are slow or missing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerKernel, tfjsKernel } from "../ops/register_kernel.ts";
import { matrixShape } from "../ops/matrix_shape.ts";
import { isSumOfRows, type SumArguments, sumSizes } from "../ops/tfjs_arguments.ts";
import { floats, integers, type WasmBackend } from "./backend.ts";
import type { Simd } from "./simd.ts";

/** Registers the kernels of this file. */
export function registerLookup(simd: Simd): void {
  registerGather();
  registerSegmentSum();
  registerSumOfRows(simd);
  registerIdentity();
}

/**
 * Replaces tfjs' `GatherV2` where whole rows of a float32 matrix are looked up: row i
 * of the result is row `indices[i]` of `x`. tfjs' own takes some fifty times as long.
 */
function registerGather(): void {
  const own = tfjsKernel("GatherV2", "wasm");
  registerKernel("GatherV2", "wasm", (args) => {
    const backend = args.backend as WasmBackend;
    const { x, indices } = args.inputs as Record<"x" | "indices", tf.TensorInfo>;
    const { axis, batchDims } = args.attrs as { axis: number; batchDims: number };
    const plain = x.shape.length === 2 && x.dtype === "float32" && indices.dtype === "int32" &&
      axis === 0 && batchDims === 0;
    if (!plain) return own(args);
    const [rows, width] = matrixShape(x);
    const out = backend.makeOutput([...indices.shape, width], "float32");
    const [from, to] = [floats(backend, x), floats(backend, out)];
    const ids = integers(backend, indices);
    checkRows(ids, rows);
    ids.forEach((id, i) => to.set(from.subarray(id * width, (id + 1) * width), i * width));
    return out;
  });
}

/**
 * Makes sure that all rows that are looked up are there.
 *
 * @throws {RangeError} If one is not.
 */
export function checkRows(ids: Int32Array, rows: number): void {
  const missing = ids.find((id) => id < 0 || id >= rows);
  if (missing !== undefined) {
    throw new RangeError(`Cannot look up row ${missing}: there are ${rows}`);
  }
}

/** Replaces tfjs' `Sum` where the rows of a float32 matrix are summed up: it transposes first. */
function registerSumOfRows(simd: Simd): void {
  const own = tfjsKernel("Sum", "wasm");
  registerKernel("Sum", "wasm", (args) => {
    const backend = args.backend as WasmBackend;
    const given = args as unknown as SumArguments;
    if (!isSumOfRows(given)) return own(args);
    const { rows, columns, shape } = sumSizes(given);
    const out = backend.makeOutput(shape, "float32");
    const [from, to] = [floats(backend, given.inputs.x), floats(backend, out)];
    simd.sumRows(rows, columns, from.byteOffset, to.byteOffset);
    return out;
  });
}

/**
 * Replaces tfjs' `Identity`, which on this backend copies the values, by what the other
 * backends do: the copy shares them, counted. Tensors never change, so nobody can tell;
 * who changes one in place looks at the count first, as adam.ts does.
 */
function registerIdentity(): void {
  registerKernel("Identity", "wasm", ({ inputs, backend }) => {
    const { dataId, shape, dtype } = (inputs as { x: tf.TensorInfo }).x;
    (backend as WasmBackend).incRef(dataId);
    return { dataId, shape, dtype };
  });
}

/**
 * Adds tfjs' `UnsortedSegmentSum`, the gradient of a lookup, which its WebAssembly
 * backend lacks: row i of `x` is added to row `segmentIds[i]` of the result.
 */
function registerSegmentSum(): void {
  registerKernel("UnsortedSegmentSum", "wasm", ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { x, segmentIds } = inputs as Record<"x" | "segmentIds", tf.TensorInfo>;
    const { numSegments } = attrs as unknown as { numSegments: number };
    const width = tf.util.sizeFromShape(x.shape.slice(segmentIds.shape.length));
    const out = backend.makeOutput(
      [numSegments, ...x.shape.slice(segmentIds.shape.length)],
      "float32",
    );
    const sums = floats(backend, out).fill(0);
    const values = floats(backend, x);
    const ids = integers(backend, segmentIds);
    for (const [i, id] of ids.entries()) {
      if (id < 0 || id >= numSegments) continue;
      const from = i * width;
      const to = id * width;
      for (let j = 0; j < width; j++) sums[to + j]! += values[from + j]!;
    }
    return out;
  });
}
