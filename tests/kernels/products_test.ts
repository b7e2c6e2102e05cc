import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "folio";
import { openBlas } from "../../lib/kernels/blas.ts";
import { floats, type WasmBackend } from "../../lib/kernels/heap.ts";
import { type Products, withStrides } from "../../lib/kernels/products.ts";
import { nativeProducts } from "../../lib/kernels/native/native_products.ts";
import { startTeam } from "../../lib/kernels/native/team.ts";
import { pairedProducts, SecondThread } from "../../lib/kernels/second_thread.ts";
import { loadSimd } from "../../lib/kernels/simd.ts";
import { bytesOfRoom, simdProducts } from "../../lib/kernels/simd_products.ts";
import { relativeError, someNumbers } from "../testdata/numbers.ts";

// Around the tile of 4 × 8, the blocks of 192, 1024 and 256, and the parts of a BLAS' few rows.
// deno-fmt-ignore
const sizes = [
  [1, 1, 1], [1, 9, 5], [6, 8, 4], [7, 9, 257], [193, 1030, 3], [64, 20, 600], [5, 24, 30],
  [3, 601, 1024], [64, 203, 130], [17, 240, 260],
];

const { blas } = openBlas("auto");
const team = blas && await startTeam(blas);

const ways = ["SIMD", "SIMD, 2 threads", "BLAS", "BLAS, our threads"] as const;

for (const by of ways) {
  Deno.test({
    name: `products by ${by} are right around tiles and blocks, prepared or not`,
    ignore: by.startsWith("BLAS") && (by === "BLAS" ? blas : team) === null,
    // The second thread outlives the test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => holdProducts(by),
  });
}

async function holdProducts(by: typeof ways[number]): Promise<void> {
  await selectDevice({ name: "wasm", blas: "none" });
  const backend = tf.backend() as WasmBackend;
  const simd = loadSimd(backend.wasm.asm.memory, { fused: false });
  const one = simdProducts(simd, backend.wasm._malloc(bytesOfRoom) >>> 0);
  const products = await {
    "SIMD": () => one,
    "SIMD, 2 threads": () => paired(one),
    "BLAS": () => blas!,
    "BLAS, our threads": () => nativeProducts(blas!, { team: team!, simd }),
  }[by]();
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
        const tensors = [...inputs, inputs[2], new Float32Array(products.packedSize(product))]
          .map((values) => tf.tensor1d(values));
        const [a, b, direct, prepared, packed] = tensors.map((x) => floats(backend, x));
        products.multiply(product, a, b, direct);
        products.pack(product, b, packed);
        products.multiplyPacked(product, a, packed, prepared);
        const label = JSON.stringify(product);
        assert.ok(relativeError(direct, expected) < 1e-5, label);
        assert.ok(relativeError(prepared, expected) < 1e-5, `prepared ${label}`);
        tf.dispose(tensors);
      }
    }
  }
}

async function paired(one: Products): Promise<Products> {
  const thread = await SecondThread.start();
  assert.ok(thread !== null, "there is no second thread");
  return pairedProducts(one, thread);
}

Deno.test({
  name: "two threads give the bits of one, whichever prepared product comes next",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const memory = new WebAssembly.Memory({ initial: 60 });
    const one = simdProducts(loadSimd(memory, { fused: true }), 0);
    const both = await paired(one);
    let start = bytesOfRoom;
    const room = (size: number) => {
      start += 4 * size;
      return new Float32Array(memory.buffer, start - 4 * size, size);
    };
    const [n, k] = [200, 96];
    const cases = [64, 80].map((m, text) => {
      const [a, b, c, expected] = [m * k, k * n, m * n, m * n].map(room);
      a.set(someNumbers(m * k, { text }));
      b.set(someNumbers(k * n, { text: 8 + text }));
      one.multiply({ m, n, k }, a, b, expected);
      const product = { m, n, k };
      return { product, a, b, c, expected, packed: room(both.packedSize(product)) };
    });
    for (const { product, b, packed } of cases) both.pack(product, b, packed);
    for (const next of [0, 0, 1, 0, 1, 1]) {
      const { product, a, b, c, expected, packed } = cases[next];
      both.multiplyPacked(product, a, packed, c.fill(0));
      assert.deepEqual(c, expected);
      if (next === 1) both.multiply(product, a, b, c.fill(0));
      assert.deepEqual(c, expected);
    }
  },
});

Deno.test({
  name: "a BLAS on our threads gives the same bits each time, also when the heap has grown",
  ignore: team === null,
  sanitizeOps: false,
  sanitizeResources: false,
  fn() {
    const memory = new WebAssembly.Memory({ initial: 60 });
    const simd = loadSimd(memory, { fused: true });
    const products = nativeProducts(blas!, { team: team!, simd });
    for (const product of [{ m: 5, n: 704, k: 300 }, { m: 40, n: 1000, k: 300 }]) {
      const { m, n, k } = product;
      const sizes = [m * k, k * n, products.packedSize(product), m * n];
      const views = () => {
        let start = 0;
        return sizes.map((size) =>
          new Float32Array(memory.buffer, 4 * (start += size) - 4 * size, size)
        );
      };
      const [a, b, packed, c] = views();
      a.set(someNumbers(a.length));
      b.set(someNumbers(b.length, { text: 1 }));
      products.pack(product, b, packed);
      products.multiplyPacked(product, a, packed, c);
      const expected = c.slice();
      for (let call = 0; call < 12; call++) {
        if (call === 8) memory.grow(1);
        const [a, , packed, c] = views();
        products.multiplyPacked(product, a, packed, c.fill(0));
        assert.deepEqual(c, expected, `call ${call}`);
      }
    }
  },
});
