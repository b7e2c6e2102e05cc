/**
 * A small writer that has learned something, so that its text is no noise.
 *
 * @module
 */
import {
  Adam,
  createCharModel,
  OneStep,
  selectDevice,
  sequenceBatches,
  train,
  Vocabulary,
} from "folio";
import { CounterRandom } from "../../lib/random.ts";

const sentences = [
  "Буква за буквой растёт этот текст.\n",
  "一文字ずつ、文が生まれる。🦜\n",
  "Each letter follows the letters before it.\n",
];

/**
 * Trains a writer of two layers on three short sentences in three scripts, on WebAssembly without
 * a BLAS, as a browser runs it.
 */
export async function trainedWriter(): Promise<OneStep> {
  await selectDevice({ name: "wasm", blas: "none" });
  const random = new CounterRandom({ seed: 1, stream: 9 });
  const text = Array.from({ length: 60 }, (_, i) => sentences[random.below(i, 3)]).join("");
  const vocabulary = Vocabulary.fromText(text);
  const sizes = { embeddingDim: 12, rnnUnits: 40, layers: 2, embeddingScale: 1, seed: 5 };
  const model = createCharModel({ ...sizes, vocabularySize: vocabulary.size });
  const batches = sequenceBatches(vocabulary.encode(text), { sequenceLength: 40, batchSize: 8 });
  const optimizer = new Adam({ learningRate: 0.01, clipNorm: 1 });
  const { epochs } = await train(model, batches, { epochs: 12, optimizer });
  return new OneStep(model, vocabulary, {
    training: {
      corpus: "three sentences",
      corpusSha256: "0".repeat(64),
      epochs: epochs.length,
      loss: epochs.at(-1)!.loss,
    },
  });
}
