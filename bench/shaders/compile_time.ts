/**
 * How long an adapter takes to make a shader ready to run.
 *
 * @module
 */
import { type Shader, wgsl } from "../../lib/kernels/webgpu/shader.ts";

/** A shader in plain data, so that it can be handed to a page. */
export interface ShaderSource {
  readonly key: string;
  readonly code: string;
  /** The types of its bindings. */
  readonly bindings: readonly GPUBufferBindingType[];
}

/** The source of a shader. */
export function sourceOf(shader: Shader): ShaderSource {
  const storage = shader.buffers.map(({ access }) =>
    access === "read" ? "read-only-storage" as const : "storage" as const
  );
  return { key: shader.key, code: wgsl(shader), bindings: [...storage, "uniform", "uniform"] };
}

/** A shader that does nothing: the first one on an adapter also pays for starting the compiler. */
export const emptyShader: ShaderSource = {
  key: "empty",
  code: `
@group(0) @binding(0) var<uniform> uniforms: vec4<u32>;
@group(0) @binding(1) var<uniform> stepIndex: vec4<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) localIndex: u32) { out[localIndex] = uniforms.x + stepIndex.x; }`,
  bindings: ["uniform", "uniform", "storage"],
};

/**
 * Compiles a shader on a new device and runs one workgroup of it on buffers of zeros, since some
 * drivers leave the most part of compiling to the first dispatch. With sizes of 0 it computes next
 * to nothing.
 *
 * It refers to nothing outside itself, so that a browser's page can evaluate it.
 *
 * @param source The shader.
 * @returns Milliseconds from its text to the end of its first dispatch.
 * @throws {Error} If there is no adapter or the shader does not compile.
 */
export async function compileTime({ key, code, bindings }: ShaderSource): Promise<number> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("There is no WebGPU adapter");
  const device = await adapter.requestDevice();
  device.pushErrorScope("validation");
  const layout = device.createBindGroupLayout({
    entries: bindings.map((type, binding) => ({
      binding,
      visibility: 4, // compute
      buffer: { type },
    })),
  });
  const size = 1024;
  const bindGroup = device.createBindGroup({
    layout,
    entries: bindings.map((type, binding) => ({
      binding,
      resource: { buffer: device.createBuffer({ size, usage: type === "uniform" ? 64 : 128 }) },
    })),
  });
  await device.queue.onSubmittedWorkDone();
  const start = performance.now();
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(1);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  const milliseconds = performance.now() - start;
  const error = await device.popErrorScope();
  device.destroy();
  if (error) throw new Error(`The shader "${key}" does not compile: ${error.message}`);
  return milliseconds;
}
