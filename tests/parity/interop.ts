/**
 * Whether bundles go both ways between folio and its peers: the same logits, the same likeliest
 * text, training that goes on as if nothing had happened, the frameworks' own files converted.
 *
 * @module
 */
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { type AdamForm, OneStep } from "folio";
import { relativeError } from "../testdata/numbers.ts";
import { atMost, falling, type Finding } from "./findings.ts";
import { compareGreedyText } from "./greedy_text.ts";
import {
  comparedShape,
  lossAtHandOver,
  type Material,
  training,
  trainOn,
  writing,
} from "./interop_material.ts";
import { runPython, startPython } from "./peer_python.ts";

/** The largest difference of logits over the largest of them. */
const logitLimit = 1e-5;
/** The largest difference of a loss before and after a hand-over, in nats. */
export const handOverLimit = 1e-4;

/** A framework, and its side of the exchange. */
export interface InteropPeer {
  readonly name: string;
  readonly id: "keras" | "torch";
  readonly form: AdamForm;
}

/** Both frameworks. */
export const interopPeers: readonly InteropPeer[] = [
  { name: "PyTorch", id: "torch", form: "pytorch" },
  { name: "Keras", id: "keras", form: "keras" },
];

/** What `interop_<peer>.py` answers. */
interface InteropAnswer {
  readonly logits: readonly {
    readonly what: string;
    readonly bundle: string;
    readonly values: readonly number[];
  }[];
  readonly texts: readonly { readonly bundle: string; readonly text: string }[];
  readonly training: {
    readonly before: number;
    readonly losses: readonly number[];
    readonly after: number;
    readonly bundle: string;
  };
  readonly readme: boolean;
  readonly damages: number;
  readonly refused: readonly string[];
}

/** A file in interop/. */
export const interopFile = (name: string) => join(import.meta.dirname!, "../../interop", name);

/** Hands the material to one framework and compares what comes back. */
export async function compareBundles(peer: InteropPeer, material: Material): Promise<Finding[]> {
  const { folder } = material;
  await runPython([join(import.meta.dirname!, `interop_${peer.id}.py`), folder]);
  const json = await Deno.readTextFile(join(folder, `${peer.id}.answer.json`));
  const answer: InteropAnswer = JSON.parse(json);
  const findings: Finding[] = [];
  const labels = (what: string) => ({ peer: peer.name, what });

  for (const { what, bundle, values } of answer.logits) {
    const writer = await OneStep.load(bundle);
    const error = relativeError(await logitsOf(writer, material.ids), values);
    findings.push(atMost(labels(what), { value: error, limit: logitLimit }));
    writer.dispose();
  }
  for (const { bundle, text } of answer.texts) {
    const writer = await OneStep.load(bundle);
    const what = `likeliest text, ${bundle.split("/").pop()}`;
    findings.push(await compareGreedyText(labels(what), { writer, theirs: text }));
    writer.dispose();
  }
  findings.push(...await compareTraining(peer, { material, answer }));
  findings.push(...await compareCommandLine(peer, { material, answer }));
  const { readme, damages, refused } = answer;
  findings.push({
    ...labels("the program in a bundle's README"),
    found: readme ? "writes the same" : "writes otherwise",
    wanted: "writes the same",
    good: readme,
  }, {
    ...labels("damaged and foreign files refused"),
    found: `${refused.length}`,
    wanted: `${damages}`,
    good: refused.length === damages,
  });
  return findings;
}

async function logitsOf({ model }: OneStep, ids: Int32Array): Promise<ArrayLike<number>> {
  const inputs = tf.tensor2d(ids, comparedShape, "int32");
  const { logits, state } = model.forward(inputs);
  const values = (await logits.data()).slice();
  tf.dispose([inputs, logits, ...state]);
  return values;
}

/** Two epochs here, two there, two here again. */
async function compareTraining(peer: InteropPeer, { material, answer }: {
  readonly material: Material;
  readonly answer: InteropAnswer;
}): Promise<Finding[]> {
  const { folder, text, losses } = material;
  const { before, after, losses: theirs, bundle } = answer.training;
  const labels = (what: string) => ({ peer: peer.name, what });
  const handOver = async (folder: string, loss: number) => {
    const { model } = await OneStep.load(folder);
    const value = Math.abs(await lossAtHandOver(model, text) - loss);
    return { model, value, limit: handOverLimit };
  };
  const there = await handOver(join(folder, "trained"), before);
  there.model.dispose();
  const back = await handOver(bundle, after);
  const ours = await trainOn(back.model, text, peer.form);
  back.model.dispose();
  return [
    atMost(labels("loss at the hand-over there"), there),
    atMost(labels("loss at the hand-over back"), back),
    falling(labels(`${training.epochs} epochs here, there, here`), [losses, theirs, ours]),
  ];
}

/** The file in interop/ as a command: it writes the same, and refuses in one line. */
async function compareCommandLine(peer: InteropPeer, { material, answer }: {
  readonly material: Material;
  readonly answer: InteropAnswer;
}): Promise<Finding[]> {
  const { prompt, length } = writing;
  const { bundle, text } = answer.texts.at(-1)!;
  const args = ["--prompt", prompt, "--length", `${length}`, "--temperature", "0"];
  const script = interopFile(`folio_${peer.id}.py`);
  const printed = await runPython([script, "generate", bundle, ...args]);
  const nowhere = join(material.folder, "nowhere");
  const refusal = await startPython([script, "generate", nowhere, ...args]);
  const told = refusal.stderr.trim().split("\n").at(-1) ?? "";
  const refused = refusal.code === 1 && told.startsWith(`folio_${peer.id}.py: `) &&
    told.includes("nowhere/folio.json") && !refusal.stderr.includes("Traceback");
  return [{
    peer: peer.name,
    what: "the command line",
    found: `${printed === text + "\n" ? "the same text" : "another text"}, ` +
      (refused ? "a refusal" : "no refusal"),
    wanted: "the same text, a refusal",
    good: printed === text + "\n" && refused,
  }];
}
