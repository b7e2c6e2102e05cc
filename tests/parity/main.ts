/**
 * `deno task test:parity`: whether folio computes what PyTorch and Keras compute with the same
 * weights: logits, loss, all gradients, and the losses of ten steps of Adam.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { selectDevice } from "folio";
import { table } from "../../bench/statistics.ts";
import { setUp } from "../../tools/setup.ts";
import { relativeError } from "../testdata/numbers.ts";
import { type ParityCase, parityCases } from "./cases.ts";
import { type Answer, folioLosses, folioValues } from "./folio_answer.ts";
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
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(`Compares folio with PyTorch and Keras, given the same weights.

  deno task test:parity [--device "cpu|wasm|wasm with BLAS|webgpu"] [--case TEXT] [--small]

Without --device, on all there are; --case takes the cases whose name has the text, such as
"ten steps"; --small leaves out the tutorial's and the quick size.`);
  Deno.exit(0);
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
  name.includes(options.case) && !(large && options.small)
);

const shapeOf = ({ name, config, batch, time }: ParityCase) =>
  `${name}: ${batch}×${time}, ${config.embeddingDim}→${config.rnnUnits}` +
  (config.layers > 1 ? ` ×${config.layers}` : "");

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i])));
}

const replies = [];
for (const peer of peers) {
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

for (const device of chosen) {
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
console.log(`
Largest difference over the largest reference value, at most ${valueLimit}; of the losses of ten
steps of Adam, each in its framework's form, the largest difference in nats, at most ${lossLimit}.
`);
const order = peers.map(({ name }) => name);
console.log(
  table([...rows.values()].sort((a, b) => order.indexOf(a.peer) - order.indexOf(b.peer))),
);
console.log(`\ntests: ${passed} passed, ${failed} failed`);
// tfjs keeps a GPU device open.
Deno.exit(failed === 0 ? 0 : 1);
