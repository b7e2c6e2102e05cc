import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { planOf } from "../../../lib/kernels/webgpu/matmul.ts";
import { tiles } from "../../../lib/kernels/webgpu/matmul_wgsl.ts";
import { type TestDevice, testGpuTiles, testOnDevices } from "../../testdata/devices.ts";
import { casesInRun } from "../../testdata/extent.ts";
import { withGpuTiles } from "../../testdata/gpu_tiles.ts";
import { relativeError, someNumbers } from "../../testdata/numbers.ts";

/** A·B in float64, each transposed if asked. */
function product(
  { m, n, k, transposeA, transposeB }: Record<"m" | "n" | "k", number> & {
    transposeA: boolean;
    transposeB: boolean;
  },
  a: Float64Array,
  b: Float64Array,
): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let p = 0; p < k; p++) {
      sum += a[transposeA ? p * m + i : i * k + p]! *
        b[transposeB ? j * k + p : p * n + j]!;
    }
    return sum;
  });
}

/** Holds the products of matrices of one size, transposed or not, with a bias or without. */
async function checkProducts(
  [m, n, k]: Size,
  device: TestDevice,
): Promise<void> {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const size = { m, n, k, transposeA, transposeB };
      const a = someNumbers(m * k, { text: 1 });
      const b = someNumbers(k * n, { text: 2 });
      const [left, right] = [
        tf.tensor2d(Float32Array.from(a), transposeA ? [k, m] : [m, k]),
        tf.tensor2d(Float32Array.from(b), transposeB ? [n, k] : [k, n]),
      ];
      const row = someNumbers(n, { text: 3 });
      const bias = tf.tensor1d(Float32Array.from(row));
      const expected = product(size, a, b);
      const plain = tf.matMul(left, right, transposeA, transposeB);
      const label = JSON.stringify(size);
      assert.deepEqual(plain.shape, [m, n]);
      assert.ok(
        relativeError(await plain.data(), expected) <= device.tolerance,
        label,
      );
      const fused = tf.fused.matMul({
        a: left,
        b: right,
        transposeA,
        transposeB,
        bias,
      });
      const withBias = expected.map((value, i) => value + row[i % n]!);
      assert.ok(
        relativeError(await fused.data(), withBias) <= device.tolerance,
        label,
      );
    }
  }
}

type Size = readonly [m: number, n: number, k: number];

/** Odd sizes; the last one is cut up along k and summed up on WebGPU. */
// deno-fmt-ignore
const sizes: readonly Size[] = [
  [1, 1, 1], [1, 7, 5], [3, 1, 4], [5, 6, 7], [64, 33, 65], [64, 36, 65], [5, 8, 1030],
];

testOnDevices("matrix products are right at odd sizes, transposed or not", async (device) => {
  const most = device.name === "webgpu" ? 10 : 1000;
  for (const size of casesInRun<Size>([...sizes, [1025, 200, 3]], ([m]) => m < most)) {
    await checkProducts(size, device);
  }
});

testGpuTiles("matrix products in each of a GPU's tiles are right too", async (device) => {
  const small: Size[] = [[64, 33, 65], [64, 36, 65], [5, 8, 1030]];
  const large: Size[] = [[1025, 2000, 3]];
  await withGpuTiles(async () => {
    for (const [tile, sizes] of [[tiles.small, small], [tiles.large, large]] as const) {
      for (const size of sizes) {
        const [m, n, k] = size;
        assert.equal(planOf({ m, n, k }, { software: false }).tile, tile);
        await checkProducts(size, device);
      }
    }
  });
});

testOnDevices(
  "products of batches of matrices and other activations still work",
  async (device) => {
    const a = tf.tensor3d(Float32Array.from(someNumbers(2 * 3 * 4)), [2, 3, 4]);
    const b = tf.tensor3d(
      Float32Array.from(someNumbers(2 * 3 * 4, { text: 1 })),
      [2, 3, 4],
    );
    const batch = await tf.matMul(a, b, false, true).array() as number[][][];
    for (const i of [0, 1]) {
      const [left, right] = [a, b].map((x) => x.slice([i, 0, 0], [1, 3, 4]).reshape([3, 4]));
      const one = await tf.matMul(left!, right!, false, true).data();
      assert.ok(relativeError(batch[i]!.flat(), one) <= device.tolerance);
    }
    const [x, y] = [tf.tensor2d([[1, -2]]), tf.tensor2d([[1, 2], [3, 4]])];
    const relu = await tf.fused.matMul({
      a: x,
      b: y,
      transposeB: true,
      activation: "relu",
    }).data();
    assert.deepEqual([...relu], [0, 0]);
  },
);

testOnDevices(
  "the gradient of a lookup adds up the rows of each id",
  async (device) => {
    const table = tf.tensor2d(Float32Array.from(someNumbers(5 * 3)), [5, 3]);
    const ids = tf.tensor1d([4, 0, 4, 4, 1], "int32");
    const weights = someNumbers(5 * 3, { text: 1 });
    const by = tf.tensor2d(Float32Array.from(weights), [5, 3]);
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, ids), by)))(table);
    const expected = new Float64Array(15);
    [4, 0, 4, 4, 1].forEach((id, row) => {
      for (let j = 0; j < 3; j++) expected[id * 3 + j]! += weights[row * 3 + j]!;
    });
    assert.ok(
      relativeError(await gradient.data(), expected) <= device.tolerance,
    );
  },
);

testOnDevices("sums over the first axes, and transposes, are right", async (device) => {
  const [a, b, c] = [5, 37, 19];
  const values = someNumbers(a * b * c);
  const tensor = tf.tensor3d(Float32Array.from(values), [a, b, c]);
  for (const axes of [[0], [0, 1], [1], [0, 1, 2]]) {
    for (const keepDims of [false, true]) {
      const sums = tf.sum(tensor, axes, keepDims);
      const lengths = [a, b, c].map((length, axis) => axes.includes(axis) ? 1 : length);
      const expected = new Float64Array(tf.util.sizeFromShape(lengths));
      values.forEach((value, at) => {
        const [i, j, k] = [Math.floor(at / (b * c)), Math.floor(at / c) % b, at % c]
          .map((index, axis) => axes.includes(axis) ? 0 : index);
        expected[(i! * lengths[1]! + j!) * lengths[2]! + k!]! += value;
      });
      const shape = keepDims ? lengths : lengths.filter((_, axis) => !axes.includes(axis));
      assert.deepEqual(sums.shape, shape);
      assert.ok(relativeError(await sums.data(), expected) <= device.tolerance, `${axes}`);
    }
  }
  const row = tensor.reshape([1, a * b, c]);
  for (const perm of [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0]]) {
    const moved = tf.transpose(row, perm);
    const expected = perm.indexOf(1) < perm.indexOf(2)
      ? values
      : values.map((_, at) => values[at % (a * b) * c + Math.floor(at / (a * b))]!);
    assert.deepEqual(moved.shape, perm.map((axis) => row.shape[axis]));
    assert.equal(relativeError(await moved.data(), expected), 0, `${perm}`);
  }
});
