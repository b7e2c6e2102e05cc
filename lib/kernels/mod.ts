/**
 * How a GRU runs fast on a device: readies the kernels of a tfjs backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerHeapAdam, registerPlainAdam } from "./adam.ts";
import { registerWebgpuAdam } from "./adam_webgpu.ts";
import { type Blas, openBlas } from "./blas.ts";
import { registerWebgpuCharDraws } from "./char_draws_webgpu.ts";
import { registerHeapCharStep } from "./char_step.ts";
import { registerPlainClipScale } from "./clip.ts";
import { registerWebgpuClipScale } from "./clip_webgpu.ts";
import { registerHeapCrossentropy, registerPlainCrossentropy } from "./crossentropy.ts";
import { registerWebgpuCrossentropy } from "./crossentropy_webgpu.ts";
import { gruForward, registerPlainGru } from "./gru.ts";
import { registerHeapGru } from "./gru_heap.ts";
import { portableSteps } from "./gru_steps.ts";
import { registerWebgpuGru } from "./gru_webgpu.ts";
import type { WasmBackend } from "./heap.ts";
import { registerLookup } from "./lookup.ts";
import { registerMatMul } from "./matmul.ts";
import { registerWebgpuProducts } from "./matmul_webgpu.ts";
import { nativeProducts } from "./native/native_products.ts";
import { nativeSteps } from "./native/native_steps.ts";
import { startTeam, type Team } from "./native/team.ts";
import type { Products } from "./products.ts";
import { pairedProducts, SecondThread } from "./second_thread.ts";
import { loadSimd, type Simd } from "./simd.ts";
import { bytesOfRoom, simdProducts } from "./simd_products.ts";
import { registerTranspose } from "./transpose.ts";

export { charDraws, hasCharDraws } from "./char_draws.ts";
export {
  type CharSteps,
  hasCharSteps,
  openCharSteps,
  packForSteps,
  type StepLayer,
} from "./char_step.ts";
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
  const { simd, plainProducts } = kernelsOf(backend);
  const { blas, notes } = openBlas(choice);
  const team = blas && await teamOf(blas);
  const products = blas === null
    ? await bothThreads(plainProducts)
    : team === null
    ? blas
    : nativeProducts(blas, { team, simd });
  const portable = portableSteps(products, simd);
  const steps = team === null ? portable : nativeSteps(team, { simd, others: portable });
  registerTranspose();
  registerLookup(simd);
  registerHeapCrossentropy(simd);
  registerMatMul(products);
  registerHeapGru({ products, steps });
  registerHeapAdam(simd);
  registerHeapCharStep({ products, steps });
  return { products: products.description, notes };
}

/** A second thread for the products, if there can be one; it is started once. */
async function bothThreads(one: Products): Promise<Products> {
  const thread = await (secondThread.started ??= SecondThread.start());
  return thread === null ? one : pairedProducts(one, thread);
}

/** Threads that share the work of a BLAS; they are started once for each library. */
function teamOf(blas: Blas): Promise<Team | null> {
  const started = teams.get(blas.path) ?? startTeam(blas);
  teams.set(blas.path, started);
  return started;
}

const teams = new Map<string, Promise<Team | null>>();

const secondThread: { started?: Promise<SecondThread | null> } = {};

/** What every heap has; made once for each: the room they take is never freed. */
interface HeapKernels {
  readonly simd: Simd;
  /** Without a BLAS, on one thread. */
  readonly plainProducts: Products;
}

const kernelsOfHeap = new WeakMap<WasmBackend, HeapKernels>();

function kernelsOf(backend: WasmBackend): HeapKernels {
  let tools = kernelsOfHeap.get(backend);
  if (tools === undefined) {
    const simd = loadSimd(backend.wasm.asm.memory, { fused: true });
    const room = backend.wasm._malloc(bytesOfRoom) >>> 0;
    tools = { simd, plainProducts: simdProducts(simd, room) };
    kernelsOfHeap.set(backend, tools);
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
