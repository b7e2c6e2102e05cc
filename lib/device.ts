/**
 * Which device runs the model, and why.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";
import { deviceLost } from "./kernels/webgpu/device_lost.ts";
import { type CpuOptions, recoverEngine, registerKernels } from "./kernels/mod.ts";
import { adapterName, isSoftware } from "./kernels/webgpu/adapter.ts";

/** The tfjs backends that folio runs on. */
export type DeviceName = "webgpu" | "wasm" | "cpu";

/** A device, or `"auto"` for the fastest that there is. */
export type DeviceChoice = "auto" | DeviceName;

const names: readonly DeviceChoice[] = ["auto", "webgpu", "wasm", "cpu"];
const nativeChoices = ["auto", "off"] as const;
const mostThreads = 16;

/** What may be asked of {@linkcode selectDevice}. */
export interface DeviceOptions {
  /** `"auto"` (the default), `"webgpu"`, `"wasm"` or `"cpu"`. */
  readonly name?: DeviceChoice | undefined;
  /** On the CPU: `"auto"` (the default), `"none"`, or the path of a BLAS library. */
  readonly blas?: string | undefined;
  /**
   * On the CPU: `"auto"` (the default), or `"off"` for no machine code of folio's own. What is fast
   * where it is not `"off"`: Linux on x86-64 with AVX2, beside a BLAS.
   */
  readonly native?: string | undefined;
  /**
   * On the CPU: how many threads compute, from 1 to 16; default as many as the machine has cores for
   * this program. Their number changes no bit of what is computed.
   */
  readonly threads?: number | undefined;
}

/**
 * What computes, as far as the bits of a result depend on it: the same numbers come out wherever all
 * of it is the same.
 */
export interface Arithmetic {
  /** The tfjs backend. */
  readonly device: DeviceName;
  /** The GPU, where there is one. */
  readonly adapter?: string | undefined;
  /** The BLAS with its version, as far as it says. */
  readonly blas?: string | undefined;
  /** The vectors of folio's machine code, such as `AVX-512`. */
  readonly vectors?: string | undefined;
}

/** The device that runs the model. */
export interface Device {
  /** The tfjs backend. */
  readonly name: DeviceName;
  /** The hardware and libraries behind it. */
  readonly description: string;
  /** Why it was taken. */
  readonly reason: string;
  /** What computes, as far as the bits of a result depend on it. */
  readonly arithmetic: Arithmetic;
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
 * @param options The device by name, and what computes on a CPU.
 * @returns The device, which prints as one line.
 * @throws {RangeError} If there is no device of that name, or an option is out of its range.
 * @throws {Error} If the device or the BLAS that was asked for cannot be had.
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
  const { name = "auto", ...others } = options;
  const cpu = cpuOptions(others);
  if (!isOneOf(names, name)) {
    throw new RangeError(`There is no device "${name}": choose one of ${names.join(", ")}`);
  }
  if (name !== "auto") return await ready(name, { cpu, reason: "asked for by name" });
  const gpu = await adapter();
  if (gpu !== null && !gpu.software) {
    return await ready("webgpu", { cpu, reason: "there is a GPU" });
  }
  const reason = gpu === null
    ? "there is no WebGPU adapter"
    : `the only WebGPU adapter, ${gpu.description}, is software`;
  return await ready("wasm", { cpu, reason });
}

function isOneOf<Name extends string>(all: readonly Name[], name: string): name is Name {
  return (all as readonly string[]).includes(name);
}

function cpuOptions(
  { blas = "auto", native = "auto", threads }: Omit<DeviceOptions, "name">,
): CpuOptions {
  if (!isOneOf(nativeChoices, native)) {
    throw new RangeError(`native is "${native}": it must be one of ${nativeChoices.join(", ")}`);
  }
  if (threads === undefined) return { blas, native };
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
    throw new RangeError(
      `Cannot compute on ${threads} threads: give an integer from 1 to ${mostThreads}`,
    );
  }
  return { blas, native, threads };
}

const selected = new Map<string, Arithmetic>();

/** What computes on the current device; undefined where none was selected. */
export function currentArithmetic(): Arithmetic | undefined {
  return selected.get(tf.getBackend());
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
  return { description: adapterName(found.info), software: isSoftware(found.info) };
}

async function ready(
  name: DeviceName,
  { cpu, reason }: { readonly cpu: CpuOptions; readonly reason: string },
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
  // On the device that was stopped, its tensors can still be read.
  recoverEngine();
  if (!await tf.setBackend(name)) {
    throw new Error(
      `tfjs cannot start its ${name} backend: choose another device`,
    );
  }
  await tf.ready();
  if (name === "cpu") silenceNodeAdvice();
  const kernels = await registerKernels(cpu);
  const description = gpu?.description ??
    (name === "wasm" ? kernels.description : "plain JavaScript");
  const notes = kernels.notes.map((note) => `; ${note}`).join("");
  const arithmetic = {
    device: name,
    ...gpu && { adapter: gpu.description },
    ...kernels.blas && { blas: kernels.blas },
    ...kernels.vectors && { vectors: kernels.vectors },
  };
  selected.set(name, arithmetic);
  const label = { webgpu: "WebGPU", wasm: "WebAssembly", cpu: "JavaScript" }[name];
  return {
    name,
    description,
    reason: reason + notes,
    arithmetic,
    software: gpu?.software ?? false,
    lost: deviceLost(),
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
