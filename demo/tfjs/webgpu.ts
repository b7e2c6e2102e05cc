/**
 * What the page's script has in the place of `@tensorflow/tfjs-backend-webgpu`: the backend with the
 * kernels that writing needs, or that folio's own fall back on.
 *
 * @module
 */
import "@tensorflow/tfjs-backend-webgpu/dist/base.js";
import { type KernelConfig, registerKernel } from "@tensorflow/tfjs-core";
import { _fusedMatMulConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/_FusedMatMul.js";
import { addConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Add.js";
import { batchMatMulConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/BatchMatMul.js";
import { castConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Cast.js";
import { gatherV2Config } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/GatherV2.js";
import { identityConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Identity.js";
import { reshapeConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Reshape.js";
import { sliceConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Slice.js";
import { sumConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Sum.js";
import { transposeConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Transpose.js";
import { unpackConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Unpack.js";
import { unsortedSegmentSumConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/UnsortedSegmentSum.js";

const kernels: readonly KernelConfig[] = [
  ...[addConfig, batchMatMulConfig, castConfig, _fusedMatMulConfig, gatherV2Config],
  ...[identityConfig, reshapeConfig, sliceConfig, sumConfig, transposeConfig],
  ...[unpackConfig, unsortedSegmentSumConfig],
];
for (const kernel of kernels) registerKernel(kernel);
