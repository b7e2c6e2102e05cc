/**
 * The transpose of a matrix, for products that read faster along the other axis.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerKernel, tfjsKernel } from "../ops/register_kernel.ts";
import { matrixShape } from "../ops/matrix_shape.ts";
import { floats, type WasmBackend } from "./backend.ts";
import { transposeInto } from "./products.ts";

/** Replaces tfjs' `Transpose` for float32 matrices on the WebAssembly backend: it is slow. */
export function registerTranspose(): void {
  const own = tfjsKernel("Transpose", "wasm");
  registerKernel("Transpose", "wasm", (args) => {
    const backend = args.backend as WasmBackend;
    const { x } = args.inputs as Record<"x", tf.TensorInfo>;
    const { perm } = args.attrs as { perm: number[] };
    if (x.shape.length !== 2 || x.dtype !== "float32" || perm[0] !== 1) return own(args);
    const [rows, columns] = matrixShape(x);
    const out = backend.makeOutput([columns, rows], "float32");
    transposeInto(floats(backend, out), floats(backend, x), { rows, columns, stride: columns });
    return out;
  });
}
