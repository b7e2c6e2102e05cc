import assert from "node:assert/strict";
import { simdBinary } from "../../../tools/build_simd.ts";

Deno.test("simd_binary.ts is what simd.as compiles to", async () => {
  const written = await Deno.readTextFile(
    new URL("../../../lib/kernels/wasm/simd_binary.ts", import.meta.url),
  );
  assert.equal(written, await simdBinary(), "run `deno task build:simd`");
});
