/**
 * The bundles and the text that folio hands to Keras and PyTorch.
 *
 * @module
 */
import { join } from "node:path";
import {
  Adam,
  type AdamForm,
  CharModel,
  createCharModel,
  evaluate,
  OneStep,
  sequenceBatches,
  train,
  Vocabulary,
} from "folio";
import { assignWeights } from "../../lib/model/weights.ts";
import { loadStandIn } from "../../lib/text/stand_in.ts";
import { someWeights } from "./cases.ts";

/** How models are trained, here and there. */
export const training = {
  epochs: 2,
  batchSize: 32,
  sequenceLength: 50,
  learningRate: 0.005,
  /** Over how many batches the loss at a hand-over is taken. */
  evaluatedBatches: 4,
};

/** What the likeliest text goes on from, and for how many characters. */
export const writing = { prompt: "The whale", length: 500 };

/** A folder with `small`, `trained`, `memorized`, `corpus.txt` and `asked.json`. */
export interface Material {
  readonly folder: string;
  readonly vocabulary: Vocabulary;
  /** The whole text. */
  readonly text: Int32Array;
  /** Three sequences whose logits are compared. */
  readonly ids: Int32Array;
  /** The losses of the two epochs of `trained`. */
  readonly losses: readonly number[];
}

/** How many of the text's characters are a sequence whose logits are compared. */
export const comparedShape: [number, number] = [3, 101];

/** Writes all that the peers are given into a folder. */
export async function makeMaterial(folder: string): Promise<Material> {
  // A text that is there without a network; which one it is does not matter.
  const request = { requested: "shakespeare", tried: [], path: "", sha256: "" };
  const corpus = (await loadStandIn(request)).text.slice(0, 60_000);
  await Deno.writeTextFile(join(folder, "corpus.txt"), corpus);
  const vocabulary = Vocabulary.fromText(corpus);
  const text = vocabulary.encode(corpus);
  const ids = text.slice(0, comparedShape[0] * comparedShape[1]);
  const sizes = { vocabularySize: vocabulary.size, embeddingScale: 0.05, seed: 1 };

  // Two layers whose gates leave their linear range.
  const smallConfig = { ...sizes, embeddingDim: 16, rnnUnits: 33, layers: 2 };
  const small = new CharModel(smallConfig);
  assignWeights(small.weights(), new Map(someWeights(smallConfig).map((r) => [r.name, r])));
  await new OneStep(small, vocabulary).save(join(folder, "small"));
  small.dispose();

  const trained = createCharModel({ ...sizes, embeddingDim: 32, rnnUnits: 96, layers: 1 });
  const losses = await trainOn(trained, text, "keras");
  const summary = {
    corpus: "moby-dick",
    corpusSha256: "0".repeat(64),
    epochs: training.epochs,
    loss: losses.at(-1)!,
  };
  const writer = new OneStep(trained, vocabulary, { training: summary });
  await writer.save(join(folder, "trained"));
  trained.dispose();

  await saveMemorized(join(folder, "memorized"), vocabulary, text.subarray(0, 1500));

  const bundles = ["small", "trained", "memorized"];
  const asked = { ...training, ...writing, bundles, ids: rows(ids) };
  await Deno.writeTextFile(join(folder, "asked.json"), JSON.stringify(asked));
  return { folder, vocabulary, text, ids, losses };
}

/**
 * A model that knows a page by heart: its likeliest text is no loop of a few characters, as that
 * of a model after two epochs is.
 */
async function saveMemorized(
  folder: string,
  vocabulary: Vocabulary,
  text: Int32Array,
): Promise<void> {
  const sizes = { embeddingDim: 16, rnnUnits: 64, layers: 2, embeddingScale: 0.05, seed: 1 };
  const model = createCharModel({ ...sizes, vocabularySize: vocabulary.size });
  const batches = sequenceBatches(text, { batchSize: 13, randomOffset: true });
  await train(model, batches, { epochs: 150, optimizer: new Adam({ learningRate: 0.02 }) });
  const writer = new OneStep(model, vocabulary);
  const written = await writer.generate(writing.prompt, { ...writing, temperature: 0.01 });
  const kinds = new Set(written).size;
  if (kinds < 20) throw new Error(`The likeliest text has ${kinds} different characters only`);
  await writer.save(folder);
  model.dispose();
}

/** Trains a model two epochs; returns the loss of each. */
export async function trainOn(
  model: CharModel,
  text: Int32Array,
  form: AdamForm,
): Promise<number[]> {
  const { epochs, learningRate } = training;
  const optimizer = new Adam({ learningRate, form });
  const batches = sequenceBatches(text, { ...training, shuffleBuffer: 0 });
  const history = await train(model, batches, { epochs, optimizer });
  optimizer.dispose();
  return history.epochs.map(({ loss }) => loss);
}

/** The loss on the first batches of the text, where a model changes hands. */
export function lossAtHandOver(model: CharModel, text: Int32Array): Promise<number> {
  const { batchSize, sequenceLength, evaluatedBatches } = training;
  const part = text.subarray(0, evaluatedBatches * batchSize * (sequenceLength + 1));
  return evaluate(model, sequenceBatches(part, { batchSize, sequenceLength, shuffleBuffer: 0 }));
}

function rows(ids: Int32Array): number[][] {
  const [count, length] = comparedShape;
  return Array.from(
    { length: count },
    (_, row) => [...ids.subarray(row * length, (row + 1) * length)],
  );
}
