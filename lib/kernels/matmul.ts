/**
 * Matrix products on tfjs' WebAssembly backend, where tfjs' own are slow.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { floats, replaceWasmKernel, type WasmBackend } from "./heap.ts";
import type { Products } from "./products.ts";

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

/** tfjs' own products, for what ours do not do: batches of matrices, activations. */
const own = new Map<string, tf.KernelFunc>();

/** Replaces the products of two float32 matrices on the WebAssembly backend. */
export function registerMatMul(products: Products): void {
  for (const name of ["BatchMatMul", "_FusedMatMul"]) {
    if (!own.has(name)) own.set(name, tf.getKernel(name, "wasm").kernelFunc);
    replaceWasmKernel(name, (args) => {
      const given = args as unknown as MatMulArguments & { readonly backend: WasmBackend };
      return isPlainProduct(given) ? multiply(given, products) : own.get(name)!(args);
    });
  }
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
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const n = transposeB ? rowsB : columnsB;
  const flat = a.shape.length === 2 && b.shape.length === 2;
  return { m, n, k, transposeA, transposeB, shape: flat ? [m, n] : [1, m, n] };
}

function multiply(
  { inputs, attrs, backend }: MatMulArguments & { readonly backend: WasmBackend },
  by: Products,
) {
  const { a, b, bias } = inputs;
  const { shape, ...product } = productSizes(inputs, attrs);
  const { n } = product;
  const out = backend.makeOutput(shape, "float32");
  const values = floats(backend, out);
  if (bias !== undefined) {
    const row = floats(backend, bias);
    for (let start = 0; start < values.length; start += n) {
      if (row.length === 1) values.fill(row[0], start, start + n);
      else values.set(row, start);
    }
  }
  by.multiply(
    { ...product, add: bias !== undefined },
    floats(backend, a),
    floats(backend, b),
    values,
  );
  return out;
}
