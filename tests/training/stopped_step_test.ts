import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Adam, createCharModel, sparseCategoricalCrossentropy } from "folio";
import { adamStepName } from "../../lib/kernels/ops/adam.ts";
import { testOnDevices } from "../testdata/devices.ts";
import { relativeError } from "../testdata/numbers.ts";
import { repeats } from "../testdata/extent.ts";
import { stopAfter } from "../testdata/stop.ts";

/** Many weights and little to compute: much of a step is spent on changing them. */
const mostlyAdam = { vocabularySize: 500, embeddingDim: 128, rnnUnits: 8, time: 1 };
/** Few weights: most of a step is spent on the forward and the backward pass. */
const mostlyGru = { vocabularySize: 20, embeddingDim: 8, rnnUnits: 24, time: 12 };
const batch = 2;

/** A model that is trained on one batch again and again. */
function training({ time, ...sizes }: typeof mostlyGru) {
  const model = createCharModel({ ...sizes, layers: 1, embeddingScale: 0.5, seed: 1 });
  const optimizer = new Adam({ learningRate: 0.01, clipNorm: 1 });
  model.network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
  const ids = Int32Array.from({ length: batch * time }, (_, i) => 1 + (i * i) % 7);
  const [xs, ys] = [ids, ids.toReversed()].map((ids) => tf.tensor2d(ids, [batch, time], "int32"));
  /** Weights and moments, as one string for each. */
  const numbers = async () => {
    const state = await optimizer.getWeights();
    const tensors = [...model.weights().map(({ variable }) => variable as tf.Tensor)];
    tensors.push(...state.slice(1).map(({ tensor }) => tensor));
    state[0]!.tensor.dispose();
    return await Promise.all(tensors.map(async (tensor) => (await tensor.data()).slice()));
  };
  return {
    ...{ model, optimizer, numbers },
    step: () => model.network.trainStep(xs!, ys!).dispose(),
    dispose() {
      tf.dispose([xs, ys]);
      model.dispose();
      optimizer.dispose();
    },
  };
}

/** Stops a training at one moment after the other and compares it with one that nobody stops. */
async function stopAgainAndAgain(
  sizes: typeof mostlyGru,
  { stops, tolerance }: { readonly stops: number; readonly tolerance: number },
) {
  const before = tf.memory().numTensors;
  const [one, other] = [training(sizes), training(sizes)];
  one.step();
  other.step();
  await other.numbers();
  const began = performance.now();
  one.step();
  await one.numbers();
  const stepMs = performance.now() - began;
  let held = tf.memory().numTensors;
  let leaks = 0;
  const lines = await warnings(async () => {
    for (let stop = 0; stop < stops; stop++) {
      // Everywhere in the first steps, and no two alike: multiples of the golden ratio.
      const milliseconds = 1 + Math.floor(3 * stepMs * (stop * 0.618034 % 1));
      const wasStopped = stopAfter(() => {
        while (true) one.step();
      }, milliseconds);
      assert.ok(wasStopped);
      const numbers = await one.numbers();
      // A stop between what a kernel makes and where it is registered may leave a tensor or two.
      const left = tf.memory().numTensors - held;
      assert.ok(left <= 3, `${left} tensors after stop ${stop}`);
      if (left !== 0) leaks++;
      held += left;
      while (other.optimizer.iterations < one.optimizer.iterations) other.step();
      const expected = await other.numbers();
      numbers.forEach((values, i) => {
        const error = relativeError(values, expected[i]!);
        assert.ok(error <= tolerance, `stop ${stop}, array ${i}: ${error}`);
      });
      one.step(); // It can learn on.
    }
  });
  one.dispose();
  other.dispose();
  assert.ok(leaks <= Math.ceil(stops / 10), `${leaks} of ${stops} stops left tensors`);
  if (leaks === 0) assert.equal(tf.memory().numTensors, before);
  for (const line of lines) assert.match(line, /the step was finished/);
  return lines.length;
}

/** What is said while something runs. */
async function warnings(run: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (line: string) => void lines.push(line);
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return lines;
}

testOnDevices("a step that is stopped anywhere is done or not done", async (device) => {
  const stops = Math.max(5, repeats(200));
  const options = { stops, tolerance: device.name === "webgpu" ? 1e-4 : 0 };
  const finished = await stopAgainAndAgain(mostlyGru, options) +
    await stopAgainAndAgain(mostlyAdam, options);
  console.log(`${device.name}: ${2 * stops} stops, ${finished} of them while weights changed`);
});

testOnDevices("a step that is stopped between two weights is finished", async (device) => {
  const [one, other] = [training(mostlyGru), training(mostlyGru)];
  const backendName = device.options.name!;
  const own = tf.getKernel(adamStepName, backendName);
  const weights = one.model.weights().length;
  for (const each of [one, other]) each.step(); // The first one takes longer.
  await one.numbers();
  try {
    for (let stopAt = 0; stopAt < weights; stopAt++) {
      let done = 0;
      replaceKernel({
        ...own,
        kernelFunc: (args) => {
          const result = own.kernelFunc(args);
          while (done === stopAt);
          done++;
          return result;
        },
      });
      // Long enough for the step to come to where it waits, on a busy machine too.
      assert.ok(stopAfter(one.step, backendName === "webgpu" ? 1000 : 400));
      replaceKernel(own);
      const before = one.optimizer.iterations;
      assert.equal(before, 1 + stopAt);
      const [line] = await warnings(() => one.model.weights());
      assert.match(line!, new RegExp(`while step ${before + 1} changed the weights`));
      assert.equal(one.optimizer.iterations, before + 1);
      other.step();
      assert.deepEqual(await one.numbers(), await other.numbers());
    }
  } finally {
    replaceKernel(own);
    one.dispose();
    other.dispose();
  }
});

testOnDevices("a step is finished where a stop arrives as an ordinary error", async (device) => {
  const [one, other] = [training(mostlyGru), training(mostlyGru)];
  const backendName = device.options.name!;
  const own = tf.getKernel(adamStepName, backendName);
  try {
    for (let failAt = 0; failAt < one.model.weights().length; failAt++) {
      let done = 0;
      replaceKernel({
        ...own,
        kernelFunc: (args) => {
          // As Deno does when a stop strikes while a native call reads its arguments.
          if (done++ === failAt) throw new TypeError("can not be converted to a sequence");
          return own.kernelFunc(args);
        },
      });
      const lines = await warnings(() => assert.throws(one.step, /converted to a sequence/));
      replaceKernel(own);
      assert.match(lines.join(), /the step was finished/);
      other.step();
      assert.equal(one.optimizer.iterations, other.optimizer.iterations);
      assert.deepEqual(await one.numbers(), await other.numbers());
    }
  } finally {
    replaceKernel(own);
    one.dispose();
    other.dispose();
  }
});

testOnDevices(
  "an error that comes again before any weight has changed is no half step",
  async (device) => {
    const one = training(mostlyGru);
    const backendName = device.options.name!;
    const own = tf.getKernel(adamStepName, backendName);
    one.step();
    const before = await one.numbers();
    replaceKernel({
      ...own,
      kernelFunc() {
        throw new Error("it never works");
      },
    });
    try {
      const lines = await warnings(() => assert.throws(one.step, /it never works/));
      assert.deepEqual(lines, []);
      assert.deepEqual(await one.numbers(), before);
      assert.equal(one.optimizer.iterations, 1);
    } finally {
      replaceKernel(own);
      one.dispose();
    }
  },
);

function replaceKernel(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
