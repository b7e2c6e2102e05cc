import assert from "node:assert/strict";
import type { NotebookOutcome } from "../../tools/notebook_run.ts";
import { liveLine, outcomeTable } from "../../tools/run_report.ts";

const good: NotebookOutcome = {
  name: "01_download",
  cell: 9,
  cells: 9,
  seconds: 3.14,
  executed: "/out/01_download.ipynb",
  result: "ok",
  problem: "",
};
const broken: NotebookOutcome = {
  ...good,
  name: "02_vectorize",
  cell: 4,
  cells: 14,
  result: "error",
  problem: "RangeError: no such thing\n    at <anonymous>:2:7",
};

function written(terminal: boolean): string {
  let all = "";
  const line = liveLine({ terminal, write: (text) => all += text });
  for (let cell = 0; cell <= 3; cell++) line.show({ name: "01_download", cell, cells: 9 });
  line.end(good);
  return all;
}

Deno.test("liveLine() rewrites one line on a terminal", () => {
  const all = written(true);
  assert.equal(all.split("\n").length, 2);
  assert.equal(all.split("\r\x1b[K").length, 6);
  assert.ok(all.endsWith("01_download           cell 9 of 9     3 s  ok\n"), all);
});

Deno.test("liveLine() is sparse where there is no terminal", () => {
  assert.deepEqual(written(false).split("\n"), [
    "01_download           cell 0 of 9     0 s",
    "01_download           cell 9 of 9     3 s  ok",
    "",
  ]);
});

Deno.test("liveLine() names notebook, cell and error", () => {
  let all = "";
  liveLine({ terminal: false, write: (text) => all += text }).end(broken);
  assert.match(all, /02_vectorize\.ipynb, code cell 4, failed:\n {2}RangeError: no such thing\n/);
});

Deno.test("outcomeTable() lists what ran, what was left, and where the copies lie", () => {
  const table = outcomeTable([good, broken], { planned: 9, outputs: "/out" });
  assert.deepEqual(table.split("\n"), [
    "",
    "notebook        cells  seconds  result",
    "01_download         9      3.1  ok",
    "02_vectorize  4 of 14      3.1  error",
    "",
    "notebooks: 1 passed, 1 failed, 7 not run (6 s)",
    "The executed notebooks are in /out",
  ]);
});
