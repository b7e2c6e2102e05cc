/**
 * The scale of clipped gradients on tfjs' WebAssembly heap.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { clipScaleName, smallestNorm } from "../ops/clip.ts";
import { registerKernel } from "../ops/register_kernel.ts";
import { floats, type WasmBackend } from "./backend.ts";
import type { Simd } from "./simd.ts";

/** Makes it the WebAssembly backend's. */
export function registerWasmClipScale(simd: Simd): void {
  registerKernel(clipScaleName, "wasm", ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { clipNorm } = attrs as { clipNorm: number };
    const scale = backend.makeOutput([], "float32");
    const squares = Object.values(inputs as Record<string, tf.TensorInfo>).map((gradient) => {
      const { length, byteOffset } = floats(backend, gradient);
      return simd.sumSquares(length, byteOffset);
    });
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    floats(backend, scale)[0] = Math.min(1, clipNorm / Math.max(norm, smallestNorm));
    return scale;
  });
}
