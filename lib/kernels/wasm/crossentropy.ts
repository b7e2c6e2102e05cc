/**
 * The cross-entropy of logits on tfjs' WebAssembly heap.
 *
 * @module
 */
import { crossentropyForward, type CrossentropyInputs } from "../ops/crossentropy.ts";
import { registerKernel } from "../ops/register_kernel.ts";
import { floats, integers, type WasmBackend } from "./backend.ts";
import { checkRows } from "./lookup.ts";
import type { Simd } from "./simd.ts";

/**
 * Registers the forward kernel for WebAssembly's heap; what it saves is the gradient, which
 * the plain backward kernel multiplies by dy.
 */
export function registerWasmCrossentropy(simd: Simd): void {
  registerKernel(crossentropyForward, "wasm", ({ inputs, backend: any }) => {
    const backend = any as WasmBackend;
    const { logits, ids } = inputs as unknown as CrossentropyInputs;
    const [rows, vocabularySize] = logits.shape;
    // Before anything is made that an error would leave behind.
    checkRows(integers(backend, ids), vocabularySize);
    const loss = backend.makeOutput([], "float32");
    const gradient = backend.makeOutput(logits.shape, "float32");
    const scratch = backend.makeOutput([2, rows], "float32");
    // The heap has all it needs now: from here on its views stay valid.
    const { byteOffset: targets } = integers(backend, ids);
    const sums = floats(backend, scratch);
    const chosen = sums.subarray(rows);
    // deno-fmt-ignore
    simd.crossentropy(
      rows, vocabularySize, floats(backend, logits).byteOffset, targets, 1 / rows,
      sums.byteOffset, chosen.byteOffset, floats(backend, gradient).byteOffset,
    );
    let total = 0;
    for (let i = 0; i < rows; i++) total += Math.log(sums[i]!) - chosen[i]!;
    floats(backend, loss)[0] = total / rows;
    backend.disposeData(scratch.dataId);
    return [loss, gradient];
  });
}
