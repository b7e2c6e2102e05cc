import assert from "node:assert/strict";
import { stepCounts, stepsTable } from "../../tools/test_steps.ts";

const end = (code: number, output: string) => ({ code, output, seconds: 61.4 });

Deno.test("stepCounts() reads the last counts that a step printed", () => {
  const output = "tests: 1 passed, 1 failed\nnoise\ntests: 41 passed, 0 failed, 2 skipped\n";
  const expected = { name: "tests", passed: 41, failed: 0, seconds: 61.4 };
  assert.deepEqual(stepCounts("tests", end(0, output)), expected);
  const notebooks = stepCounts("notebooks", end(1, "notebooks: 8 passed, 1 failed (9 s)\n"));
  assert.deepEqual([notebooks.passed, notebooks.failed], [8, 1]);
});

Deno.test("stepCounts() takes a step that ended badly, or counted nothing, for a failure", () => {
  const cases: [number, string, number, number][] = [
    [1, "", 0, 1],
    [0, "nothing was counted", 0, 1],
    [1, "tests: 5 passed, 0 failed", 5, 1],
    [139, "a line that only says tests: 5 passed, 3 failed", 0, 1],
  ];
  for (const [code, output, passed, failed] of cases) {
    const counts = stepCounts("step", end(code, output));
    assert.deepEqual([counts.passed, counts.failed], [passed, failed], output);
  }
});

Deno.test("stepsTable() has each step's time, and adds up what passed", () => {
  const steps = [
    { name: "tests", passed: 500, failed: 0, seconds: 90.2 },
    { name: "JupyterLab", passed: 1, failed: 2, seconds: 8 },
  ];
  assert.deepEqual(stepsTable(steps), [
    "tests       500 passed, 0 failed in 90 s",
    "JupyterLab  1 passed, 2 failed in 8 s",
    "all: 501 passed, 2 failed",
  ]);
});
