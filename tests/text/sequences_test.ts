import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { SequenceOptions } from "../../lib/text/sequence_options.ts";
import { sequenceBatches } from "../../lib/text/sequences.ts";

/** The ids 0, 1, 2, …: each tells where in the text it stood. */
function counting(length: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => index);
}

interface PlainBatch {
  readonly xs: number[][];
  readonly ys: number[][];
}

/** Draws one epoch and disposes its tensors. */
async function epochOf(
  dataset: tf.data.Dataset<{ xs: tf.Tensor2D; ys: tf.Tensor2D }>,
) {
  const batches: PlainBatch[] = [];
  await dataset.forEachAsync(({ xs, ys }) => {
    assert.equal(xs.dtype, "int32");
    assert.equal(ys.dtype, "int32");
    batches.push({ xs: xs.arraySync(), ys: ys.arraySync() });
    tf.dispose([xs, ys]);
  });
  return batches;
}

/** Where in the text each sequence of an epoch starts, in the order they come. */
function starts(batches: readonly PlainBatch[]): number[] {
  return batches.flatMap(({ xs }) => xs.map((row) => row[0]!));
}

const small: SequenceOptions = {
  sequenceLength: 4,
  batchSize: 3,
  shuffleBuffer: 10,
};

Deno.test("the tutorial's numbers make 172 batches of (64, 100)", async () => {
  const dataset = sequenceBatches(counting(1_115_394));
  assert.equal(dataset.size, 172);
  let batches = 0;
  await dataset.forEachAsync(({ xs, ys }) => {
    batches++;
    assert.deepEqual(xs.shape, [64, 100]);
    assert.deepEqual(ys.shape, [64, 100]);
    tf.dispose([xs, ys]);
  });
  assert.equal(batches, 172);
});

Deno.test("targets are the inputs one character later, and rows are pieces of the text", async () => {
  for (
    const { xs, ys } of await epochOf(sequenceBatches(counting(103), small))
  ) {
    xs.forEach((row, r) => {
      assert.deepEqual(row, [0, 1, 2, 3].map((step) => row[0]! + step));
      assert.deepEqual(ys[r], row.map((id) => id + 1));
    });
  }
});

Deno.test("an epoch has each sequence at most once, and drops only what fills no batch", async () => {
  // 103 ids are 20 sequences of 5; 6 batches of 3 leave two of them out.
  const dataset = sequenceBatches(counting(103), small);
  assert.equal(dataset.size, 6);
  const found = starts(await epochOf(dataset));
  assert.equal(found.length, 18);
  assert.equal(new Set(found).size, 18);
  assert(found.every((start) => start % 5 === 0 && start < 100));
});

Deno.test("without a buffer the sequences come in the text's order", async () => {
  const dataset = sequenceBatches(counting(103), {
    ...small,
    shuffleBuffer: 0,
  });
  const expected = Array.from({ length: 18 }, (_, i) => 5 * i);
  assert.deepEqual(starts(await epochOf(dataset)), expected);
});

Deno.test("each epoch has an order of its own, which the seed repeats", async () => {
  const options = { ...small, seed: 7 };
  const dataset = sequenceBatches(counting(103), options);
  const first = starts(await epochOf(dataset));
  const second = starts(await epochOf(dataset));
  assert.notDeepEqual(first, second);
  const again = sequenceBatches(counting(103), options);
  assert.deepEqual(starts(await epochOf(again)), first);
  assert.deepEqual(starts(await epochOf(again)), second);
  const other = sequenceBatches(counting(103), { ...options, seed: 8 });
  assert.notDeepEqual(starts(await epochOf(other)), first);
});

Deno.test("firstEpoch goes on with the order where an earlier run stopped", async () => {
  const options = { ...small, seed: 7, randomOffset: true };
  const whole = sequenceBatches(counting(103), options);
  await epochOf(whole);
  await epochOf(whole);
  const resumed = sequenceBatches(counting(103), { ...options, firstEpoch: 2 });
  assert.deepEqual(await epochOf(resumed), await epochOf(whole));
});

Deno.test("an iterator that is never read does not use up an epoch", async () => {
  const dataset = sequenceBatches(counting(103), small);
  const unread = await dataset.iterator();
  const first = starts(await epochOf(dataset));
  assert.deepEqual(
    first,
    starts(await epochOf(sequenceBatches(counting(103), small))),
  );
  assert.notEqual(unread, undefined);
});

