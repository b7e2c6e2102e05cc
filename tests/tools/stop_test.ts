/**
 * Jupyter's Stop, on a real kernel: what is stopped at random moments, and goes on. Twenty moments for
 * each device and each mode under `--full`, else one or two.
 *
 * A cell that awaits is stopped after it has left its loop running: Deno ends a stopped cell that awaits
 * only when the garbage collector finds its promise, which may take half a minute.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { jupyterVariables, projectPaths } from "../../tools/project_paths.ts";
import { devices } from "../testdata/devices.ts";
import { repeats, runSeed } from "../testdata/extent.ts";
import { allTests, needing } from "../testdata/needs.ts";

const paths = projectPaths();

/** What can be stopped. */
const modes = [
  { mode: "own loop", awaited: true, cell: "while (true) network.trainStep(xs, ys).dispose();" },
  {
    mode: "train",
    awaited: false,
    cell: "void train(model, batches, { epochs: 1e6, optimizer });",
  },
  { mode: "write", awaited: false, cell: `void writer.generate("ab", { length: 1e7 });` },
];

const setup = (options: object, units: number) => `
import * as tf from "@tensorflow/tfjs";
import { Adam, createCharModel, lossCurve, OneStep, selectDevice } from "folio";
import { sequenceBatches, sparseCategoricalCrossentropy, train, Vocabulary } from "folio";
await selectDevice(${JSON.stringify(options)});
const text = Array.from({ length: 900 }, (_, i) => String.fromCharCode(97 + (i * i) % 23)).join("");
const vocabulary = Vocabulary.fromText(text);
const sizes = { embeddingDim: ${units / 2}, rnnUnits: ${units}, layers: 1, embeddingScale: 0.05 };
const model = createCharModel({ vocabularySize: vocabulary.size, ...sizes, seed: 1 });
const { network } = model;
const optimizer = new Adam({ learningRate: 0.002, clipNorm: 1 });
network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
const batches = sequenceBatches(vocabulary.encode(text), { sequenceLength: 20, batchSize: 4 });
const [{ xs, ys }] = await batches.take(1).toArray();
const writer = new OneStep(model, vocabulary);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const folder = await Deno.makeTempDir();
const warned: string[] = [];
console.warn = (line: string) => void warned.push(line);
let baseline = 0;
async function goOn() {
  const before = optimizer.iterations;
  await sleep(300);
  const stopped = optimizer.iterations === before;
  if (!stopped) return { stopped };
  const history = await train(model, batches.take(2) as never, { epochs: 2, optimizer });
  const losses = history.epochs.map(({ loss }) => loss);
  const written = await writer.generate("ab", { length: 40, seed: 3 });
  await writer.save(folder + "/bundle");
  const reloaded = await OneStep.load(folder + "/bundle");
  const rewritten = await reloaded.generate("ab", { length: 40, seed: 3 });
  reloaded.dispose();
  lossCurve({ run: history.epochs });
  // Which loops were left is known to the garbage collector alone.
  for (let tries = 0; tries < 50 && tf.memory().numTensors !== baseline; tries++) {
    (globalThis as any).gc();
    await sleep(20);
  }
  const tensors = tf.memory().numTensors - baseline;
  baseline += tensors;
  return { stopped, losses, same: written === rewritten, tensors, warned: warned.splice(0) };
}
await goOn();
baseline = tf.memory().numTensors;
console.log("ready");
`;

/** What the kernel says after each stop. */
interface Answer {
  readonly mode: string;
  readonly after: number;
  readonly error?: string;
  readonly stopped: boolean;
  readonly losses: readonly number[];
  readonly same: boolean;
  readonly tensors: number;
  readonly warned: readonly string[];
}

for (const { name, options, missing } of devices) {
  Deno.test({
    ...needing(
      `a kernel goes on after Stop, on ${name}`,
      ...[missing, Deno.build.os === "windows" ? "Windows has no such signal" : null],
      // One device is enough for a quick run: the one that notebooks have.
      name === "wasm with BLAS" ? null : allTests,
    ),
    fn: async () => {
      const random = randomsFrom(1 + runSeed % 1e6);
      const stops = Array.from({ length: repeats(20) }, () => modes).flat()
        .map((mode) => ({ ...mode, cell: `${mode.cell} 0`, after: 0.05 + 0.9 * random() }));
      const units = options.name === "wasm" ? 256 : 32;
      const go_on = "console.log(JSON.stringify(await goOn()))";
      const answers = await inKernel({ setup: setup(options, units), stops, go_on });
      assert.equal(answers.length, stops.length);
      for (const answer of answers) check(answer);
      const finished = answers.filter(({ warned }) => warned.length > 0).length;
      console.log(`${name}: ${answers.length} stops, ${finished} while weights changed`);
    },
  });
}

function check(answer: Answer): void {
  const { mode, after, error, stopped, losses, same, tensors } = answer;
  const where = `${mode}, stopped after ${after.toFixed(3)} s`;
  assert.equal(error, undefined, where);
  assert.ok(stopped, `${where}: it was still running`);
  assert.ok(losses.every((loss) => loss > 0 && loss < 4), `${where}: losses ${losses}`);
  assert.ok(same, `${where}: the saved model writes another text`);
  // Deno may keep the timer that a loop was waiting for, and with it what the loop holds.
  assert.ok(tensors <= (mode === "own loop" ? 0 : 12), `${where}: ${tensors} tensors left behind`);
}

/** Numbers from 0 to 1 that a seed brings again. */
function randomsFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807 + 1) % 2147483647) / 2147483647;
}

async function inKernel(cells: object): Promise<Answer[]> {
  const folder = await Deno.makeTempDir({ prefix: "folio-test-" });
  try {
    const file = join(folder, "cells.json");
    await Deno.writeTextFile(file, JSON.stringify(cells));
    const { code, stdout, stderr } = await new Deno.Command(paths.python, {
      args: [join(paths.root, "tests", "tools", "stop_kernel.py"), file, paths.root],
      env: { ...jupyterVariables(paths), DENO_V8_FLAGS: "--expose-gc" },
    }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, complaint! + said!);
    const [ready, ...answers] = said!.trim().split("\n");
    assert.equal(ready, "ready", said);
    return answers.map((line) => JSON.parse(line));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
