/**
 * The scale of clipped gradients on WebGPU: one dispatch for each gradient, and one more.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { clipScaleName, smallestNorm } from "../ops/clip.ts";
import { replaceWebgpuKernel } from "./command_stream.ts";
import type { Shader } from "./shader.ts";
import { reduceTree } from "./reduction_wgsl.ts";

/** How many sums a gradient is cut into, each of a workgroup of its own. */
const parts = 128;

/** Makes the shaders below the WebGPU backend's. */
export function registerWebgpuClipScale(): void {
  replaceWebgpuKernel(clipScaleName, ({ inputs, attrs, stream }) => {
    const { clipNorm } = attrs as { clipNorm: number };
    const gradients = Object.values(inputs as Record<string, tf.TensorInfo>);
    const sums = stream.tensor([gradients.length, parts]);
    gradients.forEach((gradient, i) => {
      stream.run({
        shader: sumSquaresShader,
        tensors: [gradient, sums],
        uniforms: { size: tf.util.sizeFromShape(gradient.shape), first: i * parts },
        workgroups: [parts],
      });
    });
    const scale = stream.tensor([]);
    stream.run({
      shader: clipScaleShader,
      tensors: [sums, scale],
      uniforms: { size: gradients.length * parts, clipNorm },
      workgroups: [1],
    });
    stream.free(sums);
    return scale;
  });
}

/** Adds up `sum` of all 256 invocations into `sums[0]`. */
const addUp = `
  sums[localIndex] = sum;${
  reduceTree({
    ...{ size: 256, within: "localIndex" },
    combine: (own, other) => `sums[${own}] += sums[${other}];`,
  })
}`;

/**
 * Sums of the squares of a gradient, each over some of its numbers.
 *
 * Buffers: `gradient`, and `out`, which gets a sum of each workgroup from `first` on.
 * Dispatch: any number of workgroups; together they stride over the numbers.
 */
export const sumSquaresShader: Shader = {
  key: "sum squares",
  buffers: [{ name: "gradient", access: "read" }, { name: "out", access: "read_write" }],
  uniforms: { size: "u32", first: "u32" },
  code: () => `
var<workgroup> sums: array<f32, 256>;
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  var sum = 0.0;
  for (var i = group.x * 256u + localIndex; i < uniforms.size; i += groups.x * 256u) {
    sum += gradient[i] * gradient[i];
  }${addUp}
  if (localIndex == 0u) { out[uniforms.first + group.x] = sums[0]; }
}`,
};

/** The scale, by the equation of `clip.ts`. Dispatch: one workgroup. */
export const clipScaleShader: Shader = {
  key: "clip scale",
  buffers: [{ name: "squares", access: "read" }, { name: "scale", access: "read_write" }],
  uniforms: { size: "u32", clipNorm: "f32" },
  code: () => `
var<workgroup> sums: array<f32, 256>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) localIndex: u32) {
  var sum = 0.0;
  for (var i = localIndex; i < uniforms.size; i += 256u) { sum += squares[i]; }${addUp}
  if (localIndex == 0u) { scale[0] = min(1.0, uniforms.clipNorm / max(sqrt(sums[0]), ${smallestNorm})); }
}`,
};
