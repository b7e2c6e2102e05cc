import assert from "node:assert/strict";
import { disk, type FileSystem } from "../../lib/files/file_system.ts";
import { createCharModel } from "../../lib/model/char_model.ts";
import { selectDevice } from "../../lib/device.ts";
import type { EpochRecord } from "../../lib/training/records.ts";
import { Checkpoints } from "../../lib/training/checkpoint.ts";
import fc from "../testdata/fast_check.ts";
import { checkpointTest, config, contextOf, names, record } from "./toy_training.ts";

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
    arithmetic: { device: "cpu" },
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

checkpointTest("one made before it said what computed it is read as ever", async (dir) => {
  const model = createCharModel(config);
  const checkpoints = new Checkpoints(dir);
  await checkpoints.save(contextOf(model, [record(1, 2)]));
  const file = `${dir}/epoch-0001/checkpoint.json`;
  const { arithmetic, sha256: _, ...old } = JSON.parse(await Deno.readTextFile(file));
  assert.deepEqual(arithmetic, { device: "cpu" });
  await Deno.writeTextFile(file, JSON.stringify(old));
  const latest = await checkpoints.latest();
  assert.equal(latest?.arithmetic, undefined);
  assert.equal((await checkpoints.restore({ model }, latest)).step, 7);
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
          const best = expected.toSorted((a, b) => lossOf(a)! - lossOf(b)!)[0];
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
  const files: FileSystem = {
    ...disk,
    write: (path, content) =>
      path.endsWith("optimizer.safetensors") && path.includes("0002")
        ? Promise.reject(new Error("no space left"))
        : disk.write(path, content),
  };
  const checkpoints = new Checkpoints(dir, { files });
  await checkpoints.save(contextOf(model, [record(1, 2)]));
  await assert.rejects(
    checkpoints.save(contextOf(model, [record(1, 2), record(2, 1)])),
    /epoch-0002: no space left/,
  );
  assert.deepEqual(names(dir), ["epoch-0001"]);
  assert.equal((await checkpoints.latest())?.loss, 2);
  await checkpoints.restore({ model });
  model.dispose();
});

checkpointTest(
  "damaged ones are passed over and named; with none whole, that is an error",
  async (dir) => {
    const model = createCharModel(config);
    const notices: string[] = [];
    const checkpoints = new Checkpoints(dir, { onNotice: (message) => void notices.push(message) });
    const losses = [3, 2, 4, 5];
    for (const [i] of losses.entries()) {
      const records = losses.slice(0, i + 1).map((loss, i) => record(i + 1, loss));
      await checkpoints.save(contextOf(model, records));
    }
    const damage = async (path: string, change: (bytes: Uint8Array) => Uint8Array) =>
      await Deno.writeFile(`${dir}/${path}`, change(await Deno.readFile(`${dir}/${path}`)));
    const flip = (bytes: Uint8Array) => (bytes[bytes.length >> 1]! ^= 1, bytes);
    await damage("epoch-0004/optimizer.safetensors", flip);
    await damage("epoch-0002/checkpoint.json", () => new Uint8Array(0));
    assert.equal((await checkpoints.latest())?.epoch, 3);
    assert.equal((await checkpoints.best())?.epoch, 1);
    const all = notices.splice(0).join("\n");
    assert.match(all, /passed over: .*epoch-0004\/optimizer.safetensors is damaged/);
    assert.match(all, /passed over: .*epoch-0002\/checkpoint.json: Unexpected end of JSON input/);
    assert.deepEqual((await checkpoints.list()).map(({ epoch }) => epoch), [1, 3, 4]);

    await damage("epoch-0003/checkpoint.json", (bytes) => {
      const text = new TextDecoder().decode(bytes);
      return new TextEncoder().encode(text.replace('"step": 21', '"step": 23'));
    });
    assert.equal((await checkpoints.latest())?.epoch, 1);
    assert.match(notices.splice(0).join("\n"), /epoch-0003.*it was altered: its SHA-256/);
    await Deno.remove(`${dir}/epoch-0001/model.safetensors`);
    await assert.rejects(
      checkpoints.restore({ model }),
      /None of the 4 checkpoints in .* is whole: .*train anew into another folder/,
    );
    model.dispose();
  },
);

checkpointTest(
  "one that contradicts itself is damaged, also from before there were digests",
  async (dir) => {
    const model = createCharModel(config);
    const checkpoints = new Checkpoints(dir);
    const { path } = await checkpoints.save(contextOf(model, [record(1, 2)]));
    const file = `${path}/checkpoint.json`;
    const { sha256: _, ...old } = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify(old));
    assert.equal((await checkpoints.latest())?.epoch, 1);
    const unfinished = { epoch: 3, steps: 1, lossSum: 1, seconds: 1, learningRate: 1 };
    const wrong = [
      [{ epoch: 2 }, /epoch: it is 2, and the last record is of 1/],
      [{ epochs: [] }, /epoch: it is 1, and the last record is of 0/],
      [{ unfinished }, /unfinished.epoch: it is 3, and 1 epochs have ended/],
      [{ unfinished: { ...unfinished, epoch: 2 } }, /it is of epoch-0002-step-00001, and lies in/],
    ] as const;
    for (const [change, message] of wrong) {
      await Deno.writeTextFile(file, JSON.stringify({ ...old, ...change }));
      await assert.rejects(checkpoints.latest(), message);
    }
    model.dispose();
  },
);

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
