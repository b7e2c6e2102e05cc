/**
 * The cross-entropy of logits on WebGPU: one dispatch for the rows' losses, one for their mean, one
 * for its gradient.
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
    const [losses, loss] = [stream.tensor([rows]), stream.tensor([])];
    stream.run({
      shader: lossesShader,
      tensors: [logits, ids, losses],
      uniforms: { rows, size },
      workgroups: groupsOfRows(rows),
    });
    stream.run({
      shader: meanShader,
      tensors: [losses, loss],
      uniforms: { rows },
      workgroups: [1],
    });
    stream.free(losses);
    return [loss];
  });
  replaceWebgpuKernel(crossentropyBackward, ({ inputs, stream }) => {
    const { logits, ids, dy } = inputs as CrossentropyGradientInputs;
    const [rows, size] = logits.shape;
    const gradient = stream.tensor([rows, size]);
    stream.run({
      shader: gradientShader,
      tensors: [logits, ids, dy, gradient],
      uniforms: { rows, size },
      workgroups: groupsOfRows(rows),
    });
    return gradient;
  });
}

/** How many rows a workgroup has, with 16 invocations each, so that neighbors read neighbors. */
const rowsOfGroup = 16;

/** The workgroups for so many rows, along x and then y. */
function groupsOfRows(rows: number): number[] {
  const groups = Math.ceil(rows / rowsOfGroup);
  const x = Math.min(groups, 65535);
  return [x, Math.ceil(groups / x)];
}

const buffers = [
  { name: "logits", access: "read" },
  { name: "ids", access: "read", type: "array<i32>" },
] as const;

const add = (own: string, other: string) => `parts[${own}] += parts[${other}];`;
const keepLarger = (own: string, other: string) =>
  `parts[${own}] = max(parts[${own}], parts[${other}]);`;

/**
 * How the shaders of the rows begin: 16 invocations share a row, find its largest number, then the sum of
 * the exponentials of what lies below it.
 */
const eachRow = `
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
  sum = parts[localIndex - part];`;

/**
 * The loss of each row, log Σ exp(x) − x[id].
 *
 * Buffers: `logits` `[rows, size]`, `ids` `[rows]`, `losses` `[rows]`. Dispatch: one workgroup for 16
 * rows, along x and then y.
 */
export const lossesShader: Shader = {
  key: "crossentropy",
  buffers: [...buffers, { name: "losses", access: "read_write" }],
  uniforms: { rows: "u32", size: "u32" },
  code: () =>
    `${eachRow}
  if (part == 0u) { losses[row] = log(sum) + largest - logits[first + u32(ids[row])]; }
}`,
};

/**
 * The mean of `losses` `[rows]` as `mean`. Dispatch: one workgroup; each invocation takes every 256th
 * loss, and the 256 sums are added in a fixed order.
 */
export const meanShader: Shader = {
  key: "mean",
  buffers: [{ name: "losses", access: "read" }, { name: "mean", access: "read_write" }],
  uniforms: { rows: "u32" },
  code: () => `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) localIndex: u32) {
  var total = 0.0;
  for (var row = localIndex; row < uniforms.rows; row += 256u) { total += losses[row]; }
  parts[localIndex] = total;${reduceTree({ size: 256, within: "localIndex", combine: add })}
  if (localIndex == 0u) { mean[0] = parts[0] / f32(uniforms.rows); }
}`,
};

/**
 * The gradient of the mean cross-entropy by the logits, times dy.
 *
 * Buffers: `logits` `[rows, size]`, `ids` `[rows]`, `dy` `[1]`, `gradient` `[rows, size]`.
 * Dispatch: one workgroup for 16 rows, along x and then y.
 */
export const gradientShader: Shader = {
  key: "crossentropy gradient",
  buffers: [
    ...buffers,
    { name: "dy", access: "read" },
    { name: "gradient", access: "read_write" },
  ],
  uniforms: { rows: "u32", size: "u32" },
  code: () =>
    `${eachRow}
  let scale = dy[0] / f32(uniforms.rows);
  let id = u32(ids[row]);
  for (var j = part; j < uniforms.size; j += 16u) {
    let chosen = select(0.0, 1.0, j == id);
    gradient[first + j] = (exp(logits[first + j] - largest) / sum - chosen) * scale;
  }
}`,
};
