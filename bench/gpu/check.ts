/**
 * `check [--small]`: whether WebGPU computes what the CPU computes, so that no wrong answer is
 * reported because it is fast. Fails where it does not.
 *
 * @module
 */
import { selectDevice } from "folio";
import { furthest, modelValues, smallSizes } from "../../tests/testdata/model_values.ts";

const tolerance = 1e-4;

/** So large that the kernels take the tiles that they take at the tutorial's size. */
const largeSizes = {
  vocabularySize: 66,
  embeddingDim: 256,
  rnnUnits: 1024,
  layers: 1,
  batch: 64,
  length: 16,
  characters: 40,
};

let wrong = 0;
for (const sizes of Deno.args.includes("--small") ? [smallSizes] : [smallSizes, largeSizes]) {
  await selectDevice({ name: "wasm", blas: "none" });
  const expected = await modelValues(sizes);
  await selectDevice({ name: "webgpu" });
  const { name, error } = furthest(await modelValues(sizes), expected);
  const ok = error <= tolerance;
  if (!ok) wrong++;
  console.log(
    `check, ${sizes.rnnUnits} units: ${ok ? "right" : "WRONG"}; of ` +
      `${Object.keys(expected).length} lists of numbers ${name} lies furthest from the CPU's, by ` +
      `${error.toExponential(1)} of its largest (${tolerance} is allowed)`,
  );
}
// tfjs keeps a GPU device open.
Deno.exit(wrong === 0 ? 0 : 1);
