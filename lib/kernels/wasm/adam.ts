/**
 * A step of Adam that changes the weights in place, on tfjs' WebAssembly heap.
 *
 * @module
 */
import { type AdamStep, adamStepName } from "../ops/adam.ts";
import { plainAdam } from "../plain/adam.ts";
import { floats, replaceWasmKernel, type WasmBackend } from "./backend.ts";
import type { Simd } from "./simd.ts";

/** Makes it the WebAssembly backend's. */
export function registerWasmAdam(simd: Simd): void {
  replaceWasmKernel(adamStepName, ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const step = { ...inputs, ...attrs } as unknown as AdamStep;
    const { variable, mean, meanSquare, gradient, scale } = step;
    // A clone shares its values with the variable, and must not see them change.
    const shared = [variable, mean, meanSquare].some(({ dataId }) => backend.refCount(dataId) > 1);
    if (shared) {
      plainAdam(step);
      return [];
    }
    const addresses = [variable, mean, meanSquare, gradient]
      .map((tensor) => floats(backend, tensor).byteOffset);
    const [w, m, v, g] = addresses;
    const { rate, beta1, beta2, epsilon } = step;
    simd.adam(variable.size, w, m, v, g, floats(backend, scale)[0], rate, beta1, beta2, epsilon);
    return [];
  });
}
