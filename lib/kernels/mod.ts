/**
 * How a GRU runs fast on a device: readies the kernels of a tfjs backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerPlainAdam } from "./plain/adam.ts";
import { registerWasmAdam } from "./wasm/adam.ts";
import { registerWebgpuAdam } from "./webgpu/adam.ts";
import { registerWebgpuSampleChars } from "./webgpu/sample_chars.ts";
import { registerWasmCharStep } from "./wasm/char_step.ts";
import { registerPlainClipScale } from "./plain/clip.ts";
import { registerWasmClipScale } from "./wasm/clip.ts";
import { registerWebgpuClipScale } from "./webgpu/clip.ts";
import { registerPlainCrossentropy } from "./plain/crossentropy.ts";
import { registerWasmCrossentropy } from "./wasm/crossentropy.ts";
import { type CpuOptions, cpuTools, type WasmKernels } from "./cpu_tools.ts";
import { watchEngine } from "./engine_recovery.ts";
import { registerWebgpuCrossentropy } from "./webgpu/crossentropy.ts";
import { gruForward } from "./ops/gru.ts";
import { registerPlainGru } from "./plain/gru.ts";
import { registerWasmGru } from "./wasm/gru.ts";
import { registerWebgpuGru } from "./webgpu/gru.ts";
import type { WasmBackend } from "./wasm/backend.ts";
import { guardHeap } from "./wasm/heap_limit.ts";
import { registerLookup } from "./wasm/lookup.ts";
import { registerMatMul } from "./wasm/matmul.ts";
import { registerWebgpuProducts } from "./webgpu/tfjs_kernels.ts";
import { loadSimd } from "./wasm/simd.ts";
import { scratchBytes, simdProducts } from "./wasm/simd_products.ts";
import { registerTranspose } from "./wasm/transpose.ts";

export { hasSampleChars, sampleChars } from "./ops/sample_chars.ts";
export {
  type CharSteps,
  hasCharSteps,
  openCharSteps,
  packForSteps,
  type StepLayer,
} from "./ops/char_step.ts";
export type { CpuOptions } from "./cpu_tools.ts";
export { recoverEngine } from "./engine_recovery.ts";
export { crossentropy } from "./ops/crossentropy.ts";
export { gru, type GruInputs } from "./ops/gru.ts";
export { type MatrixSize, orthogonalizeRows } from "./wasm/orthogonal.ts";

/** What the kernels of a backend ended up with. */
export interface KernelReport {
  /** What computes, such as `OpenBLAS, 2 threads, AVX-512`. */
  readonly description: string;
  /** One line for each thing that could have been faster and is not used, and why. */
  readonly notes: readonly string[];
  /** On the CPU: the BLAS with its version, where there is one. */
  readonly blas?: string | null;
  /** On the CPU: the vectors that machine code computes with, where there is any. */
  readonly vectors?: string | null;
}

/**
 * Registers folio's kernels with the current tfjs backend.
 *
 * @param options What computes on `wasm`.
 * @returns What was found.
 * @throws {Error} If the BLAS that was asked for cannot be used.
 */
export async function registerKernels(options: CpuOptions = {}): Promise<KernelReport> {
  const backendName = tf.getBackend();
  watchEngine();
  if (backendName === "webgpu") {
    registerWebgpuProducts();
    registerWebgpuGru();
    registerWebgpuCrossentropy();
    registerWebgpuAdam();
    registerWebgpuClipScale();
    registerWebgpuSampleChars();
    return { description: "WGSL", notes: [] };
  }
  registerPlainCrossentropy(backendName);
  if (backendName !== "wasm") {
    registerPlainClipScale(backendName);
    registerPlainGru(backendName);
    registerPlainAdam(backendName);
    return { description: "tfjs", notes: [] };
  }
  const kernels = kernelsOf(tf.backend() as WasmBackend);
  const { simd } = kernels;
  const { products, steps, ...report } = await cpuTools(kernels, options);
  registerTranspose();
  registerLookup(simd);
  registerWasmCrossentropy(simd);
  registerMatMul(products);
  registerWasmGru({ products, steps });
  registerWasmClipScale(simd);
  registerWasmAdam(simd);
  registerWasmCharStep({ products, steps });
  return report;
}

const kernelsOfHeap = new WeakMap<WasmBackend, WasmKernels>();

/** What every heap has; made once for each: the scratch memory that they take is never freed. */
function kernelsOf(backend: WasmBackend): WasmKernels {
  let kernels = kernelsOfHeap.get(backend);
  if (kernels === undefined) {
    const simd = loadSimd(backend.wasm.asm.memory, { fused: true });
    kernels = { simd, plain: simdProducts(simd, backend.wasm._malloc(scratchBytes) >>> 0) };
    kernelsOfHeap.set(backend, kernels);
    guardHeap(backend);
  }
  return kernels;
}

/**
 * Makes sure that a device was selected, since tfjs' own message does not say how.
 *
 * @throws {Error} If folio's kernels are not registered with the current backend.
 */
export function assertReady(): void {
  const backendName: string | undefined = tf.getBackend();
  if (backendName === undefined || !tf.getKernel(gruForward, backendName)) {
    throw new Error("No device is ready: call `await selectDevice()` first");
  }
}
