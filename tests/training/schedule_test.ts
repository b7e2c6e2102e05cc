import assert from "node:assert/strict";
import { learningRateSchedule, presets } from "folio";

const cosine = {
  learningRate: 1,
  finalLearningRate: 0.1,
  warmupSteps: 10,
  decay: "cosine",
} as const;

Deno.test("the learning rate rises in a straight line, then falls as half a cosine", () => {
  const rate = learningRateSchedule(cosine, 110);
  assert.equal(rate(0), 1 / 11);
  assert.equal(rate(9), 10 / 11);
  assert.equal(rate(10), 1);
  assert.ok(Math.abs(rate(60) - 0.55) < 1e-12);
  assert.ok(Math.abs(rate(110) - 0.1) < 1e-12);
  assert.ok(Math.abs(rate(500) - 0.1) < 1e-12);
});

Deno.test("the tutorial's learning rate stays", () => {
  const rate = learningRateSchedule(presets.tutorial.training, 100);
  assert.deepEqual([0, 50, 100].map(rate), [0.001, 0.001, 0.001]);
});
