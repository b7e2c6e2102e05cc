/**
 * `deno task bench`: how long a training step takes here.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { selectDevice } from "folio";
import { describeMachine } from "./machine.ts";
import { summarize, table } from "./statistics.ts";
import { trainingSteps } from "./train_step.ts";

const { values } = parseArgs({
  options: {
    device: { type: "string" },
    blas: { type: "string" },
    rounds: { type: "string", default: "5" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`Times one training step at the size of each preset.

  deno task bench [--device auto|webgpu|wasm|cpu] [--blas auto|none|PATH] [--rounds 5]`);
  Deno.exit(0);
}

const device = await selectDevice({
  name: values.device ?? Deno.env.get("FOLIO_DEVICE"),
  blas: values.blas ?? Deno.env.get("FOLIO_BLAS"),
});
console.log(describeMachine());
console.log(String(device));

const rows = [];
for (const preset of ["quick", "tutorial"] as const) {
  const { milliseconds, peakMegabytes, gigaflop } = await trainingSteps(preset, {
    rounds: Number(values.rounds),
  });
  const { median, least, most } = summarize(milliseconds);
  rows.push({
    "training step": preset,
    "median ms": median.toFixed(0),
    "least ms": least.toFixed(0),
    "most ms": most.toFixed(0),
    "GFLOP/s": (gigaflop / median * 1000).toFixed(0),
    "process MB": peakMegabytes.toFixed(0),
  });
}
console.log(table(rows));
