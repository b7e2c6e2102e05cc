import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { presets } from "../../lib/config.ts";
import type { SequenceBatch } from "../../lib/text/sequence_batch.ts";
import { splitTokens } from "../../lib/text/split.ts";
import { validationBatches } from "../../lib/text/validation_batches.ts";

/** The ids 0, 1, 2, …: each tells where in the text it stood. */
const counting = (length: number) => Int32Array.from({ length }, (_, index) => index);

interface PlainBatch {
  readonly xs: number[][];
  readonly ys: number[][];
}

/** Draws all batches and disposes their tensors. */
async function batchesOf(dataset: tf.data.Dataset<SequenceBatch>): Promise<PlainBatch[]> {
  const batches: PlainBatch[] = [];
  await dataset.forEachAsync(({ xs, ys }) => {
    assert.deepEqual([xs.dtype, ys.dtype], ["int32", "int32"]);
    batches.push({ xs: xs.arraySync(), ys: ys.arraySync() });
    tf.dispose([xs, ys]);
  });
  return batches;
}

Deno.test("validation: every id but the first is a target once, in the text's order", async () => {
  const before = tf.memory().numTensors;
  const size = fc.integer({ min: 1, max: 12 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 150 }), size, size, async (length, time, rows) => {
      const ids = counting(length);
      const dataset = validationBatches(ids, { sequenceLength: time, batchSize: rows })!;
      const batches = await batchesOf(dataset);
      assert.equal(batches.length, dataset.size);
      assert.deepEqual(batches.flatMap(({ ys }) => ys.flat()), [...ids.subarray(1)]);
      assert.deepEqual(batches.flatMap(({ xs }) => xs.flat()), [...ids.subarray(0, -1)]);
      for (const { ys } of batches) {
        assert(ys.length <= rows && ys.every((row) => row.length === ys[0]!.length));
      }
      const short = batches.filter(({ ys }) => ys[0]!.length !== time || ys.length !== rows);
      assert(short.length <= 2, "only the end of the text makes smaller batches");
    }),
    { examples: [[2, 12, 12], [25, 12, 1], [145, 12, 12]] },
  );
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("validation: streams read every id but the first once, each row after itself", async () => {
  const before = tf.memory().numTensors;
  const length = fc.integer({ min: 2, max: 70_000 }), size = fc.integer({ min: 1, max: 3000 });
  await fc.assert(
    fc.asyncProperty(length, size, async (length, sequenceLength) => {
      const dataset = validationBatches(counting(length), { sequenceLength })!;
      const batches = await batchesOf(dataset.streams());
      const count = batches[0]!.xs.length;
      assert.equal(count, Math.min(32, Math.max(1, Math.floor((length - 1) / 1000))));
      const streams: number[][] = Array.from({ length: count }, () => []);
      for (const { xs, ys } of batches) {
        assert(xs[0]!.length <= sequenceLength);
        ys.forEach((row, stream) => streams[stream]!.push(...row));
        xs.forEach((row, stream) => assert.deepEqual(row, ys[stream]!.map((id) => id - 1)));
      }
      assert.deepEqual(streams.flat(), [...counting(length).subarray(1)]);
      const lengths = streams.map((stream) => stream.length);
      assert(Math.max(...lengths) - Math.min(...lengths) <= 1);
    }),
    { numRuns: 30, examples: [[2, 100], [2001, 100], [2002, 1000], [70_000, 1]] },
  );
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("validation: it is the same each time, whatever moves the training batches", async () => {
  const { training } = presets.quick;
  assert(training.randomOffset && training.shuffleBuffer > 0, "the preset moves its cuts");
  const ids = splitTokens(counting(9000), training).validation;
  const dataset = validationBatches(ids, training)!;
  const first = await batchesOf(dataset);
  assert.deepEqual(await batchesOf(dataset), first);
  const otherSeed = { ...training, seed: 9 };
  assert.deepEqual(await batchesOf(validationBatches(ids, otherSeed)!), first);
  assert.deepEqual(first[0]!.xs[0]!.slice(0, 3), [8100, 8101, 8102]);
});

Deno.test("validation: there is nothing where nothing is held out", () => {
  const { training } = presets.tutorial;
  const { validation } = splitTokens(counting(9000), training);
  assert.equal(validationBatches(validation, training), undefined);
  assert.equal(validationBatches(counting(1)), undefined);
  assert.equal(validationBatches(counting(2))!.size, 1);
});

Deno.test("validation: sizes that are none are refused by name", () => {
  for (const options of [{ sequenceLength: 0 }, { sequenceLength: 1.5 }, { batchSize: 0 }]) {
    const [name, value] = Object.entries(options)[0]!;
    assert.throws(() => validationBatches(counting(9), options), {
      name: "RangeError",
      message: `Cannot batch with a ${name} of ${value}: it must be an integer of at least 1`,
    });
  }
  assert.throws(() => validationBatches([1, 2] as unknown as Int32Array), TypeError);
});
