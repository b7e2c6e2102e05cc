/**
 * How a GRU runs fast on a device: readies the kernels of a tfjs backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerHeapAdam, registerPlainAdam } from "./adam.ts";
import { registerWebgpuAdam } from "./adam_webgpu.ts";
import { type Blas, openBlas } from "./blas.ts";
import { threadedBlas } from "./blas_threads.ts";
import { registerWebgpuCharDraws } from "./char_draws_webgpu.ts";
import { registerHeapCharStep } from "./char_step.ts";
import { registerPlainClipScale } from "./clip.ts";
import { registerWebgpuClipScale } from "./clip_webgpu.ts";
import { registerHeapCrossentropy, registerPlainCrossentropy } from "./crossentropy.ts";
import { registerWebgpuCrossentropy } from "./crossentropy_webgpu.ts";
import { gruForward, registerPlainGru } from "./gru.ts";
import { type HeapTools, registerHeapGru } from "./gru_heap.ts";
import { registerWebgpuGru } from "./gru_webgpu.ts";
import type { WasmBackend } from "./heap.ts";
import { registerLookup } from "./lookup.ts";
import { registerMatMul } from "./matmul.ts";
import { registerWebgpuProducts } from "./matmul_webgpu.ts";
import type { Products } from "./products.ts";
import { pairedProducts, SecondThread } from "./second_thread.ts";
import { loadSimd } from "./simd.ts";
import { bytesOfRoom, simdProducts } from "./simd_products.ts";
import { registerTranspose } from "./transpose.ts";

export { charDraws, hasCharDraws } from "./char_draws.ts";
export { type CharStep, charStep, hasCharStep, packForSteps, type StepLayer } from "./char_step.ts";
export { crossentropy } from "./crossentropy.ts";
export { gru, type GruInputs } from "./gru.ts";
export { type MatrixSize, orthogonalizeRows } from "./orthogonal.ts";

/** What the kernels of a backend ended up with. */
export interface KernelReport {
  /** What multiplies matrices, such as `OpenBLAS, 2 threads`. */
  readonly products: string;
  /** One line for each library that was passed over. */
  readonly notes: readonly string[];
}

/**
 * Registers folio's kernels with the current tfjs backend.
 *
 * @param options.blas which BLAS multiplies matrices on `wasm`; see `openBlas`
 * @returns what was found
 */
export async function registerKernels(
  { blas: choice = "auto" }: { readonly blas?: string } = {},
): Promise<KernelReport> {
  const backendName = tf.getBackend();
  if (backendName === "webgpu") {
    registerWebgpuProducts();
    registerWebgpuGru();
    registerWebgpuCrossentropy();
    registerWebgpuAdam();
    registerWebgpuClipScale();
    registerWebgpuCharDraws();
    return { products: "WGSL", notes: [] };
  }
  registerPlainCrossentropy(backendName);
  registerPlainClipScale(backendName);
  if (backendName !== "wasm") {
    registerPlainGru(backendName);
    registerPlainAdam(backendName);
    return { products: "tfjs", notes: [] };
  }
  const backend = tf.backend() as WasmBackend;
  const tools = heapTools(backend);
  const { blas, notes } = openBlas(choice);
  const products = blas === null ? await bothThreads(tools.products) : await allThreads(blas);
  const { simd } = tools;
  registerTranspose();
  registerLookup(simd);
  registerHeapCrossentropy(simd);
  registerMatMul(products);
  registerHeapGru({ products, simd });
  registerHeapAdam(simd);
  registerHeapCharStep({ products, simd });
  return { products: products.description, notes };
}

/** A second thread for the products, if there can be one; it is started once. */
async function bothThreads(one: Products): Promise<Products> {
  const thread = await (secondThread.started ??= SecondThread.start());
  return thread === null ? one : pairedProducts(one, thread);
}

/** A BLAS on all threads; they are started once for each library. */
function allThreads(blas: Blas): Promise<Products> {
  const started = threadedLibraries.get(blas.path) ?? threadedBlas(blas);
  threadedLibraries.set(blas.path, started);
  return started;
}

const threadedLibraries = new Map<string, Promise<Products>>();

const secondThread: { started?: Promise<SecondThread | null> } = {};

/** Made once for each heap: the room they take is never freed. */
const toolsOfBackend = new WeakMap<WasmBackend, HeapTools>();

function heapTools(backend: WasmBackend): HeapTools {
  let tools = toolsOfBackend.get(backend);
  if (tools === undefined) {
    const simd = loadSimd(backend.wasm.asm.memory, { fused: true });
    tools = { simd, products: simdProducts(simd, backend.wasm._malloc(bytesOfRoom) >>> 0) };
    toolsOfBackend.set(backend, tools);
  }
  return tools;
}

/**
 * Makes sure that a device was selected, since tfjs' own message does not say how.
 *
 * @throws {Error} if folio's kernels are not registered with the current backend
 */
export function assertReady(): void {
  const backendName: string | undefined = tf.getBackend();
  if (backendName === undefined || !tf.getKernel(gruForward, backendName)) {
    throw new Error("No device is ready: call `await selectDevice()` first");
  }
}
