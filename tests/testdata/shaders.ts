/**
 * Every shader there is, in every form it is made in.
 *
 * @module
 */
import { adamShader } from "../../lib/kernels/webgpu/adam.ts";
import { drawShader, rowTimesMatrixShader } from "../../lib/kernels/webgpu/sample_chars_wgsl.ts";
import { clipScaleShader, sumSquaresShader } from "../../lib/kernels/webgpu/clip.ts";
import { gradientShader, lossShader } from "../../lib/kernels/webgpu/crossentropy.ts";
import { gruBackwardShader } from "../../lib/kernels/webgpu/gru_backward_wgsl.ts";
import { gruForwardShader } from "../../lib/kernels/webgpu/gru_forward_wgsl.ts";
import { segmentSumShader } from "../../lib/kernels/webgpu/tfjs_kernels.ts";
import { productShader, sumRowsShader, tiles } from "../../lib/kernels/webgpu/matmul_wgsl.ts";
import type { Shader } from "../../lib/kernels/webgpu/shader.ts";

const either = [false, true];
const rowGroups = [1, 2, 4] as const;

const products = Object.values(tiles).flatMap((tile) =>
  either.flatMap((transposeA) =>
    either.flatMap((transposeB) =>
      either.flatMap((aligned) =>
        either.map((bias) =>
          productShader({
            tile,
            transposeA,
            transposeB,
            bias,
            alignedA: aligned && transposeA,
            alignedB: aligned && !transposeB,
            alignedC: aligned,
          })
        )
      )
    )
  )
);

/** All shaders. */
export const shaders: readonly Shader[] = [
  ...[adamShader, lossShader, gradientShader, segmentSumShader],
  ...[drawShader, rowTimesMatrixShader, sumSquaresShader, clipScaleShader],
  ...either.map((bias) => sumRowsShader({ bias })),
  ...rowGroups.flatMap((rowGroups) => [
    ...either.flatMap((lookup) => [
      ...either.map((training) => gruForwardShader({ rowGroups, training, per: "step", lookup })),
      gruForwardShader({ rowGroups, training: false, per: "text", lookup }),
    ]),
    gruBackwardShader({ rowGroups }),
  ]),
  ...products,
];
