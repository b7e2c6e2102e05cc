import assert from "node:assert/strict";
import { openBlas } from "../../../lib/kernels/blas/library.ts";
import { blas as needsBlas } from "../../testdata/devices.ts";
import { needing } from "../../testdata/needs.ts";
import { relativeError, someNumbers } from "../../testdata/numbers.ts";

Deno.test("a library that was asked for and is missing is an error, which names it and a way out", () => {
  assert.throws(
    () => openBlas("/nowhere/libopenblas.so"),
    /^Error: Cannot use the BLAS \/nowhere\/libopenblas\.so: .*"auto".*"none"/,
  );
});

Deno.test("so is a file that is no library", async () => {
  const path = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.writeTextFile(path, "not a library");
  assert.throws(() => openBlas(path), /Cannot use the BLAS /);
  await Deno.remove(path);
});

Deno.test({
  name: "and a library without sgemm",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    assert.throws(() => openBlas("libc.so.6"), /Cannot use the BLAS libc\.so\.6: .*cblas_sgem[mv]/);
  },
});

Deno.test("none opens none", () => {
  assert.equal(openBlas("none").blas, null);
});

Deno.test({
  ...needing("strided products and products of one row", needsBlas),
  fn: () => {
    const { blas } = openBlas("auto");
    assert.ok(blas !== null);
    for (const m of [1, 3]) {
      for (const transposeB of [false, true]) {
        const [n, k, strideA] = [5, 4, 11];
        const a = Float32Array.from(someNumbers(m * strideA));
        const b = Float32Array.from(someNumbers(k * n, { text: 1 }));
        const c = Float32Array.from(someNumbers(m * n, { text: 2 }));
        const expected = c.map((value, at) => {
          const [i, j] = [Math.floor(at / n), at % n];
          let sum = value;
          for (let p = 0; p < k; p++) {
            sum += a[i * strideA + p]! * b[transposeB ? j * k + p : p * n + j]!;
          }
          return sum;
        });
        blas.multiply({ m, n, k, strideA, transposeB, accumulate: true }, a, b, c);
        assert.ok(
          relativeError(c, expected) < 1e-6,
          `m ${m}, transposeB ${transposeB}`,
        );
      }
    }
  },
});
