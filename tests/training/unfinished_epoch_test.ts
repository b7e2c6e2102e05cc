/** Training that is interrupted in the middle of an epoch and goes on in a new model. */
import assert from "node:assert/strict";
import { selectDevice } from "../../lib/device.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import { Adam } from "../../lib/training/adam.ts";
import type { TrainingCallback } from "../../lib/training/callbacks.ts";
import type { EpochRecord } from "../../lib/training/records.ts";
import { checkpointEachEpoch, Checkpoints } from "../../lib/training/checkpoint.ts";
import { learningRateSchedule } from "../../lib/training/schedule.ts";
import { train } from "../../lib/training/trainer.ts";
import fc from "../testdata/fast_check.ts";
import {
  batches,
  checkpointTest,
  config,
  contextOf,
  names,
  numbers,
  record,
} from "./toy_training.ts";

const epochs = 3;
const stepsPerEpoch = batches().size;
const learningRate = learningRateSchedule({
  learningRate: 0.02,
  finalLearningRate: 0.001,
  warmupSteps: 3,
  decay: "cosine",
}, epochs * stepsPerEpoch);

/** All of a history but how long it took. */
const lasting = (history: readonly EpochRecord[]) =>
  history.map(({ seconds, ...rest }) => (assert.ok(seconds > 0), rest));

/** Trains in a model of its own, from the latest checkpoint where there is one. */
async function sitting(dir: string, { stopAt = Infinity }: { readonly stopAt?: number } = {}) {
  const model = createCharModel(config), optimizer = new Adam({ learningRate });
  const checkpoints = new Checkpoints(dir, { keep: 1 });
  const before = await checkpoints.latest() &&
    await checkpoints.restore({ model, optimizer });
  const stop = new AbortController();
  const saveAndStop: TrainingCallback = {
    async onStepEnd(_info, context) {
      if (context.step !== stopAt) return;
      await checkpoints.save(context);
      stop.abort(new Error("interrupted"));
    },
  };
  try {
    const history = await train(model, batches(), {
      epochs,
      optimizer,
      history: before,
      validation: batches(before?.epochs.length),
      callbacks: [saveAndStop, checkpointEachEpoch(checkpoints)],
      signal: stop.signal,
    });
    return { epochs: history.epochs, weights: await numbers(model) };
  } catch (error) {
    assert.match(String(error), /interrupted/);
    return undefined;
  } finally {
    model.dispose();
    optimizer.dispose();
  }
}

Deno.test("training stopped at any two steps ends as if it had never stopped", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const folders = await Deno.makeTempDir();
  const temporary = () => Deno.makeTempDir({ dir: folders });
  const whole = await sitting(await temporary());
  assert.ok(whole);
  const step = fc.integer({ min: 1, max: epochs * stepsPerEpoch });
  await fc.assert(
    fc.asyncProperty(step, step, async (first, second) => {
      const dir = await temporary();
      await sitting(dir, { stopAt: first });
      await sitting(dir, { stopAt: second });
      const resumed = await sitting(dir);
      assert.deepEqual(lasting(resumed!.epochs), lasting(whole.epochs));
      assert.deepEqual(resumed!.weights, whole.weights);
    }),
    { numRuns: 12, examples: [[1, 2], [stepsPerEpoch, stepsPerEpoch + 1]] },
  );
  await Deno.remove(folders, { recursive: true });
});

checkpointTest("one of an unfinished epoch lasts until the next is saved", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  const unfinished = { epoch: 1, steps: 2, lossSum: 3, seconds: 1, learningRate: 0.1 };
  const middle = (epochs: EpochRecord[], more = {}) => ({
    ...contextOf(model, epochs),
    unfinished: () => Promise.resolve({ ...unfinished, epoch: epochs.length + 1, ...more }),
  });
  const first = await checkpoints.save(middle([]));
  assert.deepEqual(first, {
    path: `${dir}/epoch-0001-step-00002`,
    epoch: 0,
    step: 0,
    loss: 1.5,
    arithmetic: { device: "cpu" },
    unfinished,
  });
  assert.deepEqual(await checkpoints.best(), first);
  assert.deepEqual(await checkpoints.restore({ model }), {
    epoch: 0,
    step: 0,
    epochs: [],
    unfinished,
  });
  await checkpoints.save(middle([], { steps: 3 }));
  assert.deepEqual(names(dir), ["epoch-0001-step-00003"]);
  await checkpoints.save(contextOf(model, [record(1, 2)]));
  assert.deepEqual(names(dir), ["epoch-0001"]);
  await checkpoints.save(middle([record(1, 2)]));
  assert.deepEqual(names(dir), ["epoch-0001", "epoch-0002-step-00002"]);
  // Its mean of 1.5 is lower, but of an epoch's first steps only.
  assert.equal((await checkpoints.best())?.epoch, 1);
  assert.equal((await checkpoints.best())?.unfinished, undefined);
  assert.equal((await checkpoints.latest())?.unfinished?.steps, 2);
  await assert.rejects(
    checkpoints.save(middle([record(1, 2)], { lossSum: NaN })),
    /the loss of epoch 2 is NaN/,
  );
  model.dispose();
});

Deno.test("an unfinished epoch that is not the next one is refused", async () => {
  await selectDevice({ name: "wasm", blas: "none" });
  const model = createCharModel(config);
  const unfinished = { epoch: 3, steps: 1, lossSum: 1, seconds: 1, learningRate: 0.1 };
  await assert.rejects(
    train(model, batches(), { epochs: 4, history: { epochs: [record(1, 1)], unfinished } }),
    { name: "RangeError", message: /Cannot go on with epoch 3: after the history comes epoch 2/ },
  );
  model.dispose();
});
