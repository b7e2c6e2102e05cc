/**
 * How long a person waits on WebGPU for the first training step and the first character: a script
 * for Deno, and for a page, which gets it as a function `folioFirstTimes`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
// Not from "folio": its corpora need Node's modules, which a browser does not have.
import { presets } from "../../lib/config.ts";
import { selectDevice } from "../../lib/device.ts";
import { OneStep } from "../../lib/generation/one_step.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import { sparseCategoricalCrossentropy } from "../../lib/model/loss.ts";
import { Vocabulary } from "../../lib/text/vocabulary.ts";
import { Adam } from "../../lib/training/adam.ts";

/** How long something takes the first time, and the second, when all is compiled: milliseconds. */
export interface FirstTime {
  readonly what: string;
  readonly first: number;
  readonly second: number;
}

/**
 * How many characters a sequence has: so few that a software adapter takes seconds for a step, and
 * so many that the step needs the shaders that one of the whole 100 needs.
 */
const sequenceLength = 8;

/** Trains and writes twice with the model and the batches of the preset `quick`, 66 tokens. */
export async function firstTimes(): Promise<FirstTime[]> {
  await selectDevice({ name: "webgpu" });
  const { model: sizes, training: { batchSize, clipNorm } } = presets.quick;
  const characters = Array.from({ length: 65 }, (_, i) => String.fromCodePoint(48 + i)).join("");
  const vocabulary = Vocabulary.fromText(characters);
  const model = createCharModel({ ...sizes, vocabularySize: vocabulary.size });
  const writer = new OneStep(model, vocabulary);
  const write = async () => {
    await writer.generate(characters.slice(0, 8), { length: 1, seed: 0 });
  };
  const ids = Int32Array.from({ length: batchSize * sequenceLength }, (_, i) => 1 + i % 65);
  const batch = tf.tensor2d(ids, [batchSize, sequenceLength], "int32");
  model.network.compile({
    optimizer: new Adam({ clipNorm }),
    loss: sparseCategoricalCrossentropy,
  });
  const train = async () => {
    const loss = model.network.trainStep(batch, batch);
    await loss.data();
    loss.dispose();
  };
  return [
    { what: "the first character", ...await twice(write) },
    { what: "the first training step", ...await twice(train) },
  ];
}

async function twice(act: () => Promise<void>): Promise<{ first: number; second: number }> {
  const start = performance.now();
  await act();
  const between = performance.now();
  await act();
  return { first: between - start, second: performance.now() - between };
}

Object.assign(globalThis, { folioFirstTimes: firstTimes });
