import assert from "node:assert/strict";
import { join } from "node:path";
import { newestReport, parseReport, reportName, writeReport } from "../../bench/report.ts";
import { circumstances, duration, rowTable, summaryTable } from "../../bench/report_tables.ts";
import { betweenMarkers, readmeSection } from "../../bench/readme.ts";
import { comparisonFigure, sweepFigure } from "../../bench/plot.ts";
import { madeUpReport } from "./made_up_report.ts";

Deno.test("a report that is written is read again, and the newest of its kind is found", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const older = madeUpReport();
    const newer = { ...madeUpReport(), date: "2026-11-23T00:00:00.000Z" };
    const path = await writeReport(newer, folder);
    await writeReport(older, folder);
    await writeReport({ ...madeUpReport("sweep"), date: "2026-11-24T00:00:00.000Z" }, folder);
    assert.equal(path, join(folder, "2026-11-23-some-2.50ghz-2-cores-peers.json"));
    assert.deepEqual(await newestReport(folder, "peers"), newer);
    assert.equal(await newestReport(folder, "folio"), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what is no report is refused, by name and reason", () => {
  const report = madeUpReport();
  const bad = [
    "{",
    "{}",
    JSON.stringify({ ...report, version: 2 }),
    JSON.stringify({ ...report, measurements: [{ ...report.measurements[0], milliseconds: [] }] }),
    JSON.stringify({ ...report, note: "more" }),
  ];
  for (const text of bad) {
    assert.throws(() => parseReport(text, "results/a.json"), /results\/a\.json is no benchmark/);
  }
});

Deno.test("the tables have medians, spread, rates and the ratio to the fastest peer", () => {
  const report = madeUpReport();
  const [first] = report.rows;
  const row = rowTable(report, first!.id).split("\n");
  assert.match(row[2]!, /FOLIO +\| +1\.00 s \| +900 ms \| 1\.30 s \| +154 \|/);
  const summary = summaryTable(report).split("\n");
  assert.match(summary[2]!, /\| +1\.00 s \(900 ms–1\.30 s\) \| +2\.00 s .*\| +0\.50 \|$/);
  // 172 batches in 6 s, and steps of 2 s.
  assert.match(summary.at(-2)!, /a batch.*\| +1\.74 % \| +1\.74 % \| +1\.74 % \|/);
  assert.match(summary.at(-1)!, /peak memory.*\| +500 MB \| +1000 MB \| +2000 MB \|/);
});

Deno.test("on a GPU folio is compared with cuDNN in float32, and its memory is not the host's", async () => {
  const report = madeUpReport("gpu");
  const lines = summaryTable(report).split("\n");
  assert.equal(lines.length, 2 + 6);
  assert.match(lines[2]!, /\| +1\.00 s \(.*\| +2\.00 s .*\| +500 ms .*\| +0\.50 \|$/);
  assert.match(circumstances(report), /on Some GPU 9000 \(driver 1\.2\.3\); Some\(R\) Processor/);
  assert.equal(reportName(report), "2026-11-22-some-gpu-9000-gpu");
  const [torch] = comparisonFigure(report).data;
  assert.deepEqual(torch!.x, [2, 2, 2, 2, 2, 2]);
  const folder = await Deno.makeTempDir();
  try {
    await writeReport(report, folder);
    await writeReport(madeUpReport(), folder);
    assert.deepEqual(await newestReport(folder, "gpu"), report);
    assert.deepEqual(await newestReport(folder, "peers"), madeUpReport());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("durations have three digits and their unit", () => {
  const cases = [[1234, "1.23 s"], [999.4, "999 ms"], [12.345, "12.3 ms"], [0.5, "0.500 ms"]];
  for (const [milliseconds, text] of cases) assert.equal(duration(milliseconds as number), text);
  assert.equal(duration(123_456), "123 s");
});

Deno.test("the README's section stands between its markers and nothing else changes", () => {
  const page = "# folio\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\nThe end.\n";
  const reports = [madeUpReport(), madeUpReport("gpu"), madeUpReport("sweep")];
  const section = readmeSection(reports, "bench/results");
  assert.equal(section.match(/^Measured on /gm)?.length, 2);
  const updated = betweenMarkers(page, section);
  assert.ok(updated.startsWith("# folio\n\n<!-- bench:begin -->\n\n|"));
  assert.ok(updated.endsWith("\n\n<!-- bench:end -->\n\nThe end.\n"));
  assert.ok(!updated.includes("old"));
  assert.equal(betweenMarkers(updated, section), updated);
  for (const report of reports) {
    assert.ok(section.includes(`bench/results/${reportName(report)}.json`));
  }
  assert.throws(() => betweenMarkers("# folio\n", section), /bench:begin/);
  assert.throws(
    () => betweenMarkers("<!-- bench:end -->\n<!-- bench:begin -->", section),
    /bench:begin/,
  );
});

Deno.test("the figures have each contender's numbers", () => {
  const [torch, keras] = comparisonFigure(madeUpReport()).data;
  assert.deepEqual(torch!.x, [2, 2, 2, 2, 2, 2]);
  assert.deepEqual(keras!.x, [4, 4, 4, 4, 4, 4]);
  const traces = sweepFigure(madeUpReport("sweep")).data;
  assert.equal(traces.length, 3 * 3 * 2);
  assert.deepEqual(traces[0]!.x, [128, 256, 512, 1024, 2048]);
  assert.deepEqual(traces[0]!.y, [1, 2, 3, 4, 5]);
  assert.deepEqual(traces[1]!.y, [154, 77, 154 / 3, 38.5, 30.8]);
});
