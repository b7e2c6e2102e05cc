import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { selectDevice } from "../../lib/device.ts";
import { type CharModel, createCharModel } from "../../lib/model/char_model.ts";
import { sparseCategoricalCrossentropy } from "../../lib/model/loss.ts";
import { decodeSafetensors } from "../../lib/model/safetensors.ts";
import { weightsToRecords } from "../../lib/model/weights.ts";
import { sequenceBatches } from "../../lib/text/sequences.ts";
import { Adam } from "../../lib/training/adam.ts";
import { type EpochRecord, fitCallbacks, type TrainContext } from "../../lib/training/callbacks.ts";
import { checkpointEachEpoch, Checkpoints } from "../../lib/training/checkpoint.ts";
import { train } from "../../lib/training/trainer.ts";

const config = {
  vocabularySize: 5,
  embeddingDim: 3,
  rnnUnits: 4,
  layers: 2,
  embeddingScale: 0.5,
  seed: 1,
};
const ids = Int32Array.from({ length: 301 }, (_, i) => 1 + (i * i) % 4);
const batches = (firstEpoch = 0) =>
  sequenceBatches(ids, { sequenceLength: 10, batchSize: 4, firstEpoch });

function checkpointTest(
  name: string,
  test: (dir: string) => Promise<void>,
  device = "cpu",
): void {
  Deno.test(`checkpoint: ${name}`, async () => {
    await selectDevice({ name: device });
    const dir = await Deno.makeTempDir();
    try {
      await test(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

const record = (epoch: number, loss: number, validationLoss?: number) => ({
  epoch,
  loss,
  ...(validationLoss === undefined ? {} : { validationLoss }),
  seconds: 1,
  steps: 7,
  learningRate: 0.001,
});

/** What a callback would be given after epochs of these losses. */
function contextOf(model: CharModel, epochs: EpochRecord[]): TrainContext {
  const step = 7 * epochs.length;
  return { model, optimizer: new Adam(), epochs, step };
}

const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

const numbers = async (model: CharModel) =>
  (await weightsToRecords(model.weights())).map(({ data }) => data.slice());

for (const device of ["cpu", "wasm"]) {
  checkpointTest(`training in two sittings is training in one, on ${device}`, async (dir) => {
    const whole = createCharModel(config);
    const expected = await train(whole, batches(), { epochs: 3 });

    const checkpoints = new Checkpoints(dir);
    const callbacks = [checkpointEachEpoch(checkpoints)];
    const first = createCharModel(config);
    await train(first, batches(), { epochs: 2, callbacks });

    // Another model in the same process: its variables have other names.
    const second = createCharModel({ ...config, seed: 99 });
    const optimizer = new Adam();
    const before = tf.memory().numTensors;
    const restored = await checkpoints.restore({ model: second, optimizer });
    const moments = 2 * second.weights().length;
    assert.equal(tf.memory().numTensors, before + moments, "tensors leak");
    assert.equal(restored.epoch, 2);
    assert.equal(restored.step, optimizer.iterations);
    const history = await train(second, batches(2), {
      epochs: 3,
      history: restored.epochs,
      optimizer,
    });
    assert.deepEqual(
      history.epochs.map(({ loss }) => loss),
      expected.epochs.map(({ loss }) => loss),
    );
    assert.deepEqual(await numbers(second), await numbers(whole));
    [whole, first, second].forEach((model) => model.dispose());
  }, device);
}

checkpointTest("saving leaves no tensor behind", async (dir) => {
  const model = createCharModel(config);
  const optimizer = new Adam();
  await train(model, batches(), { epochs: 1, optimizer });
  const tensors = tf.memory().numTensors;
  const epochs = [record(1, 1.5)];
  await new Checkpoints(dir).save({ model, optimizer, epochs, step: 7 });
  assert.equal(tf.memory().numTensors, tensors);
  model.dispose();
});

checkpointTest("the files are named after the weights", async (dir) => {
  createCharModel(config).dispose(); // takes the plain variable names
  const model = createCharModel(config);
  const optimizer = new Adam();
  await train(model, batches(), { epochs: 1, optimizer });
  const epochs = [record(1, 1.5)];
  await new Checkpoints(dir).save({ model, optimizer, epochs, step: 7 });
  assert.deepEqual(names(dir), ["epoch-0001"]);
  assert.deepEqual(names(`${dir}/epoch-0001`), [
    "checkpoint.json",
    "model.safetensors",
    "optimizer.safetensors",
  ]);
  const { tensors } = decodeSafetensors(
    Deno.readFileSync(`${dir}/epoch-0001/optimizer.safetensors`),
  );
  const [first, ...rest] = [...tensors.keys()];
  assert.equal(first, "iter");
  const expected = model.weights().flatMap((
    { name },
  ) => [`${name}/mean`, `${name}/mean_square`]);
  assert.deepEqual(rest.toSorted(), expected.toSorted());
  assert.deepEqual(tensors.get("iter")?.data, Int32Array.of(optimizer.iterations));
  model.dispose();
});

checkpointTest("tfjs' own optimizer goes through too, under fitDataset", async (dir) => {
  const checkpoints = new Checkpoints(dir);
  const callbacks = [checkpointEachEpoch(checkpoints)];
  const model = createCharModel(config);
  const loss = sparseCategoricalCrossentropy;
  model.network.compile({ optimizer: tf.train.adam(0.01), loss });
  await model.network.fitDataset(batches(), {
    epochs: 2,
    verbose: 0,
    callbacks: fitCallbacks(callbacks, { model, epochs: 2 }),
  });
  assert.equal((await checkpoints.list()).length, 2);
  const other = createCharModel({ ...config, seed: 8 });
  const optimizer = tf.train.adam(0.01);
  const { epochs } = await checkpoints.restore({ model: other, optimizer });
  assert.equal(epochs.length, 2);
  assert.deepEqual(await numbers(other), await numbers(model));
  const states = await Promise.all(
    [optimizer, model.network.optimizer].map(async (optimizer) => {
      const weights = await optimizer.getWeights();
      return await Promise.all(weights.map(({ tensor }) => tensor.data()));
    }),
  );
  assert.deepEqual(states[0], states[1]);
  assert.equal(optimizer.iterations, 12);
  model.dispose();
  other.dispose();
});

checkpointTest("an empty folder, or none, holds no checkpoint", async (dir) => {
  for (const checkpoints of [new Checkpoints(dir), new Checkpoints(`${dir}/no`)]) {
    assert.deepEqual(await checkpoints.list(), []);
    assert.equal(await checkpoints.latest(), undefined);
    assert.equal(await checkpoints.best(), undefined);
    const model = createCharModel(config);
    await assert.rejects(
      checkpoints.restore({ model }),
      new RegExp(`${dir}.* holds no checkpoint`),
    );
    model.dispose();
  }
});

checkpointTest("the best has the lowest validation loss, else loss", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(`${dir}/`);
  const epochs: EpochRecord[] = [];
  for (const [i, loss] of [1.5, 1.25, 1.75].entries()) {
    epochs.push(record(i + 1, loss));
    await checkpoints.save(contextOf(model, epochs));
  }
  assert.equal((await checkpoints.best())?.epoch, 2);
  assert.deepEqual(await checkpoints.latest(), {
    path: `${dir}/epoch-0003`,
    epoch: 3,
    step: 21,
    loss: 1.75,
  });
  for (const [i, validationLoss] of [2.5, 2.25, 2.75].entries()) {
    epochs.push(record(i + 4, 1, validationLoss));
    await checkpoints.save(contextOf(model, epochs));
  }
  assert.equal((await checkpoints.best())?.epoch, 5);
  const restored = await checkpoints.restore({ model }, await checkpoints.best());
  assert.deepEqual(restored, { epoch: 5, step: 35, epochs: epochs.slice(0, 5) });
  model.dispose();
});

Deno.test("checkpoint: keep deletes the oldest, never the best or the latest", async () => {
  await selectDevice({ name: "cpu" });
  const model = createCharModel(config);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 4 }),
      async (losses, keep) => {
        const dir = await Deno.makeTempDir();
        const checkpoints = new Checkpoints(dir, { keep });
        let expected: number[] = [];
        for (let epoch = 1; epoch <= losses.length; epoch++) {
          const epochs = losses.slice(0, epoch).map((loss, i) => record(i + 1, loss));
          await checkpoints.save(contextOf(model, epochs));
          expected.push(epoch);
          const lossOf = (e: number) => losses[e - 1];
          const best = expected.toSorted((a, b) => lossOf(a) - lossOf(b))[0];
          while (expected.length > keep) {
            const oldest = expected.find((e) => e !== best && e !== epoch);
            if (oldest === undefined) break;
            expected = expected.filter((e) => e !== oldest);
          }
          const found = (await checkpoints.list()).map((c) => c.epoch);
          assert.deepEqual(found, expected);
        }
        await Deno.remove(dir, { recursive: true });
      },
    ),
    { numRuns: 30 },
  );
  model.dispose();
});

