/// <reference lib="dom" />
/**
 * The model of this page: the device that it runs on, and what is read of its bundle.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type Device, type DeviceChoice, selectDevice } from "../../lib/device.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import type { DownloadProgress } from "../../lib/files/download.ts";

/** A model that is ready to write. */
export interface OpenedModel {
  readonly device: Device;
  readonly writer: OneStep;
}

/** Where a model comes from, and on what it shall run. */
export interface ModelOptions {
  /** The folder of the page, in which everything lies. */
  readonly folder: URL;
  /** `"auto"`, `"webgpu"` or `"wasm"`. */
  readonly device: DeviceChoice;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/**
 * Readies a device and loads the bundle onto it.
 *
 * @throws {Error} If the device cannot be had, or a file is missing, damaged or of another version.
 */
export async function openModel(
  { folder, device: name, onProgress }: ModelOptions,
): Promise<OpenedModel> {
  setWasmPaths(folder.href);
  const device = await select(name);
  return { device, writer: await OneStep.load(folder, { onProgress }) };
}

async function select(name: DeviceChoice): Promise<Device> {
  try {
    return await selectDevice({ name, blas: "none" });
  } catch (error) {
    // A browser may offer an adapter and then not give a device of it.
    if (name === "auto" && tf.getBackend() !== "wasm") return await select("wasm");
    if (error instanceof RangeError || name === "webgpu") throw error;
    throw new Error(
      `WebAssembly does not start (${
        (error as Error).message
      }): tfjs-backend-wasm-simd.wasm must lie ` +
        "beside this page, and the browser must know WebAssembly with SIMD, as all do since 2023",
      { cause: error },
    );
  }
}

/** The device's name for people. */
export const deviceLabel = ({ name }: Device) => name === "webgpu" ? "WebGPU" : "WebAssembly";

/** What the device is, in a sentence for people. */
export function describeDevice({ name, description, reason, software }: Device): string {
  if (name === "webgpu") return `Runs on WebGPU: ${description}${software ? ", in software" : ""}.`;
  const because = reason.split(";")[0];
  return `Runs on WebAssembly${because === "asked for by name" ? "" : `: ${because}`}.`;
}

/** What the model is, in a sentence for people. */
export function describeModel({ model, vocabulary, training }: OneStep): string {
  const count = model.weights().reduce((sum, { variable }) => sum + variable.size, 0);
  const facts = [
    `${count.toLocaleString("en")} weights`,
    `${vocabulary.size - 1} characters`,
  ];
  if (training !== undefined) {
    const { epochs, validationLoss, loss } = training;
    facts.push(epochs === 1 ? "1 epoch" : `${epochs} epochs`);
    facts.push(`loss ${(validationLoss ?? loss).toFixed(2)}`);
  }
  return `A small recurrent network that writes, one character after the other: ${
    facts.join(", ")
  }.`;
}

/**
 * A prompt to begin with: for Shakespeare, as the tutorial's; else a word with which the model
 * itself begins a line.
 */
export async function openingPrompt(writer: OneStep): Promise<string> {
  const { vocabulary, training } = writer;
  const knows = (text: string) => vocabulary.encode(text).every((id) => id > 0);
  if (training?.corpus === "shakespeare" && knows("ROMEO:")) return "ROMEO:";
  const before = ["\n", " "].find(knows) ?? vocabulary.decode([1]);
  const text = await writer.generate(before, { length: 12, temperature: 0.5 });
  const word = /[\p{L}\p{M}]+/u.exec(text.slice(before.length))?.[0];
  return word ?? vocabulary.characters.find((character) => /\p{L}/u.test(character)) ??
    vocabulary.decode([1]);
}
