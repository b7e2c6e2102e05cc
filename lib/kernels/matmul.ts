/**
 * Matrix products and sums on tfjs' WebAssembly backend, where tfjs' own are slow
 * or missing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Blas } from "./blas.ts";
import { floats, integers, replaceWasmKernel, type WasmBackend } from "./heap.ts";

interface MatMulInputs {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
  readonly bias?: tf.TensorInfo;
  readonly preluActivationWeights?: tf.TensorInfo;
}

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation?: string;
}

const productKernels = ["BatchMatMul", "_FusedMatMul"] as const;
const own: Partial<Record<typeof productKernels[number], tf.KernelFunc>> = {};

/**
 * Replaces the matrix products of the WebAssembly backend.
 *
 * With a BLAS, float32 products of matrices go to it. Without one, tfjs' own
 * product runs, but never on its path for transposed matrices, which is some ten
 * times slower than transposing first.
 */
export function registerMatMul(blas: Blas | null): void {
  for (const name of productKernels) {
    own[name] ??= tf.getKernel(name, "wasm").kernelFunc;
    replaceWasmKernel(name, (args) => {
      const { a, b, bias, preluActivationWeights } = args
        .inputs as unknown as MatMulInputs;
      const { activation } = args.attrs as unknown as MatMulAttributes;
      const matrices = sizeOfBatch(a) === 1 && sizeOfBatch(b) === 1 &&
        Math.max(a.shape.length, b.shape.length) <= 3;
      const plain = (activation ?? "linear") === "linear" &&
        !preluActivationWeights &&
        (bias === undefined || bias.shape.length === 1);
      return blas !== null && matrices && plain
        ? byBlas(args as unknown as KernelArguments, blas)
        : withoutTransposes(name, args);
    });
  }
}

interface KernelArguments {
  readonly inputs: MatMulInputs;
  readonly attrs: MatMulAttributes;
  readonly backend: WasmBackend;
}

function sizeOfBatch({ shape }: tf.TensorInfo): number {
  return tf.util.sizeFromShape(shape.slice(0, -2));
}

function byBlas(
  { inputs: { a, b, bias }, attrs, backend }: KernelArguments,
  blas: Blas,
) {
  const { transposeA, transposeB } = attrs;
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const n = transposeB ? rowsB : columnsB;
  const rank = Math.max(a.shape.length, b.shape.length);
  const out = backend.makeOutput(rank === 2 ? [m, n] : [1, m, n], "float32");
  const values = floats(backend, out);
  if (bias !== undefined) {
    const row = floats(backend, bias);
    for (let start = 0; start < values.length; start += n) {
      if (row.length === 1) values.fill(row[0], start, start + n);
      else values.set(row, start);
    }
  }
  const beta = bias === undefined ? 0 : 1;
  blas.sgemm(
    { m, n, k, transposeA, transposeB, beta },
    floats(backend, a),
    floats(backend, b),
    values,
  );
  return out;
}

function withoutTransposes(
  name: typeof productKernels[number],
  args: Parameters<tf.KernelFunc>[0],
) {
  const { a, b } = args.inputs as unknown as MatMulInputs;
  const attrs = args.attrs as unknown as MatMulAttributes;
  const backend = args.backend as WasmBackend;
  const swapped = (x: tf.TensorInfo) => {
    const last = x.shape.length - 1;
    const perm = x.shape.map((_, i) => i < last - 1 ? i : 2 * last - 1 - i);
    return tf.getKernel("Transpose", "wasm")
      .kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
  };
  const left = attrs.transposeA ? swapped(a) : a;
  const right = attrs.transposeB ? swapped(b) : b;
  const out = own[name]!({
    inputs: { ...args.inputs, a: left, b: right },
    attrs: { ...args.attrs, transposeA: false, transposeB: false },
    backend,
  });
  if (left !== a) backend.disposeData(left.dataId);
  if (right !== b) backend.disposeData(right.dataId);
  return out;
}

/**
 * Adds tfjs' `UnsortedSegmentSum`, the gradient of a lookup, which its WebAssembly
 * backend lacks: row i of `x` is added to row `segmentIds[i]` of the result.
 */
export function registerSegmentSum(): void {
  replaceWasmKernel("UnsortedSegmentSum", ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { x, segmentIds } = inputs as Record<string, tf.TensorInfo>;
    const { numSegments } = attrs as unknown as { numSegments: number };
    const width = tf.util.sizeFromShape(x.shape.slice(segmentIds.shape.length));
    const out = backend.makeOutput(
      [numSegments, ...x.shape.slice(segmentIds.shape.length)],
      "float32",
    );
    const sums = floats(backend, out).fill(0);
    const values = floats(backend, x);
    const ids = integers(backend, segmentIds);
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= numSegments) continue;
      const from = i * width;
      const to = ids[i] * width;
      for (let j = 0; j < width; j++) sums[to + j] += values[from + j];
    }
    return out;
  });
}