checkpointTest("training again in the same folder makes the new one the latest", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  const epochs = [record(1, 3), record(2, 2), record(3, 1)];
  for (const n of [1, 2, 3]) {
    await checkpoints.save(contextOf(model, epochs.slice(0, n)));
  }
  await checkpoints.save(contextOf(model, [record(1, 2.5)]));
  assert.equal((await checkpoints.latest())?.loss, 2.5);
  assert.deepEqual(
    (await checkpoints.list()).map(({ epoch }) => epoch),
    [2, 3, 1],
  );
  model.dispose();
});

checkpointTest("what an interrupted save has left is ignored, then swept", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  await checkpoints.save(contextOf(model, [record(1, 2)]));
  const leftover = `${dir}/.epoch-0002.0123456789ab.tmp`;
  Deno.mkdirSync(leftover);
  Deno.writeTextFileSync(`${leftover}/model.safetensors`, "half");
  Deno.mkdirSync(`${dir}/notes`);
  assert.equal((await checkpoints.list()).length, 1);
  await checkpoints.save(contextOf(model, [record(1, 2), record(2, 1)]));
  assert.deepEqual(names(dir), ["epoch-0001", "epoch-0002", "notes"]);
  model.dispose();
});

checkpointTest("a save that fails leaves the old checkpoint", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  const context = contextOf(model, [record(1, 2)]);
  await checkpoints.save(context);
  const writeFile = Deno.writeFile;
  try {
    Deno.writeFile = (path, data) =>
      String(path).endsWith("optimizer.safetensors")
        ? Promise.reject(new Error("no space left"))
        : writeFile(path, data);
    await assert.rejects(
      checkpoints.save({ ...context, epochs: [record(1, 1)] }),
      /epoch-0001: no space left/,
    );
  } finally {
    Deno.writeFile = writeFile;
  }
  assert.deepEqual(names(dir), ["epoch-0001"]);
  assert.equal((await checkpoints.latest())?.loss, 2);
  await checkpoints.restore({ model });
  model.dispose();
});

