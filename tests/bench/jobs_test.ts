import assert from "node:assert/strict";
import { contendersNamed, usualContenders } from "../../bench/contenders.ts";
import {
  benchmarkRows,
  gigaflop,
  gpuRows,
  parameterCount,
  sweepRows,
  type TrainJob,
} from "../../bench/jobs.ts";
import { readsLoss } from "../../bench/train_step.ts";
import { summarize } from "../../bench/statistics.ts";

const options = { textPath: "corpus.txt", characters: 1000, small: false };

Deno.test("a step of the tutorial's size is 154 GFLOP of 4,022,850 parameters", () => {
  const job = benchmarkRows(options).find(({ id }) => id === "train-tutorial")!.job as TrainJob;
  assert.equal(parameterCount(job.model), 4_022_850);
  assert.equal(Math.round(gigaflop(job)), 154);
});

Deno.test("two layers have two GRUs' parameters", () => {
  const model = { vocabularySize: 5, embeddingDim: 2, rnnUnits: 3, layers: 2 };
  assert.equal(parameterCount(model), 5 * 2 + 3 * 3 * (2 + 3 + 2) + 3 * 3 * (3 + 3 + 2) + 4 * 5);
});

Deno.test("a sweep changes one size at a time", () => {
  const base = { units: 1024, batch: 64, length: 100 };
  for (const { id, job } of sweepRows({ small: false })) {
    const { model, batch, length } = job as TrainJob;
    const [axis = "", value] = id.split("-");
    assert.deepEqual(
      { units: model.rnnUnits, batch, length },
      { ...base, [axis]: Number(value) },
    );
  }
});

Deno.test("on a GPU the same is measured, in longer rounds, and once more with losses read late", () => {
  const rows = gpuRows(options);
  for (const { id, title, job } of benchmarkRows(options).slice(0, 4)) {
    const same = rows.find((row) => row.id === id)!;
    const { amount, warmUp } = same.job;
    assert.deepEqual(same, { id, title, job: { ...job, amount, warmUp } });
    assert.ok(amount >= job.amount);
  }
  const { job } = rows.find(({ id }) => id === "train-quick-queued")!;
  const read = (steps: number) =>
    Array.from({ length: steps }, (_, step) => readsLoss(job as TrainJob, { step, steps }));
  assert.deepEqual(read(3), [false, false, true]);
  assert.equal(read(job.amount).filter(Boolean).length, 1);
  const { lossEvery: _, ...each } = job as TrainJob;
  assert.ok(readsLoss(each, { step: 0, steps: 3 }));
});

Deno.test("contenders are known by name, and a GPU only counts where there is one", () => {
  assert.throws(() => contendersNamed(["folio", "jax"]), /no contender "jax"/);
  for (const peers of [false, true]) {
    for (const sweep of [false, true]) {
      const ids = usualContenders({ peers, sweep, hasGpu: false });
      assert.deepEqual(contendersNamed(ids).map(({ id }) => id).sort(), [...ids].sort());
      assert.ok(!ids.some((id) => id.endsWith("webgpu")));
      assert.ok(usualContenders({ peers, sweep, hasGpu: true }).includes("folio-webgpu"));
    }
  }
});

Deno.test("a median lies in the middle", () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, least: 1, most: 4 });
  assert.throws(() => summarize([]), RangeError);
});
