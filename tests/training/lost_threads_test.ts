import assert from "node:assert/strict";
import {
  Adam,
  checkpointEachEpoch,
  Checkpoints,
  createCharModel,
  presets,
  selectDevice,
  sequenceBatches,
  train,
} from "folio";
import { startedPools } from "../../lib/kernels/cpu_tools.ts";
import { weightsToRecords } from "../../lib/model/weights.ts";
import { devices } from "../testdata/devices.ts";
import { needing } from "../testdata/needs.ts";

const config = { ...presets.quick.model, vocabularySize: 9, embeddingDim: 16, rnnUnits: 128 };
const ids = Int32Array.from({ length: 6_500 }, (_, i) => 1 + (i * i) % 8);
const sequences = { sequenceLength: 20, batchSize: 32 };

/** Waits until the pools know that their threads have ended. */
async function threadsGone(): Promise<void> {
  const isGone = () => startedPools().every(({ threads, lost }) => threads === 1 || lost);
  for (let i = 0; i < 200 && !isGone(); i++) await new Promise((done) => setTimeout(done, 20));
  assert.ok(isGone());
}

const withThreads = devices.filter(({ name }) => name.startsWith("wasm"));

for (const [i, { name, options, missing }] of withThreads.entries()) {
  Deno.test({
    ...needing(
      `a training whose threads die, on ${name}, ends with the error, and goes on from its ` +
        "checkpoint as if they never had",
      missing,
    ),
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const dir = await Deno.makeTempDir();
      const threads = 2 + i; // of their own, since those of the test before are gone
      const before = await selectDevice({ ...options, threads });
      assert.match(before.description, new RegExp(`, ${threads} threads`));
      const whole = createCharModel(config);
      await train(whole, sequenceBatches(ids, sequences), { epochs: 2, optimizer: new Adam() });

      const checkpoints = new Checkpoints(dir);
      const cut = createCharModel(config);
      const killAfter = {
        async onStepEnd({ epoch, step }: { epoch: number; step: number }) {
          if (epoch !== 2 || step !== 3) return;
          for (const pool of startedPools()) pool.end();
          await threadsGone();
        },
      };
      await assert.rejects(
        train(cut, sequenceBatches(ids, sequences), {
          ...{ epochs: 2, optimizer: new Adam() },
          callbacks: [checkpointEachEpoch(checkpoints), killAfter],
        }),
        /The threads that compute have stopped \(thread \d: .*\)\. Call selectDevice\(\) again/,
      );
      const latest = await checkpoints.latest();
      assert.equal(latest?.epoch, 1);
      assert.deepEqual(latest?.arithmetic, before.arithmetic);

      const after = await selectDevice({ ...options, threads });
      assert.match(String(after), /, 1 thread\b.*one thread only: the others have stopped/);
      assert.deepEqual(after.arithmetic, before.arithmetic);
      const [resumed, optimizer] = [createCharModel(config), new Adam()];
      const history = await checkpoints.restore({ model: resumed, optimizer });
      const batches = sequenceBatches(ids, sequences);
      await train(resumed, batches, { epochs: 2, optimizer, history });
      const [expected, actual] = await Promise.all(
        [whole, resumed].map((model) => weightsToRecords(model.weights())),
      );
      assert.deepEqual(actual, expected);
      for (const model of [whole, cut, resumed]) model.dispose();
      await Deno.remove(dir, { recursive: true });
    },
  });
}
