import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "folio";
import { testOnDevices, webgpu } from "./testdata/devices.ts";
import { needing } from "./testdata/needs.ts";

testOnDevices(
  "a device asked for by name is taken and says so in one line",
  async ({ options }) => {
    const device = await selectDevice(options);
    assert.equal(device.name, options.name);
    assert.equal(tf.getBackend(), options.name);
    assert.equal(String(device).split("\n").length, 1);
    assert.match(String(device), /asked for by name/);
  },
);

Deno.test("without a name a software GPU is never taken", async () => {
  const device = await selectDevice();
  assert.ok(device.name === "wasm" || !device.software);
  assert.ok(device.reason.length > 0);
});

Deno.test("an unknown device is refused with the names there are", async () => {
  await assert.rejects(
    selectDevice({ name: "tpu" as "cpu" }),
    /no device "tpu".*webgpu, wasm, cpu/,
  );
});

Deno.test("a BLAS that was asked for and cannot be opened is an error", async () => {
  await assert.rejects(
    selectDevice({ name: "wasm", blas: "/nowhere/libblas.so" }),
    /Cannot use the BLAS \/nowhere\/libblas\.so/,
  );
});

Deno.test("options out of their range are refused with what they may be", async () => {
  for (const threads of [0, -1, 1.5, NaN, 17]) {
    await assert.rejects(
      selectDevice({ name: "cpu", threads }),
      { name: "RangeError", message: /Cannot compute on .* threads: .* from 1 to 16/ },
    );
  }
  await assert.rejects(selectDevice({ native: "no" }), /native is "no": .*auto, off/);
});

Deno.test("the number of threads and machine code can be chosen, and the device says so", async () => {
  const one = await selectDevice({ name: "wasm", blas: "none", threads: 1 });
  assert.match(one.description, /^WebAssembly SIMD, 1 thread$/);
  assert.deepEqual(one.arithmetic, { device: "wasm" });
  const off = await selectDevice({ name: "wasm", native: "off", threads: 3 });
  if (off.arithmetic.blas === undefined) return;
  assert.match(off.description, /, 3 threads$/);
  assert.equal(off.arithmetic.vectors, undefined);
  if (Deno.build.os === "linux" && Deno.build.arch === "x86_64") {
    assert.match(off.reason, /no machine code: it is switched off/);
  }
});

Deno.test("a WebGPU adapter is there where FOLIO_REQUIRE_WEBGPU asks for one", () => {
  if (Deno.env.get("FOLIO_REQUIRE_WEBGPU") !== "1") return;
  assert.equal(webgpu, null);
});

// The last test of this file: no other can use that backend afterwards.
Deno.test({
  ...needing("a GPU that is gone says so, a CPU never is", webgpu),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const cpu = await selectDevice({ name: "cpu" });
    const gpu = await selectDevice({ name: "webgpu" });
    const { device } = tf.backend() as tf.KernelBackend & { readonly device: GPUDevice };
    const state = (lost: Promise<string>) => Promise.race([lost, Promise.resolve("there")]);
    assert.equal(await state(gpu.lost), "there");
    device.destroy();
    assert.notEqual(await gpu.lost, "");
    assert.equal(await state(cpu.lost), "there");
  },
});
