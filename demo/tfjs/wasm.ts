/**
 * What the page's script has in the place of `@tensorflow/tfjs-backend-wasm`: the backend with the
 * kernels that writing needs, or that folio's own fall back on.
 *
 * @module
 */
import { type KernelConfig, registerKernel } from "@tensorflow/tfjs-core";
import { _fusedMatMulConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/_FusedMatMul.js";
import { addConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Add.js";
import { batchMatMulConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/BatchMatMul.js";
import { castConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Cast.js";
import { gatherV2Config } from "@tensorflow/tfjs-backend-wasm/dist/kernels/GatherV2.js";
import { identityConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Identity.js";
import { reshapeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Reshape.js";
import { sliceConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Slice.js";
import { transposeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Transpose.js";

export { setWasmPaths } from "@tensorflow/tfjs-backend-wasm/dist/base.js";

const kernels: readonly KernelConfig[] = [
  ...[addConfig, batchMatMulConfig, castConfig, _fusedMatMulConfig, gatherV2Config],
  ...[identityConfig, reshapeConfig, sliceConfig, transposeConfig],
];
for (const kernel of kernels) registerKernel(kernel);
