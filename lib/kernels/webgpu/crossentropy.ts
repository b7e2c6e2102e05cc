/**
 * The cross-entropy of logits on WebGPU: one dispatch for the loss, one for its gradient.
 *
 * @module
 */
import {
  crossentropyBackward,
  crossentropyForward,
  type CrossentropyGradientInputs,
  type CrossentropyInputs,
} from "../ops/crossentropy.ts";
import { replaceWebgpuKernel } from "./command_stream.ts";
import type { Shader } from "./shader.ts";
import { reduceTree } from "./reduction_wgsl.ts";

/** Makes the shaders below the WebGPU backend's cross-entropy. */
export function registerWebgpuCrossentropy(): void {
  replaceWebgpuKernel(crossentropyForward, ({ inputs, stream }) => {
    const { logits, ids } = inputs as CrossentropyInputs;
    const [rows, size] = logits.shape;
    const loss = stream.tensor([]);
    stream.run({
      shader: lossShader,
      tensors: [logits, ids, loss],
      uniforms: { rows, size },
      workgroups: [1],
    });
    return [loss];
  });
  replaceWebgpuKernel(crossentropyBackward, ({ inputs, stream }) => {
    const { logits, ids, dy } = inputs as CrossentropyGradientInputs;
    const [rows, size] = logits.shape;
    const gradient = stream.tensor([rows, size]);
    const groups = Math.ceil(rows / rowsOfGroup);
    const x = Math.min(groups, 65535);
    stream.run({
      shader: gradientShader,
      tensors: [logits, ids, dy, gradient],
      uniforms: { rows, size },
      workgroups: [x, Math.ceil(groups / x)],
    });
    return gradient;
  });
}

/** How many rows a workgroup of the gradient has, with 16 invocations each. */
const rowsOfGroup = 16;

const buffers = [
  { name: "logits", access: "read" },
  { name: "ids", access: "read", type: "array<i32>" },
] as const;

const add = (own: string, other: string) => `parts[${own}] += parts[${other}];`;
const keepLarger = (own: string, other: string) =>
  `parts[${own}] = max(parts[${own}], parts[${other}]);`;

/**
 * The mean over all rows of log Σ exp(x) − x[id].
 *
 * Buffers: `logits` `[rows, size]`, `ids` `[rows]`, `loss`. Dispatch: one workgroup. Each
 * invocation takes every 256th row, reads it once, keeping the largest number yet and the
 * sum of the exponentials below it, and the 256 sums are added in a fixed order. With the
 * tutorial's 1.7 MB of logits that takes a device a hundredth of a millisecond or a few, and
 * no second dispatch for the mean.
 */
export const lossShader: Shader = {
  key: "crossentropy",
  buffers: [...buffers, { name: "loss", access: "read_write" }],
  uniforms: { rows: "u32", size: "u32" },
  code: () => `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) localIndex: u32) {
  var total = 0.0;
  for (var row = localIndex; row < uniforms.rows; row += 256u) {
    let first = row * uniforms.size;
    var largest = logits[first];
    var sum = 1.0;
    for (var j = 1u; j < uniforms.size; j++) {
      let x = logits[first + j];
      if (x > largest) {
        sum = sum * exp(largest - x) + 1.0;
        largest = x;
      } else {
        sum += exp(x - largest);
      }
    }
    total += log(sum) + largest - logits[first + u32(ids[row])];
  }
  parts[localIndex] = total;${reduceTree({ size: 256, within: "localIndex", combine: add })}
  if (localIndex == 0u) { loss[0] = parts[0] / f32(uniforms.rows); }
}`,
};

/**
 * The gradient of the mean cross-entropy by the logits, times dy.
 *
 * Buffers: `logits` `[rows, size]`, `ids` `[rows]`, `dy` `[1]`, `gradient` `[rows, size]`.
 * Dispatch: one workgroup for 16 rows, along x and then y. 16 invocations share a row, so
 * that neighbors read neighbors; they find its largest number, then the sum of the
 * exponentials, then write.
 */
export const gradientShader: Shader = {
  key: "crossentropy gradient",
  buffers: [
    ...buffers,
    { name: "dy", access: "read" },
    { name: "gradient", access: "read_write" },
  ],
  uniforms: { rows: "u32", size: "u32" },
  code: () => `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let part = localIndex % 16u;
  let row = (group.y * groups.x + group.x) * ${rowsOfGroup}u + localIndex / 16u;
  let isRow = row < uniforms.rows;
  let first = select(0u, row, isRow) * uniforms.size;
  var largest = logits[first];
  for (var j = part; j < uniforms.size; j += 16u) { largest = max(largest, logits[first + j]); }
  parts[localIndex] = largest;${reduceTree({ size: 16, within: "part", combine: keepLarger })}
  workgroupBarrier();
  largest = parts[localIndex - part];
  workgroupBarrier();
  var sum = 0.0;
  for (var j = part; j < uniforms.size; j += 16u) { sum += exp(logits[first + j] - largest); }
  parts[localIndex] = sum;${reduceTree({ size: 16, within: "part", combine: add })}
  workgroupBarrier();
  if (!isRow) { return; }
  sum = parts[localIndex - part];
  let scale = dy[0] / f32(uniforms.rows);
  let id = u32(ids[row]);
  for (var j = part; j < uniforms.size; j += 16u) {
    let chosen = select(0.0, 1.0, j == id);
    gradient[first + j] = (exp(logits[first + j] - largest) / sum - chosen) * scale;
  }
}`,
};
