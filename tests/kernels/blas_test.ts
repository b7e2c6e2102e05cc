import assert from "node:assert/strict";
import { openBlas } from "../../lib/kernels/blas.ts";
import { devices } from "../testdata/devices.ts";
import { relativeError, someNumbers } from "../testdata/numbers.ts";

Deno.test("a library that is missing is passed over with one line", () => {
  const { blas, notes } = openBlas("/nowhere/libopenblas.so");
  assert.equal(blas, null);
  assert.equal(notes.length, 1);
  assert.match(notes[0], /^\/nowhere\/libopenblas\.so is passed over: /);
});

Deno.test("a file that is no library is passed over with one line", async () => {
  const path = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.writeTextFile(path, "not a library");
  const { blas, notes } = openBlas(path);
  assert.equal(blas, null);
  assert.equal(notes.length, 1);
  await Deno.remove(path);
});

Deno.test({
  name: "a library without sgemm is passed over with one line",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const { blas, notes } = openBlas("libc.so.6");
    assert.equal(blas, null);
    assert.match(notes[0], /^libc\.so\.6 is passed over: .*cblas_sgem[mv]/);
  },
});

Deno.test("none opens none", () => {
  assert.equal(openBlas("none").blas, null);
});

const missing = devices.find(({ name }) => name === "wasm with BLAS")?.missing ?? null;

Deno.test({
  name: `strided products and products of one row${
    missing === null ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== null,
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
            sum += a[i * strideA + p] * b[transposeB ? j * k + p : p * n + j];
          }
          return sum;
        });
        blas.multiply({ m, n, k, strideA, transposeB, add: true }, a, b, c);
        assert.ok(
          relativeError(c, expected) < 1e-6,
          `m ${m}, transposeB ${transposeB}`,
        );
      }
    }
  },
});
