/**
 * A compute shader, and how it becomes a pipeline.
 *
 * @module
 */

/** A buffer that a shader reads or writes. */
export interface Binding {
  readonly name: string;
  readonly access: "read" | "read_write";
  /** Its WGSL type; default `array<f32>`. */
  readonly type?: string;
}

/** A compute shader. */
export interface Shader {
  /** Tells it from all other shaders, those of other tile sizes included. */
  readonly key: string;
  readonly buffers: readonly Binding[];
  /** The names and WGSL types of the numbers that are the same for a whole call. */
  readonly uniforms: Readonly<Record<string, "u32" | "f32">>;
  /** The WGSL after the declarations, which are made from the above. */
  readonly code: () => string;
}

/** A shader that is ready to run. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/**
 * Compiles a shader.
 *
 * The buffers are bound in their order; after them come the uniforms, which the WGSL sees
 * as `uniforms`, and the number of the step, with a dynamic offset, as `stepIndex.value`.
 */
export function compile(device: GPUDevice, shader: Shader): Pipeline {
  const types: GPUBufferBindingLayout[] = [
    ...shader.buffers.map(({ access }) => ({
      type: access === "read" ? "read-only-storage" as const : "storage" as const,
    })),
    { type: "uniform" },
    { type: "uniform", hasDynamicOffset: true },
  ];
  const visibility = GPUShaderStage.COMPUTE;
  const entries = types.map((buffer, binding) => ({ binding, visibility, buffer }));
  const layout = device.createBindGroupLayout({ entries });
  const module = device.createShaderModule({ label: shader.key, code: wgsl(shader) });
  const pipeline = device.createComputePipeline({
    label: shader.key,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  return { pipeline, layout };
}

/** The whole WGSL: the declarations of buffers, `uniforms` and `stepIndex`, and the code. */
export function wgsl({ buffers, uniforms, code }: Shader): string {
  const storage = buffers.map(({ name, access, type = "array<f32>" }, i) =>
    `@group(0) @binding(${i}) var<storage, ${access}> ${name}: ${type};`
  );
  const fields = Object.entries(uniforms).map(([name, type]) => `${name}: ${type},`);
  return `
${storage.join("\n")}
struct Uniforms { ${fields.join(" ")} }
@group(0) @binding(${buffers.length}) var<uniform> uniforms: Uniforms;
struct StepIndex { value: u32 }
@group(0) @binding(${buffers.length + 1}) var<uniform> stepIndex: StepIndex;
${code()}`;
}
