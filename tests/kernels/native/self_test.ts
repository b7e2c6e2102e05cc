import assert from "node:assert/strict";
import { openBlas } from "../../../lib/kernels/blas/library.ts";
import { avx2, avx512 } from "../../../lib/kernels/native/x86/assembler.ts";
import {
  findVectorUnit,
  hasMachineCode,
} from "../../../lib/kernels/native/x86/executable_memory.ts";
import { loadFunctions, writeCode } from "../../../lib/kernels/native/x86/machine_code.ts";
import { startNativeThreads } from "../../../lib/kernels/native/native_threads.ts";
import { selfTest } from "../../../lib/kernels/native/self_test.ts";
import { machineCode } from "../../testdata/devices.ts";
import { needing } from "../../testdata/needs.ts";

const { blas } = openBlas("auto");
const found = hasMachineCode() ? findVectorUnit() : null;
const units = [avx2, avx512].filter(({ lanes }) => lanes <= (found?.lanes ?? 0));

for (const unit of units) {
  Deno.test({
    ...needing(
      `the self-test passes what is right in ${unit.name}, and finds what is not`,
      machineCode,
    ),
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const test = async (alter: (name: string, code: Uint8Array) => Uint8Array) => {
        const written = Object.entries(writeCode(unit))
          .map(([name, code]) => [name, alter(name, code)]);
        const code = { unit, addresses: loadFunctions(Object.fromEntries(written)) };
        const native = await startNativeThreads({ blas: blas!, code, threads: 2 });
        try {
          return selfTest(native, unit);
        } finally {
          native.pool.end();
        }
      };
      assert.equal(await test((_, code) => code), null);
      // Each constant lies at the end of a function; a wrong one is the smallest fault there is.
      for (const wrong of ["forward", "backward"]) {
        const found = await test((name, code) => {
          if (name !== wrong) return code;
          const altered = code.slice();
          const [from, to] = name === "forward" ? [0.5, 0.5001] : [1, 1.001];
          const bytes = new Uint8Array(Float32Array.of(from).buffer);
          const at = altered.findLastIndex((_, i) => bytes.every((b, j) => altered[i + j] === b));
          assert.ok(at > 0, `${name} has no constant ${from}`);
          altered.set(new Uint8Array(Float32Array.of(to).buffer), at);
          return altered;
        });
        assert.match(found ?? "nothing", /^its .* lie .* from WebAssembly's$/, wrong);
      }
    },
  });
}