Deno.test("with random offsets the cuts move and the number of batches stays", async () => {
  // 33 ids: with offset 0 six sequences and two batches, with offset 3 the same two.
  for (const length of [33, 34, 35, 36, 37, 38]) {
    const dataset = sequenceBatches(counting(length), {
      ...small,
      randomOffset: true,
    });
    const offsets = new Set<number>();
    for (let epoch = 0; epoch < 30; epoch++) {
      const batches = await epochOf(dataset);
      assert.equal(batches.length, dataset.size);
      assert.equal(batches.length, 2);
      const cuts = new Set(starts(batches).map((start) => start % 5));
      assert.equal(cuts.size, 1);
      offsets.add([...cuts][0]!);
      assert(batches.every(({ ys }) => ys.flat().every((id) => id < length)));
    }
    assert.deepEqual([...offsets].toSorted(), [0, 1, 2, 3]);
  }
});

Deno.test("tensors belong to whoever draws them, also when an epoch is left in the middle", async () => {
  const before = tf.memory().numTensors;
  const dataset = sequenceBatches(counting(103), small);
  const iterator = await dataset.iterator();
  const { value } = await iterator.next();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(tf.memory().numTensors, before + 2);
  tf.dispose([value.xs, value.ys]);
  assert.equal(tf.memory().numTensors, before);
  await epochOf(dataset);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("an epoch that is over stays over", async () => {
  const iterator = await sequenceBatches(counting(15), small).iterator();
  const first = await iterator.next();
  tf.dispose([first.value.xs, first.value.ys]);
  assert.equal(first.done, false);
  for (let again = 0; again < 3; again++) {
    assert.equal((await iterator.next()).done, true);
  }
});

Deno.test("it is a dataset: take, map and toArray work, and fitDataset counts its steps", async () => {
  const dataset = sequenceBatches(counting(103), small);
  assert(dataset instanceof tf.data.Dataset);
  const taken = await dataset.take(2).toArray();
  assert.equal(taken.length, 2);
  tf.dispose(taken.flatMap(({ xs, ys }) => [xs, ys]));

  const before = tf.memory().numTensors;
  const input = tf.input({ shape: [4], dtype: "int32" });
  const embedded = tf.layers.embedding({ inputDim: 104, outputDim: 2 }).apply(
    input,
  );
  const network = tf.model({
    inputs: input,
    outputs: tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 1 }) })
      .apply(
        tf.layers.reshape({ targetShape: [4, 2] }).apply(embedded),
      ) as tf.SymbolicTensor,
  });
  const optimizer = tf.train.sgd(0);
  const loss = (targets: tf.Tensor, outputs: tf.Tensor) =>
    tf.losses.meanSquaredError(targets.toFloat(), outputs.squeeze([2]));
  network.compile({ optimizer, loss });
  let steps = 0;
  await network.fitDataset(sequenceBatches(counting(103), small), {
    epochs: 2,
    verbose: 0,
    callbacks: { onBatchEnd: () => void steps++ },
  });
  assert.equal(steps, 12);
  network.dispose();
  optimizer.dispose();
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("ids that fill no batch are refused with both numbers and the way out", () => {
  assert.equal(sequenceBatches(counting(15), small).size, 1);
  assert.throws(() => sequenceBatches(counting(14), small), {
    name: "RangeError",
    message: "Cannot fill one batch with 14 ids: a batch of 3 sequences of 4 + 1 needs 15. " +
      "Give a longer text, or a smaller batchSize or sequenceLength",
  });
  const moving = { ...small, randomOffset: true };
  assert.equal(sequenceBatches(counting(18), moving).size, 1);
  assert.throws(
    () => sequenceBatches(counting(17), moving),
    /17 ids.*random offsets needs 18/,
  );
  assert.throws(() => sequenceBatches(new Int32Array(0)), /0 ids.*needs 6464/);
});

Deno.test("options out of their range are refused by name", () => {
  const ids = counting(103);
  const cases: SequenceOptions[] = [
    { sequenceLength: 0 },
    { sequenceLength: 2.5 },
    { batchSize: 0 },
    { batchSize: NaN },
    { shuffleBuffer: -1 },
    { firstEpoch: -1 },
    { seed: -1 },
    { seed: 2 ** 32 },
  ];
  for (const options of cases) {
    const [name, value] = Object.entries(options)[0]!;
    assert.throws(
      () => sequenceBatches(ids, { ...small, ...options }),
      (error: unknown) => {
        assert(error instanceof RangeError);
        assert(
          error.message.includes(name) && error.message.includes(String(value)),
          error.message,
        );
        return true;
      },
    );
  }
  assert.throws(
    () => sequenceBatches([1, 2, 3] as unknown as Int32Array),
    TypeError,
  );
});

Deno.test("an option given as undefined has its default", () => {
  assert.equal(
    sequenceBatches(counting(6464), { batchSize: undefined, seed: undefined })
      .size,
    1,
  );
});
