/**
 * Which device runs the model, and why.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";
import { deviceLoss } from "./kernels/device_loss.ts";
import { registerKernels } from "./kernels/mod.ts";

/** The tfjs backends that folio runs on. */
export type DeviceName = "webgpu" | "wasm" | "cpu";

const names = ["auto", "webgpu", "wasm", "cpu"] as const;

/** What may be asked of {@linkcode selectDevice}. */
export interface DeviceOptions {
  /** `"auto"` (the default), `"webgpu"`, `"wasm"` or `"cpu"`. */
  readonly name?: string;
  /** On the CPU: `"auto"` (the default), `"none"`, or the path of a BLAS library. */
  readonly blas?: string;
}

/** The device that runs the model. */
export interface Device {
  /** The tfjs backend. */
  readonly name: DeviceName;
  /** The hardware and libraries behind it. */
  readonly description: string;
  /** Why it was taken. */
  readonly reason: string;
  /** Whether it is a GPU in software: right, but far too slow to train on. */
  readonly software: boolean;
  /** Resolves with the reason when the device is gone, as a GPU may be; a CPU never is. */
  readonly lost: Promise<string>;
  /** All of that in one line. */
  toString(): string;
}

/**
 * Picks the device and readies tfjs on it: WebGPU where there is a real GPU, else
 * WebAssembly with the fastest matrix products the machine has.
 *
 * @param options the device by name, and the BLAS
 * @returns the device, which prints as one line
 * @throws {RangeError} if there is no device of that name
 * @throws {Error} if the device that was asked for cannot be had
 *
 * @example Run on the CPU
 * ```ts
 * import { selectDevice } from "folio";
 * import assert from "node:assert/strict";
 *
 * const device = await selectDevice({ name: "wasm" });
 * assert.equal(device.name, "wasm");
 * assert.equal(device.reason, "asked for by name");
 * ```
 */
export async function selectDevice(
  options: DeviceOptions = {},
): Promise<Device> {
  const { name = "auto", blas = "auto" } = options;
  if (!(names as readonly string[]).includes(name)) {
    throw new RangeError(
      `There is no device "${name}": choose one of ${names.join(", ")}`,
    );
  }
  if (name !== "auto") {
    return await ready(name as DeviceName, {
      blas,
      reason: "asked for by name",
    });
  }
  const gpu = await adapter();
  if (gpu !== null && !gpu.software) {
    return await ready("webgpu", { blas, reason: "there is a GPU" });
  }
  const reason = gpu === null
    ? "there is no WebGPU adapter"
    : `the only WebGPU adapter, ${gpu.description}, is software`;
  return await ready("wasm", { blas, reason });
}

interface Adapter {
  readonly description: string;
  readonly software: boolean;
}

/** The WebGPU adapter tfjs would take, or null. */
async function adapter(): Promise<Adapter | null> {
  const found = await globalThis.navigator?.gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
  if (!found) return null;
  const info = found.info as GPUAdapterInfo & { isFallbackAdapter?: boolean };
  const description = [info.description, info.device, info.architecture, info.vendor]
    .find((text) => text) ?? "a GPU without a name";
  // llvmpipe and SwiftShader do not always call themselves a fallback.
  const software = (info.isFallbackAdapter ?? false) ||
    /llvmpipe|swiftshader|lavapipe|basic render/i.test(
      `${description} ${info.architecture}`,
    );
  return { description, software };
}

async function ready(
  name: DeviceName,
  { blas, reason }: { readonly blas: string; readonly reason: string },
): Promise<Device> {
  const gpu = name === "webgpu" ? await adapter() : null;
  if (name === "webgpu" && gpu === null) {
    throw new Error(
      "There is no WebGPU adapter: install a GPU driver with Vulkan, Metal or Direct3D 12 " +
        "(on Debian, mesa-vulkan-drivers brings a software one), or choose the device wasm",
    );
  }
  // Threads would share the heap, and folio's kernels are made for one that is not shared.
  if (name === "wasm") tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!await tf.setBackend(name)) {
    throw new Error(
      `tfjs cannot start its ${name} backend: choose another device`,
    );
  }
  await tf.ready();
  if (name === "cpu") silenceNodeAdvice();
  const kernels = await registerKernels({ blas });
  const description = gpu?.description ??
    (name === "wasm" ? kernels.products : "plain JavaScript");
  const notes = kernels.notes.map((note) => `; ${note}`).join("");
  const label = { webgpu: "WebGPU", wasm: "WebAssembly", cpu: "JavaScript" }[name];
  return {
    name,
    description,
    reason: reason + notes,
    software: gpu?.software ?? false,
    lost: deviceLoss(),
    toString: () => `${label} (${description}): ${reason}${notes}`,
  };
}

/** tfjs' CPU backend takes Deno for Node.js, and on its first tensor advises to install tfjs-node. */
function silenceNodeAdvice(): void {
  const flags = tf.env();
  const isNode = flags.getBool("IS_NODE");
  flags.set("IS_NODE", false);
  tf.scalar(0).dispose();
  flags.set("IS_NODE", isNode);
}
