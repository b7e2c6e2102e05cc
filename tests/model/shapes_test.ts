import assert from "node:assert/strict";
import { selectDevice } from "folio";
import { registerPlainCrossentropy } from "../../lib/kernels/plain/crossentropy.ts";
import { registerPlainGru } from "../../lib/kernels/plain/gru.ts";
import { testOnDevices } from "../testdata/devices.ts";
import { casesInRun } from "../testdata/extent.ts";
import { allTests, needing } from "../testdata/needs.ts";
import type { ModelShape } from "../testdata/model_float64.ts";
import { furthestAt, shapes } from "../testdata/shape_table.ts";

/** How often the GRUs multiply by a weight of their recurrent kernels, up to a factor. */
const products = ({ batch, time, units, layers }: ModelShape) => batch * time * layers * units ** 2;

/**
 * Whether a shape takes tfjs' plain JavaScript, or a GPU in software, many seconds. They leave these
 * five out; for the reference ops they are done on other products below.
 */
const isLarge = (shape: ModelShape) => products(shape) > 20e6;

/** Whether a shape takes every device, and the reference, no time. */
const isSmall = (shape: ModelShape) => products(shape) < 0.5e6 && shape.time <= 2;

async function compareAt(shape: ModelShape, tolerance: number): Promise<void> {
  const { name, error } = await furthestAt(shape);
  assert.ok(error <= tolerance, `${JSON.stringify(shape)}: ${name} is ${error} off`);
}

testOnDevices(
  "logits, loss and all gradients are the float64 reference's in every shape",
  async ({ options, tolerance }) => {
    const { name, software } = await selectDevice(options);
    const isSlow = name === "cpu" || software;
    for (const shape of casesInRun(shapes, isSmall)) {
      if (isSlow && isLarge(shape)) continue;
      await compareAt(shape, tolerance);
    }
  },
);

Deno.test({
  ...needing(
    "the reference ops give the float64 reference's gradients in the largest shapes",
    allTests,
  ),
  async fn() {
    // tfjs' plain JavaScript would take minutes for their products, its WebAssembly takes seconds.
    const device = { name: "wasm", blas: "none" } as const;
    await selectDevice(device);
    try {
      registerPlainGru("wasm");
      registerPlainCrossentropy("wasm");
      const large = shapes.filter(isLarge);
      assert.equal(large.length, 5);
      for (const shape of large) await compareAt(shape, 1e-5);
    } finally {
      await selectDevice(device);
    }
  },
});
