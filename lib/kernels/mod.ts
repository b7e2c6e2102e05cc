/**
 * How a GRU runs fast on a device: readies the kernels of a tfjs backend.
 *
 * @module
 */
import { openBlas } from "./blas.ts";
import { registerPlainGru } from "./gru.ts";
import { registerHeapGru } from "./gru_heap.ts";
import { registerMatMul, registerSegmentSum } from "./matmul.ts";

export { gru, type GruInputs } from "./gru.ts";

/** What the kernels of a backend ended up with. */
export interface KernelReport {
  /** The BLAS in use, such as `OpenBLAS, 2 threads`; null for none. */
  readonly blas: string | null;
  /** One line for each library that was passed over. */
  readonly notes: readonly string[];
}

/**
 * Registers folio's kernels with a tfjs backend.
 *
 * @param backendName a registered tfjs backend: `wasm`, `webgpu`, `cpu`, …
 * @param options.blas which BLAS multiplies matrices on `wasm`; see `openBlas`
 * @returns what was found
 */
export function registerKernels(
  backendName: string,
  { blas: choice = "auto" }: { readonly blas?: string } = {},
): KernelReport {
  if (backendName !== "wasm") {
    registerPlainGru(backendName);
    return { blas: null, notes: [] };
  }
  const { blas, notes } = openBlas(choice);
  registerSegmentSum();
  registerMatMul(blas);
  if (blas === null) registerPlainGru("wasm");
  else registerHeapGru(blas);
  return { blas: blas?.description ?? null, notes };
}
