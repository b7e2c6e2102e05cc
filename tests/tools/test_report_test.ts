import assert from "node:assert/strict";
import { readJunit, slowestTests, summarize, type TestCase } from "../../tools/test_report.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.1">
    <testsuite name="./a_test.ts" tests="3" disabled="1" errors="0" failures="1">
        <testcase name="gru, on webgpu (skipped: no WebGPU adapter; apt)" classname="./a_test.ts" time="0.000" line="9" col="6">
            <skipped/>
        </testcase>
        <testcase name="a &amp; &lt;b&gt;" classname="./a_test.ts" time="2.25" line="1" col="6">
        </testcase>
        <testcase name="bad" classname="./a_test.ts" time="0.001" line="11" col="6">
            <failure message="Uncaught Error: x">Error: &lt;skipped&gt;</failure>
        </testcase>
    </testsuite>
</testsuites>`;

const passed: TestCase = { name: "good", outcome: "passed", seconds: 1 };
const skipped = (name: string): TestCase => ({ name, outcome: "skipped", seconds: 0 });
const noWebgpu = skipped("gru, on webgpu (skipped: no WebGPU adapter; apt)");

Deno.test("readJunit() tells passed, failed and skipped tests apart", () => {
  assert.deepEqual(readJunit(report), [
    noWebgpu,
    { name: "a & <b>", outcome: "passed", seconds: 2.25 },
    { name: "bad", outcome: "failed", seconds: 0.001 },
  ]);
});

Deno.test("summarize() says once why tests were skipped, and how many, and goes on", () => {
  const cases = [passed, noWebgpu, skipped("a"), skipped("b (skipped: no WebGPU adapter; apt)")];
  const summary = summarize(cases, { requireWebgpu: false, success: true });
  assert.equal(summary.success, true);
  assert.deepEqual(summary.lines, [
    "skipped: 2 tests: no WebGPU adapter; apt",
    "skipped: 1 test: a",
    "tests: 1 passed, 0 failed, 3 skipped",
  ]);
});

Deno.test("slowestTests() has the slowest first, and none that were skipped", () => {
  const took = (name: string, seconds: number): TestCase => ({ name, outcome: "passed", seconds });
  const cases = [took("a", 0.04), took("b", 12.34), noWebgpu, took("c", 3)];
  assert.deepEqual(slowestTests(cases, 2), [
    "the slowest tests:",
    "   12.3 s  b",
    "    3.0 s  c",
  ]);
  assert.deepEqual(slowestTests([noWebgpu], 2), []);
});

Deno.test("summarize() fails without WebGPU where it is required", () => {
  const summary = summarize([passed, noWebgpu], { requireWebgpu: true, success: true });
  assert.equal(summary.success, false);
  assert.equal(summary.lines.at(-1), "tests: 1 passed, 1 failed, 1 skipped");
  const other = skipped("many shapes, on webgpu (skipped: slow, only in `deno task test:all`)");
  const there = summarize([passed, other], { requireWebgpu: true, success: true });
  assert.equal(there.success, true);
});

Deno.test("summarize() counts a run that never came to its tests as a failure", () => {
  const summary = summarize(undefined, { requireWebgpu: false, success: false });
  assert.equal(summary.success, false);
  assert.equal(summary.lines.at(-1), "tests: 0 passed, 1 failed");
});

Deno.test("summarize() tells a crash after the last test, which is no failed test", () => {
  const crashed = { requireWebgpu: false, success: false, signalCode: 134 };
  const summary = summarize([passed], crashed);
  assert.deepEqual(summary.lines, [
    "CRASHED while it ended, after its last test (exit code 134)",
    "tests: 1 passed, 0 failed",
  ]);
  assert.equal(summarize(undefined, crashed).success, false);
  assert.equal(summarize([passed], { ...crashed, signalCode: undefined }).success, false);
});