checkpointTest("damage is named, and nothing is assigned", async (dir) => {
  const model = createCharModel(config);
  const optimizer = new Adam();
  await train(model, batches(), { epochs: 1, optimizer });
  const checkpoints = new Checkpoints(dir);
  const { path } = await checkpoints.save({
    model,
    optimizer,
    epochs: [record(1, 2)],
    step: 7,
  });
  const target = createCharModel({ ...config, seed: 2 });
  const fresh = new Adam();
  const before = await numbers(target), tensors = tf.memory().numTensors;
  const damaged = async (file: string, change: (b: Uint8Array) => Uint8Array, message: RegExp) => {
    const original = Deno.readFileSync(`${path}/${file}`);
    Deno.writeFileSync(`${path}/${file}`, change(original.slice()));
    await assert.rejects(
      checkpoints.restore({ model: target, optimizer: fresh }),
      message,
    );
    Deno.writeFileSync(`${path}/${file}`, original);
    assert.deepEqual(await numbers(target), before);
    assert.equal(fresh.iterations, 0);
    assert.equal(tf.memory().numTensors, tensors);
  };
  const flip = (bytes: Uint8Array) => bytes.with(-1, bytes.at(-1)! ^ 1);
  const text = (change: (text: string) => string) => (bytes: Uint8Array) =>
    new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
  await damaged("model.safetensors", flip, /epoch-0001\/model.safetensors is damaged/);
  await damaged("optimizer.safetensors", flip, /optimizer.safetensors is damaged/);
  await damaged(
    "optimizer.safetensors",
    (bytes) => bytes.subarray(0, 9),
    /optimizer.safetensors is damaged: it has 9 bytes/,
  );
  await damaged(
    "checkpoint.json",
    (bytes) => bytes.subarray(0, 40),
    /epoch-0001\/checkpoint.json: /,
  );
  await damaged(
    "checkpoint.json",
    text((json) => json.replace('"version": 1', '"version": 2')),
    /checkpoint.json: version: /,
  );
  await damaged(
    "checkpoint.json",
    text((json) => json.replace("FolioAdam", "SGD")),
    /into the optimizer FolioAdam: it was trained with SGD/,
  );
  await Deno.remove(`${path}/model.safetensors`);
  await assert.rejects(
    checkpoints.restore({ model: target }),
    /epoch-0001\/model.safetensors: it is not there/,
  );
  await Deno.remove(`${path}/checkpoint.json`);
  await assert.rejects(checkpoints.list(), /checkpoint.json: it is not there/);
  model.dispose();
  target.dispose();
});

