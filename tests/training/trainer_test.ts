import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  Adam,
  createCharModel,
  type EpochRecord,
  fitCallbacks,
  selectDevice,
  type SequenceBatch,
  sequenceBatches,
  sparseCategoricalCrossentropy,
  type StepInfo,
  train,
  type TrainingCallback,
} from "folio";

const config = {
  vocabularySize: 5,
  embeddingDim: 3,
  rnnUnits: 6,
  layers: 1,
  embeddingScale: 0.5,
  seed: 1,
};
const ids = Int32Array.from({ length: 301 }, (_, i) => 1 + (i * i) % 4);
const dataset = (options = {}) =>
  sequenceBatches(ids, {
    sequenceLength: 10,
    batchSize: 4,
    seed: 5,
    ...options,
  });

Deno.test("training learns, tells every step and epoch, and leaves no tensor behind", async () => {
  await selectDevice({ name: "wasm" });
  const model = createCharModel(config);
  const optimizer = new Adam({ learningRate: 0.02 });
  const steps: StepInfo[] = [];
  const hooks: string[] = [];
  const callback: TrainingCallback = {
    onTrainBegin: () => void hooks.push("begin"),
    onEpochBegin: (epoch) => void hooks.push(`epoch ${epoch}`),
    onStepEnd: (info) => void steps.push(info),
    onEpochEnd: ({ epoch }) => void hooks.push(`end ${epoch}`),
    onTrainEnd: () => void hooks.push("done"),
  };
  await train(model, dataset(), { epochs: 1, optimizer });
  const before = tf.memory().numTensors;
  const { epochs } = await train(model, dataset(), {
    epochs: 3,
    optimizer,
    validation: dataset({ shuffleBuffer: 0 }),
    callbacks: [callback],
  });
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(hooks, [
    "begin",
    "epoch 1",
    "end 1",
    "epoch 2",
    "end 2",
    "epoch 3",
    "end 3",
    "done",
  ]);
  assert.ok(epochs[2]!.loss < epochs[0]!.loss);
  assert.ok(epochs.every(({ validationLoss }) => validationLoss! > 0));
  assert.equal(steps.length, 3 * dataset().size);
  assert.deepEqual(steps.map(({ step }) => step).slice(0, 3), [1, 2, 3]);
  assert.ok(
    steps.every(({ loss, stepsPerSecond }) => loss! > 0 && stepsPerSecond > 0),
  );
  const ofFirstEpoch = steps.filter(({ epoch }) => epoch === 1).map((
    { loss },
  ) => loss!);
  const mean = ofFirstEpoch.reduce((sum, loss) => sum + loss, 0) /
    ofFirstEpoch.length;
  assert.ok(Math.abs(mean - epochs[0]!.loss) < 1e-6);
});

Deno.test("train and fitDataset make the same steps", async () => {
  await selectDevice({ name: "wasm" });
  const byTrain = createCharModel(config);
  const { epochs } = await train(byTrain, dataset(), {
    epochs: 2,
    optimizer: new Adam(),
  });
  const byFit = createCharModel(config);
  byFit.network.compile({
    optimizer: new Adam(),
    loss: sparseCategoricalCrossentropy,
  });
  const records: EpochRecord[] = [];
  const stepCounts: number[] = [];
  await byFit.network.fitDataset(dataset(), {
    epochs: 2,
    verbose: 0,
    callbacks: fitCallbacks([{
      onStepEnd: ({ step }) => void stepCounts.push(step),
      onEpochEnd: (record) => void records.push(record),
    }], { model: byFit, epochs: 2, stepsPerEpoch: dataset().size }),
  });
  assert.deepEqual(stepCounts, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
  epochs.forEach(({ epoch, loss, steps }, i) => {
    assert.equal(records[i]!.epoch, epoch);
    assert.equal(records[i]!.steps, steps);
    assert.ok(Math.abs(records[i]!.loss - loss) < 1e-5, `epoch ${epoch}`);
  });
  for (const [i, { name, variable }] of byTrain.weights().entries()) {
    assert.deepEqual(
      await variable.data(),
      await byFit.weights()[i]!.variable.data(),
      name,
    );
  }
});

Deno.test("an abort stops at a step boundary with the signal's reason", async () => {
  await selectDevice({ name: "wasm" });
  const model = createCharModel(config);
  const controller = new AbortController();
  let steps = 0;
  const stopAtThree: TrainingCallback = {
    onStepEnd: () => {
      if (++steps === 3) controller.abort(new Error("enough"));
    },
  };
  await assert.rejects(
    train(model, dataset(), {
      epochs: 5,
      callbacks: [stopAtThree],
      signal: controller.signal,
    }),
    /enough/,
  );
  assert.equal(steps, 3);
});

Deno.test("no epochs and no batches are refused", async () => {
  await selectDevice({ name: "wasm" });
  const model = createCharModel(config);
  await assert.rejects(
    train(model, dataset(), { epochs: 0 }),
    /Cannot train 0 epochs/,
  );
  const empty = tf.data.array([]) as unknown as tf.data.Dataset<SequenceBatch>;
  await assert.rejects(
    train(model, empty, { epochs: 1 }),
    /the dataset has no batch/,
  );
});

Deno.test("Adam goes on where its weights were taken", async () => {
  await selectDevice({ name: "wasm" });
  const start = tf.tensor1d([1, 2, 3]);
  const [a, b] = [tf.variable(start), tf.variable(start)];
  const slope = (x: tf.Variable) => () => tf.sum(tf.square(x)) as tf.Scalar;
  const [first, second] = [new Adam(), new Adam()];
  for (let i = 0; i < 3; i++) first.minimize(slope(a), false, [a]);
  b.assign(a.clone());
  const weights = (await first.getWeights()).map(({ name, tensor }) => ({
    name: name.replace(a.name, b.name),
    tensor,
  }));
  await second.setWeights(weights);
  assert.equal(second.iterations, 3);
  first.minimize(slope(a), false, [a]);
  second.minimize(slope(b), false, [b]);
  assert.deepEqual(await b.data(), await a.data());
});
