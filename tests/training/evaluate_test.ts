/** The mean loss of a model, beside the float64 reference. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  type CharModel,
  createCharModel,
  evaluate,
  fitCallbacks,
  selectDevice,
  type SequenceBatch,
  sequenceBatches,
  sparseCategoricalCrossentropy,
  train,
  validationBatches,
} from "folio";
import { CounterRandom } from "../../lib/random.ts";
import { testOnDevices } from "../testdata/devices.ts";
import { modelFloat64, someWeights } from "../testdata/model_float64.ts";

const sizes = { vocabularySize: 11, embeddingDim: 5, layers: 2 };
const weights = someWeights({ ...sizes, units: 7, batch: 1, time: 1 });

/** Ids that follow no pattern. */
function someIds(length: number): Int32Array {
  const random = new CounterRandom({ seed: 3, stream: 11 });
  return Int32Array.from({ length }, (_, i) => random.below(i, sizes.vocabularySize));
}

/** A model with the weights of the reference. */
function referenceModel(): CharModel {
  const model = createCharModel({ ...sizes, rnnUnits: 7, embeddingScale: 1, seed: 0 }, {
    initialize: false,
  });
  for (const { name, variable } of model.weights()) {
    tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(weights[name]!), variable.shape)));
  }
  return model;
}

/** The mean loss of a text that is cut into pieces, each of which begins at a state of zero. */
function expectedLoss(ids: Int32Array, pieces: readonly number[]): number {
  let [sum, start] = [0, 0];
  for (const time of pieces) {
    const [inputs, targets] = [
      ids.slice(start, start + time),
      ids.slice(start + 1, start + 1 + time),
    ];
    const shape = { ...sizes, units: 7, batch: 1, time };
    sum += time * modelFloat64(shape, { weights, tokens: { ids: inputs, targets } }).loss;
    start += time;
  }
  assert.equal(start, ids.length - 1);
  return sum / start;
}

testOnDevices("evaluate: the mean over all characters of the held-out text", async (device) => {
  const model = referenceModel();
  const before = tf.memory().numTensors;
  // 137 targets: batches of 4, 4, 4 and 1 sequences, and one of a sequence of 7.
  const ids = someIds(138);
  const batches = validationBatches(ids, { sequenceLength: 10, batchSize: 4 })!;
  const expected = expectedLoss(ids, [...Array(13).fill(10), 7]);
  const loss = await evaluate(model, batches);
  assert.ok(Math.abs(loss - expected) < device.tolerance, `${loss} and ${expected}`);
  assert.equal(await evaluate(model, batches), loss, "two evaluations of one model are the same");

  // A text that fills no batch, nor a sequence.
  const short = validationBatches(ids.subarray(0, 4), { sequenceLength: 10, batchSize: 4 })!;
  const ofShort = expectedLoss(ids.subarray(0, 4), [3]);
  assert.ok(Math.abs(await evaluate(model, short) - ofShort) < device.tolerance);
  assert.equal(tf.memory().numTensors, before);
  model.dispose();
});

testOnDevices(
  "evaluate: a carried state is zero at the streams' beginnings only",
  async (device) => {
    const model = referenceModel();
    const before = tf.memory().numTensors;
    // [ids, the lengths of the streams that are read]
    for (
      const [length, streams] of [[138, [137]], [2344, [1172, 1171]], [2001, [1000, 1000]]] as const
    ) {
      const ids = someIds(length);
      const batches = validationBatches(ids, { sequenceLength: 100, batchSize: 4 })!;
      const expected = expectedLoss(ids, streams);
      const loss = await evaluate(model, batches, { carryState: true });
      assert.ok(Math.abs(loss - expected) < device.tolerance, `${loss} and ${expected}`);
      const apart = await evaluate(model, batches);
      assert.ok(Math.abs(loss - apart) > 10 * device.tolerance, `${loss} and ${apart}`);
    }
    assert.equal(tf.memory().numTensors, before);
    model.dispose();
  },
);

Deno.test("evaluate: a carried state is freed when the evaluation fails", async () => {
  await selectDevice({ name: "cpu" });
  const model = referenceModel();
  const batches = validationBatches(someIds(138), { sequenceLength: 10 })!;
  const before = tf.memory().numTensors;
  let calls = 0;
  const failing = Object.assign(Object.create(model) as CharModel, {
    forward: (...args: Parameters<CharModel["forward"]>) => {
      if (++calls === 3) throw new Error("no more");
      return model.forward(...args);
    },
  });
  await assert.rejects(evaluate(failing, batches, { carryState: true }), /no more/);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(tf.memory().numTensors, before);
  model.dispose();
});

Deno.test("evaluate: the state is carried over validation batches only", async () => {
  await selectDevice({ name: "cpu" });
  const model = referenceModel();
  const options = { sequenceLength: 10, batchSize: 4 };
  const ids = someIds(138);
  for (const other of [sequenceBatches(ids, options), validationBatches(ids, options)!.take(2)]) {
    await assert.rejects(evaluate(model, other, { carryState: true }), {
      name: "TypeError",
      message: /Cannot carry the state.*Give what validationBatches returns/,
    });
  }
  model.dispose();
});

Deno.test("evaluate: batches of different sizes count by their characters", async () => {
  await selectDevice({ name: "cpu" });
  const model = referenceModel();
  const ids = someIds(41);
  const [large, small] = [[0, 30], [30, 40]].map(([from, to]) =>
    validationBatches(ids.subarray(from, to! + 1), { sequenceLength: 10 })!
  );
  const [ofLarge, ofSmall] = [await evaluate(model, large!), await evaluate(model, small!)];
  const both = await evaluate(model, large!.concatenate(small!));
  assert.ok(Math.abs(ofLarge - ofSmall) > 0.01);
  assert.ok(Math.abs(both - (30 * ofLarge + 10 * ofSmall) / 40) < 1e-6);
  model.dispose();
});

Deno.test("evaluate: a dataset without a batch is refused", async () => {
  await selectDevice({ name: "cpu" });
  const model = referenceModel();
  const empty = tf.data.array([]) as unknown as tf.data.Dataset<SequenceBatch>;
  await assert.rejects(evaluate(model, empty), {
    name: "RangeError",
    message: "Cannot evaluate: the dataset has no batch",
  });
  model.dispose();
});

Deno.test("evaluate: train and fitDataset take the same validation batches", async () => {
  await selectDevice({ name: "cpu" });
  const model = referenceModel();
  const options = { sequenceLength: 10, batchSize: 4 };
  const validation = validationBatches(someIds(81), options)!; // eight whole sequences
  const batches = sequenceBatches(someIds(99), { ...options, randomOffset: true });
  const { epochs } = await train(model, batches, { epochs: 2, validation });
  assert.equal(epochs[1]!.validationLoss, await evaluate(model, validation));
  const none = validationBatches(new Int32Array(0), options);
  const more = await train(model, batches, { epochs: 1, validation: none });
  assert.equal("validationLoss" in more.epochs[0]!, false);

  const losses: (number | undefined)[] = [];
  const keep = {
    onEpochEnd: (record: { validationLoss?: number | undefined }) =>
      void losses.push(record.validationLoss),
  };
  model.network.compile({ optimizer: "sgd", loss: sparseCategoricalCrossentropy });
  await model.network.fitDataset(batches, {
    epochs: 2,
    verbose: 0,
    validationData: validation,
    callbacks: fitCallbacks([keep], { model, epochs: 2, stepsPerEpoch: batches.size }),
  });
  assert.equal(losses.length, 2);
  assert.ok(Math.abs(losses[1]! - await evaluate(model, validation)) < 1e-5);
  model.dispose();
});
