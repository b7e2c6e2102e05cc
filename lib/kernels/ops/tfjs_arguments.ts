/**
 * What tfjs hands to its products and sums, and which of them folio's kernels compute.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { matrixShape } from "./matrix_shape.ts";

/** What tfjs hands to its products. */
export interface MatMulArguments {
  readonly inputs: {
    readonly a: tf.TensorInfo;
    readonly b: tf.TensorInfo;
    readonly bias?: tf.TensorInfo;
    readonly preluActivationWeights?: tf.TensorInfo;
  };
  readonly attrs: {
    readonly transposeA: boolean;
    readonly transposeB: boolean;
    readonly activation?: string;
  };
}

/** Whether it is the product of two float32 matrices, with a row added or not. */
export function isPlainProduct({ inputs, attrs }: MatMulArguments): boolean {
  const { a, b, bias, preluActivationWeights } = inputs;
  const matrices = [a, b].every(({ shape, dtype }) =>
    dtype === "float32" && (shape.length === 2 || (shape.length === 3 && shape[0] === 1))
  );
  return matrices && (attrs.activation ?? "linear") === "linear" &&
    preluActivationWeights === undefined && (bias === undefined || bias.shape.length === 1);
}

/** The sizes of a plain product, and the shape of its result. */
export function productSizes(
  { a, b }: MatMulArguments["inputs"],
  { transposeA, transposeB }: MatMulArguments["attrs"],
) {
  const [rowsA, columnsA] = matrixShape({ shape: a.shape.slice(-2) });
  const [rowsB, columnsB] = matrixShape({ shape: b.shape.slice(-2) });
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const n = transposeB ? rowsB : columnsB;
  const flat = a.shape.length === 2 && b.shape.length === 2;
  return { m, n, k, transposeA, transposeB, shape: flat ? [m, n] : [1, m, n] };
}

/** What tfjs hands to its sums. */
export interface SumArguments {
  readonly inputs: { readonly x: tf.TensorInfo };
  readonly attrs: { readonly axis: number | number[]; readonly keepDims: boolean };
}

/** Whether the axes that are summed over are the first ones, but not all. */
export function isSumOfRows({ inputs: { x }, attrs: { axis } }: SumArguments): boolean {
  const axes = [...tf.util.parseAxisParam(axis, x.shape)].sort((a, b) => a - b);
  return x.dtype === "float32" && axes.length < x.shape.length && axes.every((a, i) => a === i);
}

/** The sizes of a sum of rows, and the shape of its result. */
export function sumSizes({ inputs: { x }, attrs: { axis, keepDims } }: SumArguments) {
  const summed = tf.util.parseAxisParam(axis, x.shape).length;
  const rest = x.shape.slice(summed);
  return {
    rows: tf.util.sizeFromShape(x.shape.slice(0, summed)),
    columns: tf.util.sizeFromShape(rest),
    shape: [...new Array<number>(keepDims ? summed : 0).fill(1), ...rest],
  };
}
