/**
 * `deno task bench:training`: trains the tutorial's model on the tutorial's text, as the tutorial
 * does, and sets the loss of each epoch beside the tutorial's.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import {
  Checkpoints,
  type EpochRecord,
  loadCorpus,
  lossCurve,
  presets,
  selectDevice,
  trainingProgress,
  trainOn,
} from "folio";
import { corpusArgument } from "../tools/corpus_argument.ts";
import { projectPaths } from "../tools/project_paths.ts";
import { setUp } from "../tools/setup.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { drawPng } from "./plot.ts";

/** What the tutorial's page prints for its twenty epochs, in nats per character. */
// deno-fmt-ignore
const tutorialLosses = [
  2.7276, 1.9853, 1.7084, 1.5496, 1.4513, 1.3830, 1.3311, 1.2864, 1.2466, 1.2074,
  1.1679, 1.1264, 1.0839, 1.0383, 0.9894, 0.9389, 0.8877, 0.8347, 0.7840, 0.7356,
];
/** How far from them a run of ours may end, since first weights and order are its own. */
const tolerance = 0.05;

const help = `Trains the preset "tutorial" and compares each epoch's loss with the tutorial's.

  deno task bench:training [--epochs 10] [--out FILE.json] [--checkpoints FOLDER]

An epoch has 172 steps; on two cores with a BLAS ten epochs take some forty minutes. A run that
was cut off goes on from its last checkpoint. It fails where a loss lies further than ${tolerance}
nats from the tutorial's.`;

const paths = projectPaths();
const { values: options } = parseArgs({
  options: {
    epochs: { type: "string", default: "10" },
    out: { type: "string", default: join(paths.root, "bench", "results", "training", "cpu.json") },
    checkpoints: { type: "string", default: join(paths.outputs, "bench", "training") },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<boolean> {
  const epochs = Number(options.epochs);
  if (!Number.isInteger(epochs) || epochs < 1 || epochs > tutorialLosses.length) {
    const range = `an integer from 1 to ${tutorialLosses.length}`;
    throw new RangeError(`--epochs must be ${range}, not "${options.epochs}"`);
  }
  await setUp(paths);
  const device = await selectDevice();
  const machine = describeMachine();
  console.log(`${device}\n${machineLine(machine)}`);
  const folder = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const named = corpusArgument(Deno.env.get("FOLIO_CORPUS"), folder);
  const corpus = await loadCorpus(named ?? "shakespeare");
  const { model, training } = presets.tutorial;
  using trained = await trainOn(corpus, { model, training: { ...training, epochs } }, {
    checkpoints: new Checkpoints(options.checkpoints),
    resume: true,
    callbacks: [trainingProgress()],
  });

  const rows = trained.history.epochs.map((record) => withReference(record));
  console.table(rows);
  const report = {
    date: new Date().toISOString(),
    machine,
    device: device.description,
    corpus: { name: corpus.name, sha256: corpus.sha256 },
    model: trained.model.config,
    training,
    epochs: rows,
  };
  await Deno.mkdir(dirname(options.out), { recursive: true });
  await Deno.writeTextFile(options.out, JSON.stringify(report, null, 2) + "\n");
  const { data, layout } = lossCurve({
    "folio": trained.history.epochs,
    "the tutorial": tutorialLosses.slice(0, rows.length).map((loss, i) => ({ epoch: i + 1, loss })),
  }, { title: "Training loss, the tutorial's model and text" });
  const path = options.out.replace(/\.json$/, ".png");
  const figure = { data: [...data], layout: { ...layout, width: 800, height: 500 } };
  await drawPng(figure, path);
  return rows.every(({ difference }) => Math.abs(difference) <= tolerance);
}

/** An epoch with the tutorial's loss, and how much higher ours is. */
function withReference({ epoch, loss, seconds, steps }: EpochRecord) {
  const tutorial = tutorialLosses[epoch - 1];
  const round = (value: number) => Number(value.toFixed(4));
  return {
    epoch,
    loss: round(loss),
    tutorial,
    difference: round(loss - (tutorial ?? NaN)),
    seconds: Math.round(seconds),
    secondsPerStep: round(seconds / steps),
  };
}

if (options.help) {
  console.log(help);
} else {
  try {
    const close = await main();
    if (!close) console.error(`bench: a loss lies further than ${tolerance} from the tutorial's`);
    // tfjs keeps a GPU device open.
    Deno.exit(close ? 0 : 1);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
