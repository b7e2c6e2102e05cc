import assert from "node:assert/strict";
import { readJunit, summarize, type TestCase } from "../../tools/test_report.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.1">
    <testsuite name="./a_test.ts" tests="3" disabled="1" errors="0" failures="1">
        <testcase name="gru, on webgpu" classname="./a_test.ts" time="0.000" line="9" col="6">
            <skipped/>
        </testcase>
        <testcase name="a &amp; &lt;b&gt;" classname="./a_test.ts" time="0.0" line="1" col="6">
        </testcase>
        <testcase name="bad" classname="./a_test.ts" time="0.001" line="11" col="6">
            <failure message="Uncaught Error: x">Error: &lt;skipped&gt;</failure>
        </testcase>
    </testsuite>
</testsuites>`;

const passed: TestCase = { name: "good", outcome: "passed" };
const noWebgpu: TestCase = { name: "gru, on webgpu", outcome: "skipped" };

Deno.test("readJunit() tells passed, failed and skipped tests apart", () => {
  assert.deepEqual(readJunit(report), [
    { name: "gru, on webgpu", outcome: "skipped" },
    { name: "a & <b>", outcome: "passed" },
    { name: "bad", outcome: "failed" },
  ]);
});

Deno.test("summarize() names the package that brings WebGPU, and goes on", () => {
  const summary = summarize([passed, noWebgpu], { requireWebgpu: false, success: true });
  assert.equal(summary.success, true);
  assert.match(summary.lines.join("\n"), /1 WebGPU tests.*mesa-vulkan-drivers libvulkan1/);
  assert.equal(summary.lines.at(-1), "tests: 1 passed, 0 failed, 1 skipped");
});

Deno.test("summarize() fails without WebGPU where it is required", () => {
  const summary = summarize([passed, noWebgpu], { requireWebgpu: true, success: true });
  assert.equal(summary.success, false);
  assert.equal(summary.lines.at(-1), "tests: 1 passed, 1 failed, 1 skipped");
  const there = summarize([passed], { requireWebgpu: true, success: true });
  assert.equal(there.success, true);
});

Deno.test("summarize() counts a run that never came to its tests as a failure", () => {
  const summary = summarize(undefined, { requireWebgpu: false, success: false });
  assert.equal(summary.success, false);
  assert.equal(summary.lines.at(-1), "tests: 0 passed, 1 failed");
});
