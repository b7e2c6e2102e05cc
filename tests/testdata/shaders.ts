/**
 * Every shader there is, in every form it is made in.
 *
 * @module
 */
import { adamShader } from "../../lib/kernels/adam_webgpu.ts";
import { drawShader, rowTimesMatrixShader } from "../../lib/kernels/char_draws_wgsl.ts";
import { clipScaleShader, sumSquaresShader } from "../../lib/kernels/clip_webgpu.ts";
import { gradientShader, lossShader } from "../../lib/kernels/crossentropy_webgpu.ts";
import { gruBackwardShader } from "../../lib/kernels/gru_backward_wgsl.ts";
import { gruForwardShader } from "../../lib/kernels/gru_forward_wgsl.ts";
import { segmentSumShader } from "../../lib/kernels/matmul_webgpu.ts";
import { productShader, sumRowsShader, tiles } from "../../lib/kernels/products_wgsl.ts";
import type { Shader } from "../../lib/kernels/webgpu_shader.ts";

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
