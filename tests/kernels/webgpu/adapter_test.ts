import assert from "node:assert/strict";
import { adapterName, isSoftware } from "../../../lib/kernels/webgpu/adapter.ts";

const nothing = { vendor: "", architecture: "", device: "", description: "" };
const adapterInfo = (info: Record<string, unknown>) => ({ ...nothing, ...info }) as GPUAdapterInfo;

Deno.test("adapters in software are told by what they say of themselves", () => {
  const software: [string, Record<string, unknown>][] = [
    ["llvmpipe (LLVM 15.0.6, 256 bits)", { description: "llvmpipe (LLVM 15.0.6, 256 bits)" }],
    ["swiftshader", { vendor: "google", architecture: "swiftshader" }],
    ["a CPU", { description: "a CPU", isFallbackAdapter: true }],
    ["Microsoft Basic Render Driver", { description: "Microsoft Basic Render Driver" }],
  ];
  for (const [name, info] of software) {
    assert.equal(adapterName(adapterInfo(info)), name);
    assert.ok(isSoftware(adapterInfo(info)), name);
  }
  const hardware = { vendor: "nvidia", architecture: "hopper", isFallbackAdapter: false };
  assert.equal(adapterName(adapterInfo(hardware)), "hopper");
  assert.ok(!isSoftware(adapterInfo(hardware)));
  assert.equal(adapterName(adapterInfo({})), "a GPU without a name");
});
