/**
 * A step of Adam that changes the weights in place, on tfjs' WebAssembly heap.
 *
 * @module
 */
import { type AdamProgress, type AdamStep, adamStepName } from "../ops/adam.ts";
import { registerKernel } from "../ops/register_kernel.ts";
import { unshare } from "../plain/adam.ts";
import { floats, type WasmBackend } from "./backend.ts";
import type { Simd } from "./simd.ts";

/** Makes it the WebAssembly backend's. */
export function registerWasmAdam(simd: Simd): void {
  registerKernel(adamStepName, "wasm", ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const step = { ...inputs, ...attrs } as unknown as Required<AdamStep>;
    const { variable, mean, meanSquare, gradient, scale, progress } = step;
    unshare(step, {
      isShared: ({ dataId }) => backend.refCount(dataId) > 1,
      copy(tensor) {
        const made = backend.makeOutput(tensor.shape, "float32");
        floats(backend, made).set(floats(backend, tensor));
        return made;
      },
    });
    const [w, m, v] = [variable, mean, meanSquare].map((tensor) => floats(backend, tensor)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const { byteOffset: gradients } = floats(backend, gradient);
    const factor = floats(backend, scale)[0]!;
    const { rate, beta1, beta2, epsilon } = step;
    while (progress.done < variable.size) {
      const count = saveChunk([w, m, v], progress);
      const start = progress.done * Float32Array.BYTES_PER_ELEMENT;
      const [atW, atM, atV] = [w.byteOffset + start, m.byteOffset + start, v.byteOffset + start];
      simd.adam(count, atW, atM, atV, gradients + start, factor, rate, beta1, beta2, epsilon);
      progress.done += count;
    }
    return [];
  });
}

/**
 * How many numbers are changed at a time: their old values are copied first, and stay in the cache for
 * the step to read.
 */
const chunk = 2 ** 13;
/** The old values of one chunk of the variable, the mean and the mean square. */
const undo = new Float32Array(3 * chunk);

/** Saves the next chunk or, where it was saved already, brings its old values back. */
function saveChunk(
  views: readonly [Float32Array, Float32Array, Float32Array],
  progress: AdamProgress,
): number {
  const { done, saved } = progress;
  const count = Math.min(chunk, views[0].length - done);
  views.forEach((view, i) => {
    const values = view.subarray(done, done + count);
    if (saved === done) values.set(undo.subarray(i * chunk, i * chunk + count));
    else undo.set(values, i * chunk);
  });
  progress.saved = done;
  return count;
}
