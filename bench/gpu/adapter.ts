/**
 * What WebGPU says of the GPU.
 *
 * @module
 */

/** The limits that the kernels come near to. */
const limits = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
] as const;

/** The features that kernels could make use of. */
const features = ["shader-f16", "subgroups", "timestamp-query"] as const;

/** A GPU in words. */
export interface AdapterDescription {
  /** Its name, and the version of its driver where `nvidia-smi` knows it. */
  readonly name: string;
  /** Whether it says itself that it is software. */
  readonly software: boolean;
  /** Its features and limits. */
  readonly lines: readonly string[];
}

/** Asks for the adapter that folio would take; undefined if there is none. */
export async function describeAdapter(): Promise<AdapterDescription | undefined> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { description, vendor, device, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const info = adapter.info as GPUAdapterInfo & { isFallbackAdapter?: boolean };
  const driver = await nvidiaDriver();
  const present = (feature: GPUFeatureName) => adapter.features.has(feature) ? "yes" : "no";
  return {
    name: `${description || device || vendor}${driver === undefined ? "" : ` (driver ${driver})`}`,
    software: info.isFallbackAdapter ?? false,
    lines: [
      ...features.map((feature) => `${feature}: ${present(feature)}`),
      `subgroups of ${subgroupMinSize} to ${subgroupMaxSize}`,
      `all features: ${[...adapter.features].sort().join(", ")}`,
      ...limits.map((limit) => `${limit}: ${adapter.limits[limit]}`),
    ],
  };
}

async function nvidiaDriver(): Promise<string | undefined> {
  try {
    const args = ["--query-gpu=driver_version", "--format=csv,noheader"];
    const { success, stdout } = await new Deno.Command("nvidia-smi", { args }).output();
    return success ? new TextDecoder().decode(stdout).trim().split("\n")[0] : undefined;
  } catch {
    return undefined;
  }
}
