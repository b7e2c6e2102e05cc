/**
 * Matrix products on tfjs' WebAssembly backend, where tfjs' own are slow.
 *
 * @module
 */
import { registerKernel, tfjsKernel } from "../ops/register_kernel.ts";
import { isPlainProduct, type MatMulArguments, productSizes } from "../ops/tfjs_arguments.ts";
import { floats, type WasmBackend } from "./backend.ts";
import type { Products } from "./products.ts";

/** Replaces the products of two float32 matrices on the WebAssembly backend. */
export function registerMatMul(products: Products): void {
  for (const name of ["BatchMatMul", "_FusedMatMul"]) {
    // For batches of matrices and activations.
    const own = tfjsKernel(name, "wasm");
    registerKernel(name, "wasm", (args) => {
      const given = args as unknown as MatMulArguments & { readonly backend: WasmBackend };
      return isPlainProduct(given) ? multiply(given, products) : own(args);
    });
  }
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
      if (row.length === 1) values.fill(row[0]!, start, start + n);
      else values.set(row, start);
    }
  }
  by.multiply(
    { ...product, accumulate: bias !== undefined },
    floats(backend, a),
    floats(backend, b),
    values,
  );
  return out;
}
