import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createCharModel } from "../../lib/model/char_model.ts";
import { sparseCategoricalCrossentropy } from "../../lib/model/loss.ts";
import { decodeSafetensors } from "../../lib/files/safetensors.ts";
import { Adam } from "../../lib/training/adam.ts";
import { fitCallbacks } from "../../lib/training/fit_callbacks.ts";
import { checkpointEachEpoch, Checkpoints } from "../../lib/training/checkpoint.ts";
import { train } from "../../lib/training/trainer.ts";
import { testOnDevices } from "../testdata/devices.ts";
import {
  batches,
  checkpointTest,
  config,
  contextOf,
  names,
  numbers,
  record,
} from "./toy_training.ts";

testOnDevices("checkpoint: training in two sittings is training in one", async () => {
  const dir = await Deno.makeTempDir();
  try {
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
    const history = await train(second, batches(), {
      epochs: 3,
      history: restored,
      optimizer,
    });
    assert.deepEqual(
      history.epochs.map(({ loss }) => loss),
      expected.epochs.map(({ loss }) => loss),
    );
    assert.deepEqual(await numbers(second), await numbers(whole));
    [whole, first, second].forEach((model) => model.dispose());
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

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
  /** As a file from before there were digests. */
  const unsealed = (change: object) => (bytes: Uint8Array) => {
    const { sha256: _, ...json } = JSON.parse(new TextDecoder().decode(bytes));
    return new TextEncoder().encode(JSON.stringify({ ...json, ...change }));
  };
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
    unsealed({ version: 2 }),
    /checkpoint.json: version: /,
  );
  await damaged(
    "checkpoint.json",
    unsealed({ optimizer: "SGD" }),
    /into the optimizer FolioAdam: it was trained with SGD/,
  );
  await Deno.remove(`${path}/model.safetensors`);
  await assert.rejects(
    checkpoints.restore({ model: target }),
    /epoch-0001\/model.safetensors: it is not there/,
  );
  await Deno.remove(`${path}/checkpoint.json`);
  await assert.rejects(checkpoints.latest(), /checkpoint.json: it is not there/);
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