checkpointTest("a model of another shape is refused", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  await checkpoints.save(contextOf(model, [record(1, 2)]));
  const other = createCharModel({ ...config, rnnUnits: 6 });
  const before = await numbers(other);
  await assert.rejects(
    checkpoints.restore({ model: other }),
    /"gru.0.kernel": it is \[3, 12\], the model needs \[3, 18\]/,
  );
  assert.deepEqual(await numbers(other), before);
  model.dispose();
  other.dispose();
});

checkpointTest("a damaged checkpoint of old does not stop a save", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir, { keep: 1 });
  const { path } = await checkpoints.save(contextOf(model, [record(1, 2)]));
  Deno.writeTextFileSync(`${path}/checkpoint.json`, "{");
  await checkpoints.save(contextOf(model, [record(1, 2), record(2, 1)]));
  assert.deepEqual(names(dir), ["epoch-0001", "epoch-0002"]);
  model.dispose();
});

checkpointTest("what is no progress is not saved", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  await assert.rejects(
    checkpoints.save(contextOf(model, [])),
    /no epoch has ended yet/,
  );
  for (const epochs of [[record(1, NaN)], [record(1, 1, Infinity)]]) {
    await assert.rejects(
      checkpoints.save(contextOf(model, epochs)),
      /the loss of epoch 1 is (NaN|Infinity)/,
    );
  }
  assert.deepEqual(names(dir), []);
  for (const keep of [0, -1, 1.5, NaN]) {
    assert.throws(() => new Checkpoints(dir, { keep }), {
      name: "RangeError",
      message: new RegExp(`Cannot keep ${keep} checkpoints`),
    });
  }
  // An optimizer that does not tell its rate is no obstacle.
  const unknown = { ...record(1, 1), learningRate: NaN };
  await checkpoints.save(contextOf(model, [unknown]));
  const { epochs } = await checkpoints.restore({ model });
  assert.deepEqual(epochs, [unknown]);
  model.dispose();
});
