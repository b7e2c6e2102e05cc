/**
 * `deno task test:parity`: whether folio computes what PyTorch and Keras compute with the same
 * weights: logits, loss, all gradients, and the losses of ten steps of Adam; and whether bundles go
 * both ways between them.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { selectDevice } from "folio";
import { table } from "../../bench/statistics.ts";
import { setUp } from "../../tools/setup.ts";
import { relativeError } from "../testdata/numbers.ts";
import { type ParityCase, parityCases } from "./cases.ts";
import type { Finding } from "./findings.ts";
import { type Answer, folioLosses, folioValues } from "./folio_answer.ts";
import { compareBundles, interopPeers } from "./interop.ts";
import { compareDistributed } from "./interop_ddp.ts";
import { makeMaterial } from "./interop_material.ts";
import { askPeer, peers } from "./peer_answers.ts";

/** The largest difference over the largest reference value, tensor by tensor. */
const valueLimit = 1e-4;
/** The largest difference between two losses, in nats. */
const lossLimit = 1e-3;

const { values: options } = parseArgs({
  options: {
    device: { type: "string" },
    case: { type: "string", default: "" },
    small: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(`Compares folio with PyTorch and Keras, given the same weights.

  deno task test:parity [--device "cpu|wasm|wasm with BLAS|webgpu"] [--case TEXT] [--small]
                        [--only values|bundles]

Without --device, on all there are; --case takes the cases whose name has the text, such as
"ten steps"; --small leaves out the tutorial's and the quick size. --only values compares numbers
only, --only bundles only what becomes of a bundle in Keras and PyTorch and of theirs here.`);
  Deno.exit(0);
}

if (!["", "values", "bundles"].includes(options.only)) {
  throw new RangeError(`--only must be values or bundles, not "${options.only}"`);
}
await setUp();
// Imported after setup, because it looks for the BLAS that setup installs.
const { devices } = await import("../testdata/devices.ts");
const chosen = devices.filter(({ name, missing }) =>
  missing === null && (options.device === undefined || options.device === name)
);
if (chosen.length === 0) throw new RangeError(`There is no device "${options.device}" here`);
const largest = chosen.find(({ name }) => name === "wasm with BLAS") ?? chosen[0];
const cases = parityCases.filter(({ name, large }) =>
  options.only !== "bundles" && name.includes(options.case) && !(large && options.small)
);

const shapeOf = ({ name, config, batch, time }: ParityCase) =>
  `${name}: ${batch}×${time}, ${config.embeddingDim}→${config.rnnUnits}` +
  (config.layers > 1 ? ` ×${config.layers}` : "");

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!)));
}

const replies = [];
for (const peer of cases.length > 0 ? peers : []) {
  const reply = await askPeer(peer, cases);
  console.log(reply.description);
  replies.push({ peer, answers: reply.answers });
}

let [passed, failed] = [0, 0];
const rows = new Map<string, Record<string, string>>();

/** Compares one case on one device, and notes it in the table. */
function compare(labels: Record<"peer" | "shape", string>, { device, ours, theirs, byLoss }: {
  readonly device: string;
  readonly ours: Answer;
  readonly theirs: Answer;
  readonly byLoss: boolean;
}): void {
  for (const tensor of new Set([...ours.keys(), ...theirs.keys()])) {
    const [actual, expected] = [ours.get(tensor) ?? [], theirs.get(tensor) ?? []];
    const error = byLoss ? largestDifference(actual, expected) : relativeError(actual, expected);
    const good = error <= (byLoss ? lossLimit : valueLimit);
    if (good) passed++;
    else failed++;
    const key = [labels.peer, labels.shape, tensor].join();
    const row = rows.get(key) ??
      { ...labels, tensor, ...Object.fromEntries(chosen.map(({ name }) => [name, ""])) };
    row[device] = error.toExponential(1) + (good ? "" : " FAILED");
    rows.set(key, row);
  }
}

for (const device of cases.length > 0 ? chosen : []) {
  console.log(`folio on ${await selectDevice(device.options)}`);
  for (const parityCase of cases) {
    if (parityCase.large && device !== largest) continue;
    const byLoss = parityCase.asks === "adam";
    const values = byLoss ? undefined : await folioValues(parityCase);
    for (const { peer, answers } of replies) {
      compare({ peer: peer.name, shape: shapeOf(parityCase) }, {
        device: device.name,
        ours: values ?? await folioLosses(parityCase, peer.form),
        theirs: answers.get(parityCase)!,
        byLoss,
      });
    }
  }
}
if (rows.size > 0) {
  console.log(`
Largest difference over the largest reference value, at most ${valueLimit}; of the losses of ten
steps of Adam, each in its framework's form, the largest difference in nats, at most ${lossLimit}.
`);
  const order = peers.map(({ name }) => name);
  console.log(
    table([...rows.values()].sort((a, b) => order.indexOf(a.peer!) - order.indexOf(b.peer!))),
  );
}

if (options.only !== "values" && options.case === "") {
  console.log(`\nBundles: folio on ${await selectDevice(largest!.options)}`);
  const folder = await Deno.makeTempDir({ prefix: "folio-bundles-" });
  const findings: Finding[] = [];
  try {
    const material = await makeMaterial(folder);
    for (const peer of interopPeers) findings.push(...await compareBundles(peer, material));
    findings.push(...await compareDistributed(material));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log(`
Differences of logits are over the largest logit, those of losses in nats. A bar is a hand-over.
`);
  console.log(
    table(findings.map(({ good, ...row }) => ({ ...row, result: good ? "passed" : "FAILED" }))),
  );
  passed += findings.filter(({ good }) => good).length;
  failed += findings.filter(({ good }) => !good).length;
}
console.log(`\ntests: ${passed} passed, ${failed} failed`);
// tfjs keeps a GPU device open.
Deno.exit(failed === 0 ? 0 : 1);
