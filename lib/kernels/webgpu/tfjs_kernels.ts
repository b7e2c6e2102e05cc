/**
 * Matrix products, and the gradients of a lookup and of a bias, in the place of tfjs' own
 * on WebGPU. tfjs transposes before it sums, and copies a matrix to leave it as it is.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  isPlainProduct,
  isSumOfRows,
  type MatMulArguments,
  productSizes,
  type SumArguments,
  sumSizes,
} from "../ops/tfjs_arguments.ts";
import { tfjsKernel } from "../ops/register_kernel.ts";
import { multiply, sumRows } from "./matmul.ts";
import { lines } from "./matmul_wgsl.ts";
import { addColumn } from "./reduction_wgsl.ts";
import { type CommandStream, replaceWebgpuKernel } from "./command_stream.ts";
import type { Shader } from "./shader.ts";

function replace<Args>(
  name: string,
  fits: (args: Args) => boolean,
  run: (stream: CommandStream, args: Args) => tf.TensorInfo,
): void {
  const own = tfjsKernel(name, "webgpu");
  replaceWebgpuKernel(name, ({ stream, ...args }) => {
    return fits(args as Args) ? run(stream, args as Args) : own(args as never);
  });
}

/** Replaces products of two float32 matrices, sums over rows or by segment, idle transposes. */
export function registerWebgpuProducts(): void {
  for (const name of ["BatchMatMul", "_FusedMatMul"]) {
    replace<MatMulArguments>(name, hasWholeBias, (stream, { inputs, attrs }) => {
      const { shape, ...product } = productSizes(inputs, attrs);
      return { ...multiply(stream, product, inputs), shape };
    });
  }
  replace<SumArguments>("Sum", isSumOfRows, (stream, args) => {
    const { shape, ...sizes } = sumSizes(args);
    const sums = stream.tensor(shape);
    sumRows(stream, sizes, { from: args.inputs.x, to: sums });
    return sums;
  });
  replace<TransposeArguments>("Transpose", keepsOrder, (stream, { inputs: { x }, attrs }) => {
    return stream.share(x, attrs.perm.map((axis) => x.shape[axis]!));
  });
  replace<SegmentSumArguments>("UnsortedSegmentSum", isFloat, (stream, { inputs, attrs }) => {
    const { x, segmentIds: ids } = inputs;
    return segmentSum(stream, { x, ids, segments: attrs.numSegments });
  });
}

function hasWholeBias(args: MatMulArguments): boolean {
  const { inputs: { bias }, attrs } = args;
  if (!isPlainProduct(args)) return false;
  return bias === undefined || bias.shape[0] === productSizes(args.inputs, attrs).n;
}

interface TransposeArguments {
  readonly inputs: { readonly x: tf.TensorInfo };
  readonly attrs: { readonly perm: number[] };
}

/** Whether only axes of length 1 change places, so that all numbers stay where they are. */
function keepsOrder({ inputs: { x }, attrs: { perm } }: TransposeArguments): boolean {
  const long = perm.filter((axis) => x.shape[axis] !== 1);
  return long.every((axis, i) => axis > (long[i - 1] ?? -1));
}

interface SegmentSumArguments {
  readonly inputs: { readonly x: tf.TensorInfo; readonly segmentIds: tf.TensorInfo };
  readonly attrs: { readonly numSegments: number };
}

function isFloat({ inputs: { x } }: SegmentSumArguments): boolean {
  return x.dtype === "float32";
}

/**
 * Records the sums of the parts of x that have the same id, which each of its first axes has:
 * one dispatch.
 *
 * @returns `[segments, …]`, the rest of x' shape after that of the ids.
 */
export function segmentSum(
  stream: CommandStream,
  { x, ids, segments }: {
    readonly x: tf.TensorInfo;
    readonly ids: tf.TensorInfo;
    readonly segments: number;
  },
): tf.TensorInfo {
  const count = tf.util.sizeFromShape(ids.shape);
  const width = tf.util.sizeFromShape(x.shape) / count;
  const each = x.shape.slice(ids.shape.length);
  const sums = stream.tensor([segments, ...each]);
  stream.run({
    shader: segmentSumShader,
    tensors: [x, ids, sums],
    uniforms: { count, width },
    workgroups: [Math.ceil(width / (32 * columnsEach)), segments],
  });
  return sums;
}

/** How many columns an invocation of {@linkcode segmentSumShader} has, and how many rows at a time. */
const [columnsEach, rowsAtOnce] = [4, 4];

/**
 * Row s of the result is the sum of the rows i of `x` with `ids[i]` = s.
 *
 * Buffers: `x` `[count, width]`, `ids` `[count]`, `sums` `[segments, width]`. Dispatch: x
 * over the width by 128, y over the segments. The 4 × 32 invocations of a workgroup look
 * through all ids, each through four of every 16, and add the rows that match; nothing is added
 * by two at once, so the sums are the same every time. Looking takes longer than adding: so an
 * invocation that has found a row adds four columns of it.
 */
export const segmentSumShader: Shader = {
  key: "segmentSum",
  buffers: [
    { name: "x", access: "read" },
    { name: "ids", access: "read", type: "array<i32>" },
    { name: "sums", access: "read_write" },
  ],
  uniforms: { count: "u32", width: "u32" },
  code: () => `
var<workgroup> parts: array<vec4<f32>, 128>;
fn rowOf(i: u32, column: u32) -> vec4<f32> {
  let at = i * uniforms.width + column;
  let last = uniforms.width - 1u - column; // the columns beyond it are not written
  return vec4<f32>(x[at], x[at + min(1u, last)], x[at + min(2u, last)], x[at + min(3u, last)]);
}
@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let column = ${columnsEach}u * (group.x * 32u + localIndex % 32u);
  let segment = i32(group.y);
  let count = select(0u, uniforms.count, column < uniforms.width);
  var sum = vec4<f32>();
  for (var i = localIndex / 32u * ${rowsAtOnce}u; i < count; i += ${4 * rowsAtOnce}u) {
${lines(rowsAtOnce, (n) => `    let id${n} = ids[min(i + ${n}u, count - 1u)];`)}
${
    lines(rowsAtOnce, (n) =>
      `    if (id${n} == segment && i + ${n}u < count) { sum += rowOf(i + ${n}u, column); }`)
  }
  }
  parts[localIndex] = sum;
  workgroupBarrier();
  if (localIndex >= 32u || column >= uniforms.width) { return; }
  ${addColumn("sum", { count: 4, width: 32, first: 1 })}
  for (var n = 0u; n < min(${columnsEach}u, uniforms.width - column); n++) {
    sums[group.y * uniforms.width + column + n] = sum[n];
  }
}`,
};
