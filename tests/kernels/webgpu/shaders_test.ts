import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { commandStream } from "../../../lib/kernels/webgpu/command_stream.ts";
import { compile, wgsl } from "../../../lib/kernels/webgpu/shader.ts";
import { withPage } from "../../testdata/chromium.ts";
import { findChromium } from "../../../tools/chromium.ts";
import { everyShader } from "../../../bench/shaders/every_shader.ts";
import { sizeOfText } from "../../../bench/shaders/operations.ts";
import { testGpuTiles, testOnWebgpu, webgpu } from "../../testdata/devices.ts";
import { browser, needing } from "../../testdata/needs.ts";
import { withGpuTiles } from "../../testdata/gpu_tiles.ts";
import { modelValues, smallSizes } from "../../testdata/model_values.ts";

const shaders = await everyShader();

Deno.test("no two shaders have one key", () => {
  assert.equal(new Set(shaders.map(({ key }) => key)).size, shaders.length);
  assert.equal(new Set(shaders.map(wgsl)).size, shaders.length);
});

/** The names of those of our shaders that a small model compiles for training and writing. */
async function compiledShaders(): Promise<string[]> {
  const labels: string[] = [];
  const devices = GPUDevice.prototype;
  const { createComputePipeline } = devices;
  devices.createComputePipeline = function (descriptor) {
    if (descriptor.compute.entryPoint === "main") labels.push(descriptor.label ?? "");
    return createComputePipeline.call(this, descriptor);
  };
  try {
    await modelValues(smallSizes);
  } finally {
    devices.createComputePipeline = createComputePipeline;
  }
  return labels;
}

testOnWebgpu("a model compiles known shaders, those of a software adapter small", async () => {
  const byKey = new Map(shaders.map((shader) => [shader.key, shader]));
  const { software } = commandStream(tf.backend());
  const taken = await compiledShaders();
  for (const key of taken) {
    const shader = byKey.get(key);
    assert.ok(shader, `everyShader() does not know "${key}"`);
    const { operations, workgroupNumbers } = sizeOfText(wgsl(shader));
    if (!software) continue;
    assert.ok(operations <= 800, `${key}: ${operations} operations`);
    assert.ok(workgroupNumbers <= 600, `${key}: ${workgroupNumbers} numbers in workgroup memory`);
  }
  assert.ok(taken.some((key) => key.startsWith("gru forward")));
});

testGpuTiles("a model compiles known shaders with a GPU's tiles too", async () => {
  const { software } = commandStream(tf.backend());
  await withGpuTiles(async () => {
    const taken = await compiledShaders();
    const keys = new Set(shaders.map(({ key }) => key));
    for (const key of taken) assert.ok(keys.has(key), `everyShader() does not know "${key}"`);
    if (software) assert.ok(taken.some((key) => key.startsWith("gru forward")));
  });
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
    assert.match(errors[0]!, /^wrong: /);
  },
});
