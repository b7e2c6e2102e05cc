import assert from "node:assert/strict";
import { join } from "node:path";
import {
  inTempDir,
  readCells,
  runNotebooks,
  wholeText,
  writeNotebook,
} from "./generated_notebook.ts";
import { assertNothingLost, writeNoisyNotebook } from "./noisy_notebook.ts";

Deno.test("notebooks: what each cell says is in its cell of the executed copy", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "01_first.ipynb"), [
      `await Deno.writeTextFile("made.txt", "from 01"); console.log("made");`,
      `await Deno.jupyter.display({ "text/plain": "old" }, { raw: true, display_id: "d" });`,
      `await Deno.jupyter.display({ "text/plain": "new" }, { raw: true, display_id: "d", update: true });`,
    ]);
    await writeNotebook(join(folder, "02_second.ipynb"), [
      `await Deno.readTextFile("made.txt")`,
      `Deno.env.get("FOLIO_PRESET")`,
    ]);
    const run = await runNotebooks(folder, ["--preset", "quick"]);
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /^01_first +3 +[\d.]+ +ok$/m);
    assert.match(run.stdout, /^02_second +2 +[\d.]+ +ok$/m);
    assert.match(run.stdout, /^notebooks: 2 passed, 0 failed \(\d+ s\)$/m);
    const first = await readCells(join(folder, "out", "01_first.ipynb"));
    assert.equal(wholeText(first[0]?.outputs[0]?.text), "made\n");
    assert.equal(wholeText(first[1]?.outputs[0]?.data?.["text/plain"]), "new");
    const second = await readCells(join(folder, "out", "02_second.ipynb"));
    assert.match(
      wholeText(second[0]?.outputs[0]?.data?.["text/plain"]),
      /from 01/,
    );
    assert.match(
      wholeText(second[1]?.outputs[0]?.data?.["text/plain"]),
      /quick/,
    );
  }));

Deno.test("notebooks: a broken cell fails the run, is named, and ends it", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "01_broken.ipynb"), [
      `"fine"`,
      `console.log("before"); throw new RangeError("no such thing");`,
      `"never"`,
    ]);
    await writeNotebook(join(folder, "02_after.ipynb"), [`"never"`]);
    const run = await runNotebooks(folder);
    assert.equal(run.code, 1);
    assert.match(
      run.stdout,
      /01_broken\.ipynb, code cell 2, failed:\n +RangeError: no such thing/,
    );
    assert.match(run.stdout, /notebooks: 0 passed, 1 failed, 1 not run/);
    const cells = await readCells(join(folder, "out", "01_broken.ipynb"));
    assert.equal(wholeText(cells[1]?.outputs[0]?.text), "before\n");
    assert.equal(cells[1]?.outputs[1]?.ename, "RangeError");
    assert.equal(cells[2]?.execution_count, null);
    await assert.rejects(
      Deno.stat(join(folder, "out", "02_after.ipynb")),
      Deno.errors.NotFound,
    );
  }));

Deno.test("notebooks: a value that cannot be shown fails the run", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "01_shown.ipynb"), [
      `({ [Symbol.for("Jupyter.display")]() { throw new Error("cannot show it"); } })`,
    ]);
    const run = await runNotebooks(folder);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /code cell 1, failed:\n +Error: cannot show it/);
  }));

Deno.test("notebooks: a missing input file fails the run with the file's name", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "02_reader.ipynb"), [
      `const text = await Deno.readTextFile("../outputs/01_download/corpus.txt");`,
    ]);
    const run = await runNotebooks(folder, ["2"]);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /02_reader\.ipynb, code cell 1, failed:/);
    assert.match(run.stdout, /NotFound: .*corpus\.txt/);
  }));

Deno.test("notebooks: a cell over its limit fails the run, though it never ends by itself", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "01_endless.ipynb"), [
      `"fine"`,
      `while (true) {}`,
    ]);
    const run = await runNotebooks(folder, ["--cell-timeout", "2"]);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /01_endless\.ipynb, code cell 2, took too long:/);
    assert.match(run.stdout, /its limit of 2 s \(--cell-timeout\)/);
    const cells = await readCells(join(folder, "out", "01_endless.ipynb"));
    assert.match(wholeText(cells[0]?.outputs[0]?.data?.["text/plain"]), /fine/);
  }));

Deno.test("notebooks: a kernel that dies fails the run", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "01_dying.ipynb"), [
      `"fine"`,
      `Deno.exit(3)`,
      `"never"`,
    ]);
    const run = await runNotebooks(folder);
    assert.equal(run.code, 1);
    assert.match(run.stdout, /01_dying\.ipynb, code cell 2, ended its kernel:/);
    assert.equal(
      (await readCells(join(folder, "out", "01_dying.ipynb"))).length,
      3,
    );
  }));

Deno.test("notebooks: wrong arguments are refused before anything runs", () =>
  inTempDir(async (folder) => {
    await writeNotebook(join(folder, "01_first.ipynb"), [`"fine"`]);
    const refusals: [string[], RegExp][] = [
      [["--preset", "huge"], /no preset "huge"; there are quick and tutorial/],
      [
        ["--corpus", "no/such/file.txt"],
        /Cannot find the corpus "no\/such\/file\.txt"/,
      ],
      [["--cell-timeout", "soon"], /whole number of seconds, not "soon"/],
      [["7"], /no notebook 07 in/],
      [["first"], /"first" is not the number of a notebook/],
      [["--shout"], /--shout/],
    ];
    for (const [args, message] of refusals) {
      const run = await runNotebooks(folder, args);
      assert.equal(run.code, 1, args.join(" "));
      assert.match(run.stderr, message);
    }
    await assert.rejects(Deno.stat(join(folder, "out")), Deno.errors.NotFound);
  }));

Deno.test("notebooks: noisy cells lose no line", () =>
  inTempDir(async (folder) => {
    const cells = 24; // runner_stress.ts takes 120 of them
    await writeNoisyNotebook(join(folder, "01_noisy.ipynb"), cells);
    const run = await runNotebooks(folder);
    assert.equal(run.code, 0, run.stdout + run.stderr);
    await assertNothingLost(join(folder, "out", "01_noisy.ipynb"), cells);
  }));
