/**
 * What a WebGPU adapter tells of itself.
 *
 * @module
 */

/** The name of an adapter: the most telling of what it says. */
export function adapterName({ description, device, architecture, vendor }: GPUAdapterInfo): string {
  return [description, device, architecture, vendor].find((text) => text) ??
    "a GPU without a name";
}

/** Whether an adapter computes on the CPU. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  // llvmpipe and SwiftShader do not always call themselves a fallback.
  return ((info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false) ||
    /llvmpipe|swiftshader|lavapipe|basic render/i.test(
      `${adapterName(info)} ${info.architecture}`,
    );
}
