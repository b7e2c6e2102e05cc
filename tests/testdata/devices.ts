/**
 * The devices of this machine, each as a name for the test and a way to select it.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { type DeviceOptions, selectDevice } from "folio";
import { allTests, type Need, needing } from "./needs.ts";

/** A device that tests can run on. */
export interface TestDevice {
  readonly name: string;
  readonly options: DeviceOptions;
  /** How far float32 results may lie from float64 ones, of the largest value. */
  readonly tolerance: number;
  /** Why it is not there; null if it is. */
  readonly missing: Need;
}

// Linux' graphics libraries complain at every start of a session without a runtime folder.
if (Deno.build.os === "linux" && Deno.env.get("XDG_RUNTIME_DIR") === undefined) {
  Deno.env.set("XDG_RUNTIME_DIR", tmpdir());
}

const hasWebgpu = await navigator.gpu?.requestAdapter() ?? null;
const withBlas = await selectDevice({ name: "wasm" });

/** A WebGPU adapter, in hardware or in software. */
export const webgpu: Need = hasWebgpu === null
  ? "no WebGPU adapter; on Debian `apt install mesa-vulkan-drivers libvulkan1` brings one"
  : null;

/** A BLAS. */
export const blas: Need = withBlas.description.startsWith("WebAssembly SIMD")
  ? "no BLAS was found; `deno task setup` installs one"
  : null;

/** Machine code of the GRU, which stands beside a BLAS. */
export const machineCode: Need = blas ??
  (withBlas.arithmetic.vectors === undefined
    ? "folio writes machine code for Linux on x86-64 with AVX2"
    : null);

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
    missing: blas,
  },
  {
    name: "webgpu",
    options: { name: "webgpu" },
    tolerance: 1e-4,
    missing: webgpu,
  },
];

/** Registers a test for WebGPU alone. */
export function testOnWebgpu(
  name: string,
  run: (device: TestDevice) => void | Promise<void>,
): void {
  register(name, { device: devices.find(({ name }) => name === "webgpu")!, run });
}

/** Registers a test of a GPU's tiles, which an adapter in software takes long to compile. */
export function testGpuTiles(
  name: string,
  run: (device: TestDevice) => void | Promise<void>,
): void {
  const device = devices.find(({ name }) => name === "webgpu")!;
  register(name, { device: { ...device, missing: device.missing ?? allTests }, run });
}

/**
 * Registers a test for each device; one that is missing is shown as skipped.
 *
 * @param needOf What the test needs besides on a device; default nothing.
 */
export function testOnDevices(
  name: string,
  run: (device: TestDevice) => void | Promise<void>,
  needOf: (device: TestDevice) => Need = () => null,
): void {
  for (const device of devices) {
    register(name, { device: { ...device, missing: device.missing ?? needOf(device) }, run });
  }
}

function register(
  name: string,
  { device, run }: {
    readonly device: TestDevice;
    readonly run: (device: TestDevice) => void | Promise<void>;
  },
): void {
  Deno.test({
    ...needing(`${name}, on ${device.name}`, device.missing),
    // tfjs keeps timers and a GPU device beyond the test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await selectDevice(device.options);
      await run(device);
    },
  });
}
