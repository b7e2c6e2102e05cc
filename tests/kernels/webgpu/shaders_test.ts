import assert from "node:assert/strict";
import { compile, wgsl } from "../../../lib/kernels/webgpu/shader.ts";
import { withPage } from "../../testdata/chromium.ts";
import { findChromium } from "../../../tools/chromium.ts";
import { webgpu } from "../../testdata/devices.ts";
import { browser, needing } from "../../testdata/needs.ts";
import { shaders } from "../../testdata/shaders.ts";

Deno.test("no two shaders have one key", () => {
  assert.equal(new Set(shaders.map(({ key }) => key)).size, shaders.length);
  assert.equal(new Set(shaders.map(wgsl)).size, shaders.length);
});

Deno.test({
  ...needing("every shader compiles within the limits that every device has", webgpu),
  sanitizeResources: false,
  fn: async () => {
    const adapter = await navigator.gpu.requestAdapter();
    // Without `requiredLimits` a device has the least that WebGPU guarantees.
    const device = await adapter!.requestDevice();
    assert.equal(device.limits.maxComputeWorkgroupStorageSize, 16384);
    assert.equal(device.limits.maxStorageBuffersPerShaderStage, 8);
    for (const shader of shaders) {
      device.pushErrorScope("validation");
      compile(device, shader);
      const error = await device.popErrorScope();
      assert.equal(error, null, `${shader.key}: ${error?.message}`);
    }
    device.destroy();
  },
});

Deno.test({
  ...needing("every shader compiles in Chromium", browser),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const sources = shaders.map((shader) => ({ key: shader.key, code: wgsl(shader) }));
    // A shader that Chromium must refuse shows that it looks at all.
    const wrong = "@compute @workgroup_size(1) fn main() { let x: f32 = 1u; }";
    sources.push({ key: "wrong", code: wrong });
    const errors = await withPage(findChromium()!, (page) =>
      page.evaluate(async (sources) => {
        const adapter = await navigator.gpu.requestAdapter();
        if (!adapter) return ["Chromium has no WebGPU adapter"];
        const device = await adapter.requestDevice();
        const errors: string[] = [];
        for (const { key, code } of sources) {
          // The module alone: its software adapter takes seconds for a pipeline.
          const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
          const error = messages.find(({ type }) => type === "error");
          if (error) errors.push(`${key}: ${error.message}`);
        }
        return errors;
      }, sources));
    assert.equal(errors.length, 1, errors.join("\n"));
    assert.match(errors[0], /^wrong: /);
  },
});
