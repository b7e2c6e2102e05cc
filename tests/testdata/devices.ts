/**
 * The devices of this machine, each as a name for the test and a way to select it.
 *
 * @module
 */
import { type DeviceOptions, selectDevice } from "folio";

/** A device that tests can run on. */
export interface TestDevice {
  readonly name: string;
  readonly options: DeviceOptions;
  /** How far float32 results may lie from float64 ones, of the largest value. */
  readonly tolerance: number;
  /** Why it is not there; null if it is. */
  readonly missing: string | null;
}

const hasWebgpu = await navigator.gpu?.requestAdapter() ?? null;
const withBlas = await selectDevice({ name: "wasm" });

/** All devices, those that are missing included. */
export const devices: readonly TestDevice[] = [
  { name: "cpu", options: { name: "cpu" }, tolerance: 1e-5, missing: null },
  {
    name: "wasm",
    options: { name: "wasm", blas: "none" },
    tolerance: 1e-5,
    missing: null,
  },
  {
    name: "wasm with BLAS",
    options: { name: "wasm" },
    tolerance: 1e-5,
    missing: withBlas.description.startsWith("WebAssembly SIMD")
      ? "no BLAS was found; `deno task setup` installs one"
      : null,
  },
  {
    name: "webgpu",
    options: { name: "webgpu" },
    tolerance: 1e-4,
    missing: hasWebgpu === null
      ? "no WebGPU adapter; Debian's mesa-vulkan-drivers brings a software one"
      : null,
  },
];

/** Registers a test for each device; one that is missing is shown as skipped. */
export function testOnDevices(
  name: string,
  run: (device: TestDevice) => void | Promise<void>,
): void {
  for (const device of devices) {
    const { missing } = device;
    Deno.test({
      name: `${name}, on ${device.name}${missing === null ? "" : ` (skipped: ${missing})`}`,
      ignore: missing !== null,
      // tfjs keeps timers and a GPU device beyond the test.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        await selectDevice(device.options);
        await run(device);
      },
    });
  }
}
