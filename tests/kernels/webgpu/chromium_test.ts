import assert from "node:assert/strict";
import { join } from "node:path";
import { selectDevice } from "folio";
import { findChromium } from "../../../tools/chromium.ts";
import { bundleScript } from "../../../tools/script_bundle.ts";
import type { BrowserValues } from "../../testdata/browser_values.ts";
import { withPage } from "../../testdata/chromium.ts";
import { allTests, browser, needing } from "../../testdata/needs.ts";
import { furthest, modelValues, smallSizes } from "../../testdata/model_values.ts";

Deno.test("values that are missing, too few or no numbers lie further off than any others", () => {
  const expected = { a: [1, 2], b: [4] };
  assert.deepEqual(furthest({ a: [1, 2.5], b: [4] }, expected), { name: "a", error: 0.25 });
  assert.deepEqual(furthest({ a: [1, 9], b: [] }, expected), { name: "b", error: Infinity });
  assert.deepEqual(furthest({ a: [NaN, 2], b: [9] }, expected), { name: "a", error: Infinity });
  assert.equal(furthest({ a: [1, 2] }, expected).name, "b");
});

Deno.test({
  ...needing(
    "a model in Chromium, on WebGPU, computes what the reference ops compute here",
    ...[browser, allTests],
  ),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const out = join(folder, "values.js");
      const entry = join(import.meta.dirname!, "../../testdata/browser_values.ts");
      await bundleScript(entry, { out, platform: "browser" });
      const { device, values } = await withPage(findChromium()!, async (page) => {
        await page.addScriptTag({ path: out, type: "module" });
        await page.waitForFunction("globalThis.folioValues");
        const call = `folioValues(${JSON.stringify(smallSizes)})`;
        return await page.evaluate<BrowserValues>(call);
      });
      assert.match(device, /^WebGPU /);
      await selectDevice({ name: "cpu" });
      const expected = await modelValues(smallSizes);
      assert.deepEqual(Object.keys(values), Object.keys(expected));
      const { name, error } = furthest(values, expected);
      assert.ok(error <= 1e-4, `${name} is ${error} off`);
      assert.deepEqual(values.texts, expected.texts);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
