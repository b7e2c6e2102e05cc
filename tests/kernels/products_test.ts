import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "folio";
import { openBlas } from "../../lib/kernels/blas.ts";
import { floats, type WasmBackend } from "../../lib/kernels/heap.ts";
import { withStrides } from "../../lib/kernels/products.ts";
import { loadSimd } from "../../lib/kernels/simd.ts";
import { bytesOfRoom, simdProducts } from "../../lib/kernels/simd_products.ts";
import { relativeError, someNumbers } from "../testdata/numbers.ts";

// Around the tile of 6 × 8, the blocks of 192, 1024 and 256, and the parts of a BLAS' few rows.
// deno-fmt-ignore
const sizes = [
  [1, 1, 1], [1, 9, 5], [6, 8, 4], [7, 9, 257], [193, 1030, 3], [64, 20, 600], [5, 24, 30],
  [3, 601, 1024],
];

const { blas } = openBlas("auto");

for (const by of ["SIMD", "BLAS"] as const) {
  Deno.test({
    name: `products by ${by} are right around tiles and blocks, prepared or not`,
    ignore: by === "BLAS" && blas === null,
    fn: () => holdProducts(by),
  });
}

async function holdProducts(by: "SIMD" | "BLAS"): Promise<void> {
  await selectDevice({ name: "wasm", blas: "none" });
  const backend = tf.backend() as WasmBackend;
  const simd = loadSimd(backend.wasm.asm.memory, { fused: false });
  const products = by === "BLAS"
    ? blas!
    : simdProducts(simd, backend.wasm._malloc(bytesOfRoom) >>> 0);
  for (const [m, n, k] of sizes) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const product = {
          ...{ m, n, k, transposeA, transposeB, add: k !== 30 },
          strideA: (transposeA ? m : k) + 3,
          strideC: n + 2,
        };
        const { strideA, strideB, strideC } = withStrides(product);
        const inputs = [
          someNumbers((transposeA ? k : m) * strideA, { text: 1 }),
          someNumbers(k * n, { text: 2 }),
          someNumbers(m * strideC, { text: 3 }),
        ].map((values) => Float32Array.from(values));
        const expected = Float64Array.from(inputs[2]);
        if (!product.add) {
          for (let i = 0; i < m; i++) expected.fill(0, i * strideC, i * strideC + n);
        }
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            for (let p = 0; p < k; p++) {
              expected[i * strideC + j] +=
                inputs[0][transposeA ? p * strideA + i : i * strideA + p] *
                inputs[1][transposeB ? j * strideB + p : p * strideB + j];
            }
          }
        }
        const tensors = [...inputs, inputs[2], new Float32Array(products.packedSize(k, n))]
          .map((values) => tf.tensor1d(values));
        const [a, b, direct, prepared, packed] = tensors.map((x) => floats(backend, x));
        products.multiply(product, a, b, direct);
        products.prepare(product, b, packed)(a, prepared);
        const label = JSON.stringify(product);
        assert.ok(relativeError(direct, expected) < 1e-5, label);
        assert.ok(relativeError(prepared, expected) < 1e-5, `prepared ${label}`);
        tf.dispose(tensors);
      }
    }
  }
}
