import assert from "node:assert/strict";
import { createCharModel, OneStep, presets, selectDevice, trainOn, Vocabulary } from "folio";
import { Checkpoints, stopOnDivergence, TrainingDiverged } from "folio";
import { FakeFiles } from "../testdata/fake_files.ts";

const corpus = { text: "who counts the sacks? the cat counts the sacks, one by one. ".repeat(40) };
const { quick } = presets;
const small = { ...quick.model, embeddingDim: 6, rnnUnits: 10 };
const training = { ...quick.training, epochs: 8, batchSize: 4, sequenceLength: 16, warmupSteps: 2 };

const step = { epoch: 2, epochs: 4, step: 7, stepsPerSecond: 1, learningRate: 0.1 };
const run = (losses: readonly (number | undefined)[], vocabularySize = 66) => {
  const { onStepEnd } = stopOnDivergence(vocabularySize);
  for (const loss of losses) onStepEnd!({ ...step, loss }, {} as never);
};

Deno.test("divergence: a loss that is no number, or stays beyond guessing, ends training", () => {
  const diverged = {
    name: "TrainingDiverged",
    message: /diverged in epoch 2, step 7: .*rate of 0.1/,
  };
  for (const loss of [NaN, Infinity, -Infinity]) assert.throws(() => run([3, loss]), diverged);
  assert.throws(() => run(new Array(50).fill(5.3)), diverged);
  assert.throws(() => run([...new Array(300).fill(1.5), ...new Array(60).fill(1e6)]), diverged);
  // Within a nat of guessing, a peak, and steps whose loss nobody knows yet.
  run(new Array(500).fill(Math.log(66) + 0.99));
  run([...new Array(40).fill(1.5), ...new Array(9).fill(15), ...new Array(400).fill(1.5)]);
  run(new Array(200).fill(undefined));
  run(new Array(500).fill(1.4), 2);
});

Deno.test("divergence: odd but healthy trainings go through", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const odd: [object, object][] = [
    [{}, {}],
    [{ embeddingScale: 30 }, {}],
    [{ embeddingScale: 0 }, {}],
    [{ rnnUnits: 1 }, {}],
    [{ layers: 3 }, {}],
    [{}, { learningRate: 0.1 }],
    [{}, { learningRate: 1e-9, finalLearningRate: 1e-9 }],
    [{}, { clipNorm: null, learningRate: 0.05 }],
    [{}, { clipNorm: 1e-6 }],
    [{}, { sequenceLength: 1, batchSize: 64 }],
    [{}, { warmupSteps: 0, decay: "none" }],
  ];
  for (const [sizes, schedule] of odd) {
    const preset = {
      model: { ...small, ...sizes },
      training: { ...training, ...schedule, epochs: 3 },
    };
    using trained = await trainOn(corpus, preset);
    assert.equal(trained.history.epochs.length, 3, JSON.stringify([sizes, schedule]));
  }
});

Deno.test("divergence: a rate that is far too high ends training, and the last good state stays", async () => {
  await selectDevice({ name: "cpu" });
  const files = new FakeFiles();
  const checkpoints = new Checkpoints("/run", { files });
  const wild = {
    ...training,
    learningRate: 30,
    finalLearningRate: 30,
    clipNorm: null,
    warmupSteps: 60,
  };
  await assert.rejects(
    trainOn(corpus, { model: small, training: wild }, { checkpoints }),
    (error) =>
      error instanceof TrainingDiverged && /the mean loss of the last 50/.test(error.message),
  );
  assert.ok((await checkpoints.list()).every(({ loss }) => Number.isFinite(loss)));
});

Deno.test("divergence: weights that are no numbers are neither saved nor written with", async () => {
  await selectDevice({ name: "cpu" });
  const vocabulary = Vocabulary.fromText("abc");
  using model = createCharModel({ ...small, vocabularySize: vocabulary.size });
  const [, { variable }] = model.weights() as [unknown, { variable: { assign(t: unknown): void } }];
  const writer = new OneStep(model, vocabulary);
  const dir = await Deno.makeTempDir({ prefix: "folio-test-" });
  await writer.save(`${dir}/good`);
  const tf = await import("@tensorflow/tfjs");
  variable.assign(tf.fill((variable as unknown as { shape: number[] }).shape, NaN));
  await assert.rejects(writer.save(`${dir}/bad`), /number 0 of the weight "gru.0.kernel" is NaN/);
  await assert.rejects(Deno.stat(`${dir}/bad`), Deno.errors.NotFound);
  const record = { epoch: 1, loss: 1, seconds: 1, steps: 1, learningRate: 1 };
  const optimizer = tf.train.sgd(1);
  await assert.rejects(
    new Checkpoints(`${dir}/checkpoints`).save({ model, optimizer, epochs: [record], step: 1 }),
    /Cannot save the checkpoint .*"gru.0.kernel" is NaN/,
  );
  await Deno.remove(dir, { recursive: true });
});
