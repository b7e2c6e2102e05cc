/**
 * What a browser's WebGPU computes: a script for a page, which gives it a function `folioValues`.
 *
 * @module
 */
import { selectDevice } from "../../lib/device.ts";
import { modelValues, type Values, type ValueSizes } from "./model_values.ts";

/** What the page's function answers. */
export interface BrowserValues {
  readonly device: string;
  readonly values: Values;
}

async function folioValues(sizes: ValueSizes): Promise<BrowserValues> {
  const device = await selectDevice({ name: "webgpu" });
  return { device: String(device), values: await modelValues(sizes) };
}

Object.assign(globalThis, { folioValues });
