import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  Adam,
  createCharModel,
  presets,
  selectDevice,
  sequenceBatches,
  sparseCategoricalCrossentropy,
  train,
} from "folio";
import { engineOf } from "../../lib/kernels/engine/engine.ts";
import { runningCalls } from "../../lib/kernels/engine/calls.ts";
import { recoverEngine } from "../../lib/kernels/mod.ts";
import { stopAfter } from "../testdata/stop.ts";

const model = { vocabularySize: 5, ...presets.quick.model, rnnUnits: 6 };
const ids = Int32Array.from({ length: 301 }, (_, i) => 1 + (i * i) % 4);
const batches = () => sequenceBatches(ids, { sequenceLength: 10, batchSize: 4 });

/** How deep the engine is in what. */
function depths() {
  const { kernelDepth, gradientDepth, scopeStack } = engineOf().state;
  return { kernels: kernelDepth, tapes: gradientDepth, scopes: scopeStack.length };
}

/** Leaves the engine as a stop in the middle of a gradient does. */
function stopInGradient(): void {
  const spin = tf.customGrad(() => {
    while (true) tf.scalar(1).dispose();
  });
  const { numTensors } = tf.memory();
  assert.ok(stopAfter(() => tf.tidy(() => tf.grad((x) => spin(tf.square(x)))(tf.scalar(2))), 20));
  assert.ok(depths().kernels > 0 && tf.memory().numTensors > numTensors);
}

Deno.test("the calls on the stack are as many as the engine counts", async () => {
  await selectDevice({ name: "cpu" });
  const seen: number[] = [];
  const check = () => {
    const { kernels, tapes, scopes } = runningCalls();
    assert.deepEqual({ kernels, tapes, scopes }, depths());
    seen.push(scopes);
  };
  const square = tf.customGrad((x) => {
    check();
    const gradFunc = (dy: tf.Tensor) => {
      check();
      return tf.mul(dy, 2);
    };
    return { value: tf.square(x as tf.Tensor), gradFunc };
  });
  check();
  tf.tidy("named", () => tf.tidy(check));
  tf.tidy(() => {
    tf.grad((x) => {
      check();
      return tf.add(x, tf.grad((y) => square(y))(x));
    })(tf.scalar(2));
  });
  await Promise.resolve().then(check);
  assert.deepEqual(seen.slice(0, 2), [0, 2]);
  assert.equal(seen.at(-1), 0);
});

Deno.test("what is running is left alone", async () => {
  await selectDevice({ name: "cpu" });
  const before = tf.memory().numTensors;
  const slope = tf.tidy(() => {
    const kept = tf.scalar(3);
    return tf.grad((x) => {
      const squared = tf.square(x);
      recoverEngine();
      assert.equal(depths().tapes, 1);
      return tf.mul(squared, kept);
    })(tf.scalar(2)).dataSync()[0];
  });
  assert.equal(slope, 12);
  // A scope that is opened by hand may stay open while others wait and work.
  const engine = tf.engine();
  engine.startScope();
  const held = tf.scalar(1);
  await new Promise((resolve) => setTimeout(resolve, 120));
  stopInGradient();
  recoverEngine();
  assert.deepEqual(depths(), { kernels: 0, tapes: 0, scopes: 1 });
  assert.equal(held.dataSync()[0], 1);
  engine.endScope();
  assert.ok(held.isDisposed);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("a stopped gradient is cleared away, under a running one too, and by the timer", async () => {
  await selectDevice({ name: "cpu" });
  const before = tf.memory().numTensors;
  stopInGradient();
  recoverEngine();
  assert.deepEqual(depths(), { kernels: 0, tapes: 0, scopes: 0 });
  assert.equal(tf.memory().numTensors, before);

  stopInGradient();
  const slope = tf.tidy(() =>
    tf.grad((x) => {
      recoverEngine();
      assert.deepEqual([depths().kernels, depths().tapes], [0, 1]);
      return tf.square(x);
    })(tf.scalar(2)).dataSync()[0]
  );
  assert.equal(slope, 4);
  assert.equal(tf.memory().numTensors, before);

  stopInGradient();
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(depths(), { kernels: 0, tapes: 0, scopes: 0 });
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("two trainings that take turns do not disturb each other", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const run = () => train(createCharModel(model), batches(), { epochs: 3 });
  const alone = await run();
  const both = await Promise.all([run(), run()]);
  for (const { epochs } of both) {
    assert.deepEqual(epochs.map(({ loss }) => loss), alone.epochs.map(({ loss }) => loss));
  }
});

Deno.test("a model that was stopped in fitDataset can be fitted again", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const { network } = createCharModel(model);
  const compile = (loss = sparseCategoricalCrossentropy) =>
    network.compile({ optimizer: new Adam(), loss });
  compile(() => {
    while (true);
  });
  const fit = () => network.fitDataset(batches(), { epochs: 1, verbose: 0 });
  // Its first step is made by us, inside what stops it, since it waits for its dataset before.
  const makeStep = network as unknown as { makeTrainFunction(): (data: tf.Tensor[]) => void };
  const { xs, ys } = (await batches().take(1).toArray())[0]!;
  assert.ok(stopAfter(() => makeStep.makeTrainFunction()([xs, ys]), 20));
  (network as unknown as { isTraining: boolean }).isTraining = true;
  compile();
  const { history } = await fit();
  assert.ok(Number(history.loss![0]) > 0);
  const ongoing = fit();
  await assert.rejects(fit, /another fit/);
  await ongoing;
});
