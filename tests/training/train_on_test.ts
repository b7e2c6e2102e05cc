import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Checkpoints, presets, selectDevice, type TrainingCallback, trainOn } from "folio";
import { weightsToRecords } from "../../lib/model/weights.ts";

const corpus = { text: "to be, or not to be: that is the question. ".repeat(20) };
const preset = {
  model: { ...presets.quick.model, embeddingDim: 4, rnnUnits: 6 },
  training: { ...presets.quick.training, epochs: 3, batchSize: 4, sequenceLength: 12 },
};

const lasting = (epochs: readonly { epoch: number; loss: number; validationLoss?: unknown }[]) =>
  epochs.map(({ epoch, loss, validationLoss }) => ({ epoch, loss, validationLoss }));

Deno.test("trainOn: stopped in an epoch and resumed, it ends as if it had never stopped", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const before = tf.memory().numTensors;
  const dir = await Deno.makeTempDir({ prefix: "folio-test-" });
  const checkpoints = new Checkpoints(dir);
  using whole = await trainOn(corpus, preset);
  assert.equal(whole.history.epochs.length, 3);
  assert.ok(whole.history.epochs.every(({ validationLoss }) => validationLoss! > 0));

  const stop = new AbortController();
  const stopLate: TrainingCallback = {
    async onStepEnd({ epoch, step }, context) {
      if (epoch !== 2 || step !== 3) return;
      await checkpoints.save(context);
      stop.abort();
    },
  };
  const callbacks = [stopLate];
  using cut = await trainOn(corpus, preset, { checkpoints, callbacks, signal: stop.signal });
  assert.deepEqual(lasting(cut.history.epochs), lasting(whole.history.epochs.slice(0, 1)));

  const plans: unknown[] = [];
  using resumed = await trainOn(corpus, preset, {
    ...{ checkpoints, resume: true },
    onReady: ({ checkpoint, ...plan }) =>
      void plans.push([checkpoint?.unfinished?.steps, plan.epochs, plan.heldOutLength]),
  });
  assert.deepEqual(plans, [[3, 3, 86]]);
  assert.deepEqual(lasting(resumed.history.epochs), lasting(whole.history.epochs));
  const [expected, actual] = await Promise.all(
    [whole, resumed].map(({ model }) => weightsToRecords(model.weights())),
  );
  assert.deepEqual(actual, expected);
  for (const trained of [whole, cut, resumed]) trained.dispose();
  assert.equal(tf.memory().numTensors, before);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("trainOn: what cannot be trained on is said, and leaves nothing behind", async () => {
  await selectDevice({ name: "cpu" });
  const before = tf.memory().numTensors;
  const failing = { onStepEnd: () => Promise.reject(new Error("the disk is full")) };
  const wrong: [() => Promise<unknown>, RegExp][] = [
    [() => trainOn({ text: "too short" }, preset), /Cannot fill one batch with/],
    [() => trainOn(corpus, "nope" as "quick"), /no preset "nope": give one of quick, tutorial/],
    [() => trainOn(corpus, "toString" as "quick"), /no preset "toString"/],
    [
      () => trainOn(corpus, { ...preset, model: { ...preset.model, layers: 0 } }),
      /layers 0/,
    ],
    [() => trainOn(corpus, preset, { callbacks: [failing] }), /the disk is full/],
    [
      () => trainOn(corpus, preset, { onReady: () => Promise.reject(new Error("not now")) }),
      /not now/,
    ],
  ];
  for (const [run, message] of wrong) await assert.rejects(run, message);
  assert.equal(tf.memory().numTensors, before);
});
