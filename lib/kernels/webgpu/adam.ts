/**
 * Adam on WebGPU: one dispatch for each weight, which it changes in place.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type AdamStep, adamStepName } from "../ops/adam.ts";
import { registerHandOver } from "../ops/adam_update.ts";
import { unshare } from "../plain/adam.ts";
import { commandStream, replaceWebgpuKernel } from "./command_stream.ts";
import type { Shader } from "./shader.ts";

/** Makes the shader below the WebGPU backend's Adam. */
export function registerWebgpuAdam(): void {
  registerHandOver("webgpu", () => commandStream(tf.backend()).submit());
  replaceWebgpuKernel(adamStepName, ({ inputs, attrs, stream }) => {
    const step = { ...inputs as object, ...attrs as object } as Required<AdamStep>;
    const { variable, mean, meanSquare, gradient, scale, progress, ...numbers } = step;
    const changed = [variable, mean, meanSquare];
    if (progress.recordedIn?.isLost === false) return [];
    if (progress.copiedIn?.isLost) throw new Error("the device never got its commands");
    unshare(step, {
      isShared: (tensor) => stream.isShared(tensor),
      copy(tensor) {
        const copy = stream.copy(tensor);
        progress.copiedIn = stream.batch;
        return copy;
      },
    });
    changed.forEach((tensor) => stream.changeInPlace(tensor));
    const { size } = variable;
    const groups = Math.ceil(size / 256);
    const x = Math.min(groups, mostWorkgroups);
    stream.run({
      shader: adamShader,
      tensors: [...changed, gradient, scale],
      uniforms: { ...numbers, size },
      workgroups: [x, Math.ceil(groups / x)],
      progress,
    });
    return [];
  });
}

/** As many as every device counts along one axis. */
const mostWorkgroups = 65535;

/**
 * One number of a weight for each invocation, by the equations of `adam.ts`. Dispatch: one
 * workgroup for 256 numbers, along x and then y. It is as fast as memory: four reads and
 * three writes a number, neighbors beside each other.
 */
export const adamShader: Shader = {
  key: "adam",
  buffers: [
    { name: "weight", access: "read_write" },
    { name: "mean", access: "read_write" },
    { name: "meanSquare", access: "read_write" },
    { name: "gradient", access: "read" },
    { name: "scale", access: "read" },
  ],
  uniforms: { size: "u32", rate: "f32", beta1: "f32", beta2: "f32", epsilon: "f32" },
  code: () => `
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + localIndex;
  if (i >= uniforms.size) { return; }
  let g = gradient[i] * scale[0];
  let m = mean[i] + (g - mean[i]) * (1.0 - uniforms.beta1);
  let v = meanSquare[i] + (g * g - meanSquare[i]) * (1.0 - uniforms.beta2);
  mean[i] = m;
  meanSquare[i] = v;
  weight[i] -= uniforms.rate * m / (sqrt(v) + uniforms.epsilon);
}`,
};
