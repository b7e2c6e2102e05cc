/**
 * Matrix products, and the gradients of a lookup and of a bias, in the place of tfjs' own
 * on WebGPU. tfjs transposes before it sums, and copies a matrix to leave it as it is.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { isPlainProduct, type MatMulArguments, productSizes } from "./matmul.ts";
import { multiply, sumRows } from "./products_webgpu.ts";
import { type CommandStream, replaceWebgpuKernel } from "./webgpu_device.ts";
import type { Shader } from "./webgpu_shader.ts";

/** tfjs' own kernels, for what ours do not do. */
const own = new Map<string, tf.KernelFunc>();

function replace<Args>(
  name: string,
  fits: (args: Args) => boolean,
  run: (stream: CommandStream, args: Args) => tf.TensorInfo,
): void {
  if (!own.has(name)) own.set(name, tf.getKernel(name, "webgpu").kernelFunc);
  replaceWebgpuKernel(name, ({ stream, ...args }) => {
    return fits(args as Args) ? run(stream, args as Args) : own.get(name)!(args as never);
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
  replace<SumArguments>("Sum", isSumOfRows, (stream, { inputs: { x }, attrs }) => {
    const summed = tf.util.parseAxisParam(attrs.axis, x.shape).length;
    const [rows, columns] = [x.shape.slice(0, summed), x.shape.slice(summed)]
      .map(tf.util.sizeFromShape);
    const ones = new Array<number>(attrs.keepDims ? summed : 0).fill(1);
    const sums = stream.tensor([...ones, ...x.shape.slice(summed)]);
    sumRows(stream, { rows, columns }, { from: x, to: sums });
    return sums;
  });
  replace<TransposeArguments>("Transpose", keepsOrder, (stream, { inputs: { x }, attrs }) => {
    return stream.share(x, attrs.perm.map((axis) => x.shape[axis]));
  });
  replace<SegmentSumArguments>("UnsortedSegmentSum", isFloat, segmentSum);
}

function hasWholeBias(args: MatMulArguments): boolean {
  const { inputs: { bias }, attrs } = args;
  if (!isPlainProduct(args)) return false;
  return bias === undefined || bias.shape[0] === productSizes(args.inputs, attrs).n;
}

interface SumArguments {
  readonly inputs: { readonly x: tf.TensorInfo };
  readonly attrs: { readonly axis: number | number[]; readonly keepDims: boolean };
}

/** Whether the axes that are summed over are the first ones, but not all. */
function isSumOfRows({ inputs: { x }, attrs: { axis } }: SumArguments): boolean {
  const axes = [...tf.util.parseAxisParam(axis, x.shape)].sort((a, b) => a - b);
  return x.dtype === "float32" && axes.length < x.shape.length && axes.every((a, i) => a === i);
}

interface TransposeArguments {
  readonly inputs: { readonly x: tf.TensorInfo };
  readonly attrs: { readonly perm: number[] };
}

/** Whether only axes of length 1 change places, so that all numbers stay where they are. */
function keepsOrder({ inputs: { x }, attrs: { perm } }: TransposeArguments): boolean {
  const long = perm.filter((axis) => x.shape[axis] !== 1);
  return long.every((axis, i) => i === 0 || axis > long[i - 1]);
}

interface SegmentSumArguments {
  readonly inputs: { readonly x: tf.TensorInfo; readonly segmentIds: tf.TensorInfo };
  readonly attrs: { readonly numSegments: number };
}

function isFloat({ inputs: { x } }: SegmentSumArguments): boolean {
  return x.dtype === "float32";
}

function segmentSum(
  stream: CommandStream,
  { inputs: { x, segmentIds }, attrs: { numSegments } }: SegmentSumArguments,
): tf.TensorInfo {
  const each = x.shape.slice(segmentIds.shape.length);
  const [count, width] = [segmentIds.shape, each].map(tf.util.sizeFromShape);
  const sums = stream.tensor([numSegments, ...each]);
  stream.run({
    shader: segmentSumShader,
    tensors: [x, segmentIds, sums],
    uniforms: { count, width },
    workgroups: [Math.ceil(width / 32), numSegments],
  });
  return sums;
}

/**
 * Row s of the result is the sum of the rows i of `x` with `ids[i]` = s.
 *
 * Buffers: `x` `[count, width]`, `ids` `[count]`, `sums` `[segments, width]`. Dispatch: x
 * over the width by 32, y over the segments. The 8 × 32 invocations of a workgroup look
 * through all ids, each through every 8th, and add the rows that match; nothing is added
 * by two at once, so the sums are the same every time.
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
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = group.x * 32u + lane % 32u;
  var sum = 0.0;
  for (var i = lane / 32u; i < numbers.count; i += 8u) {
    if (ids[i] == i32(group.y) && column < numbers.width) { sum += x[i * numbers.width + column]; }
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (lane >= 32u || column >= numbers.width) { return; }
  for (var part = 1u; part < 8u; part++) { sum += parts[part * 32u + lane]; }
  sums[group.y * numbers.width + column] = sum;
}`,
};
