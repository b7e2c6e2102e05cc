import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "folio";
import { openBlas } from "../../../lib/kernels/blas/library.ts";
import { blasProducts } from "../../../lib/kernels/blas/products.ts";
import { floats, type WasmBackend } from "../../../lib/kernels/wasm/backend.ts";
import { startNativeThreads } from "../../../lib/kernels/native/native_threads.ts";
import { parallelProducts } from "../../../lib/kernels/wasm/parallel_products.ts";
import { startParallelThreads } from "../../../lib/kernels/wasm/parallel_threads.ts";
import { type Products, withStrides } from "../../../lib/kernels/wasm/products.ts";
import { loadSimd } from "../../../lib/kernels/wasm/simd.ts";
import { scratchBytes, simdProducts } from "../../../lib/kernels/wasm/simd_products.ts";
import { blas as needsBlas } from "../../testdata/devices.ts";
import { needing } from "../../testdata/needs.ts";
import { relativeError, someNumbers } from "../../testdata/numbers.ts";

// Around the tile of 4 × 8, the blocks of 192, 1024 and 256, and the parts of a BLAS' few rows.
// deno-fmt-ignore
const sizes: readonly [m: number, n: number, k: number][] = [
  [1, 1, 1], [1, 9, 5], [6, 8, 4], [7, 9, 257], [193, 1030, 3], [64, 20, 600], [5, 24, 30],
  [3, 601, 1024], [64, 203, 130], [17, 240, 260],
];

const { blas } = openBlas("auto");
const byBlas = {
  script: new URL("../../../lib/kernels/blas/parallel_worker.ts", import.meta.url),
  data: { blas: blas?.path },
};

/** What multiplies, made of products by WebAssembly on one thread, on as many threads as wanted. */
const kinds = {
  "SIMD": async (one: Products, threads: number) =>
    parallelProducts(one, await startParallelThreads({ threads })),
  "a BLAS, on one memory": async (_: Products, threads: number) =>
    blasProducts(blas!, await startNativeThreads({ blas: blas!, code: null, threads })),
  "a BLAS, on memories of their own": async (_: Products, threads: number) =>
    blasProducts(blas!, await startParallelThreads({ ...byBlas, threads })),
} as const;

const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];
const needOf = (kind: string) => kind === "SIMD" ? null : needsBlas;

for (const kind of kindNames) {
  for (const threads of [1, 2, 3]) {
    Deno.test({
      ...needing(
        `products by ${kind} on ${threads} threads are right around tiles and blocks`,
        needOf(kind),
      ),
      // The threads outlive the test.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => holdProducts(kind, threads),
    });
  }
}

async function holdProducts(kind: keyof typeof kinds, threads: number): Promise<void> {
  await selectDevice({ name: "wasm", blas: "none" });
  const backend = tf.backend() as WasmBackend;
  const simd = loadSimd(backend.wasm.asm.memory, { fused: false });
  const one = simdProducts(simd, backend.wasm._malloc(scratchBytes) >>> 0);
  const products = await kinds[kind](one, threads);
  for (const [m, n, k] of sizes) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const product = {
          ...{ m, n, k, transposeA, transposeB, accumulate: k !== 30 },
          strideA: (transposeA ? m : k) + 3,
          strideC: n + 2,
        };
        const { strideA, strideB, strideC } = withStrides(product);
        const inputs = [
          someNumbers((transposeA ? k : m) * strideA, { text: 1 }),
          someNumbers(k * n, { text: 2 }),
          someNumbers(m * strideC, { text: 3 }),
        ].map((values) => Float32Array.from(values));
        const expected = Float64Array.from(inputs[2]!);
        if (!product.accumulate) {
          for (let i = 0; i < m; i++) expected.fill(0, i * strideC, i * strideC + n);
        }
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            for (let p = 0; p < k; p++) {
              expected[i * strideC + j]! +=
                inputs[0]![transposeA ? p * strideA + i : i * strideA + p]! *
                inputs[1]![transposeB ? j * strideB + p : p * strideB + j]!;
            }
          }
        }
        const tensors = [...inputs, inputs[2]!, new Float32Array(products.packedSize(product))]
          .map((values) => tf.tensor1d(values));
        const [a, b, direct, prepared, packed] = tensors.map((x) => floats(backend, x));
        products.multiply(product, a!, b!, direct!);
        products.pack(product, b!, packed!);
        products.multiplyPacked(product, a!, packed!, prepared!);
        const label = JSON.stringify(product);
        assert.ok(relativeError(direct!, expected) < 1e-5, label);
        assert.ok(relativeError(prepared!, expected) < 1e-5, `prepared ${label}`);
        tf.dispose(tensors);
      }
    }
  }
}

for (const kind of kindNames) {
  Deno.test({
    ...needing(
      `products by ${kind} have the same bits on 1, 2, 3 and 4 threads, however often`,
      needOf(kind),
    ),
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const expected: Float32Array[] = [];
      for (const threads of [1, 2, 3, 4]) {
        const memory = new WebAssembly.Memory({ initial: 500 });
        const one = simdProducts(loadSimd(memory, { fused: true }), 0);
        const products = await kinds[kind](one, threads);
        let end = scratchBytes;
        /** Where an array lies: views of a memory come to nothing when it grows. */
        const place = (size: number, text?: number) => {
          const at = { start: end, size };
          end += 4 * size;
          if (text !== undefined) viewOf(at).set(someNumbers(size, { text }));
          return at;
        };
        const viewOf = ({ start, size }: { start: number; size: number }) =>
          new Float32Array(memory.buffer, start, size);
        // By rows and by columns, with more than a block of k, and what was in C added to or not.
        const shapes: [m: number, n: number, k: number][] = [
          [64, 200, 300],
          [80, 600, 96],
          [700, 66, 100],
          [256, 66, 900],
          [8, 999, 400],
          [257, 40, 120],
        ];
        const cases = shapes
          .flatMap(([m, n, k], text) =>
            [false, true].map((accumulate) => {
              const product = {
                m,
                n,
                k,
                accumulate,
                transposeA: text === 3,
                transposeB: text === 1,
              };
              return {
                product,
                a: place(m * k, 4 * text),
                b: place(k * n, 4 * text + 1),
                before: place(m * n, 4 * text + 2),
                c: place(m * n),
                packed: place(products.packedSize(product)),
              };
            })
          );
        for (const { product, b, packed } of cases) {
          products.pack(product, viewOf(b), viewOf(packed));
        }
        let result = 0;
        const multiply = ({ before, c, ...others }: typeof cases[number], isPacked: boolean) => {
          viewOf(c).set(viewOf(before));
          const [a, b, to] = [others.a, isPacked ? others.packed : others.b, c].map(viewOf);
          if (isPacked) products.multiplyPacked(others.product, a!, b!, to!);
          else products.multiply(others.product, a!, b!, to!);
          if (threads === 1) expected.push(to!.slice());
          assert.deepEqual(to, expected[result], `result ${result}`);
          result++;
        };
        for (const next of [0, 0, 1, 2, 3, 2, 4, 4, 5, 6, 7, 8, 9, 10, 11, 0]) {
          if (result === 8) memory.grow(1);
          multiply(cases[next]!, true);
          multiply(cases[next]!, false);
          if (next === 4) multiply(cases[0]!, true);
        }
        // Another B is packed where one was.
        products.pack(cases[0]!.product, viewOf(cases[8]!.b), viewOf(cases[0]!.packed));
        multiply(cases[0]!, true);
      }
    },
  });
}
