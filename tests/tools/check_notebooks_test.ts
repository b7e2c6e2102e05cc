import assert from "node:assert/strict";
import { join } from "node:path";
import { checkNotebooks } from "../../tools/check_notebooks.ts";
import { inTempDir, writeNotebook } from "./generated_notebook.ts";

/** Fifteen cells, the fewest a notebook may have. */
function fifteen(...cells: string[]): string[] {
  return [...cells, ...Array.from({ length: 15 - cells.length }, (_, i) => `"filler ${i}"`)];
}

Deno.test("checkNotebooks() accepts what a notebook may do: await, share names, end in a value", () =>
  inTempDir(async (folder) => {
    await writeNotebook(
      join(folder, "01_good.ipynb"),
      fifteen(
        `import * as folio from "folio";\nconst corpus = "Hello";`,
        `const vocabulary = folio.Vocabulary.fromText(corpus);\nawait Promise.resolve(1)`,
        `[vocabulary.size, corpus.length]`,
        `await Deno.jupyter.display({ "text/plain": "shown" }, { raw: true });`,
      ),
    );
    assert.deepEqual(await checkNotebooks({ notebooks: folder }), { notebooks: 1, problems: [] });
  }));

Deno.test("checkNotebooks() names notebook, cell and line of a wrong type and of a lint", () =>
  inTempDir(async (folder) => {
    await writeNotebook(
      join(folder, "01_types.ipynb"),
      fifteen(`"fine"`, `"first line"\nconst count: number = "many";\ncount`),
    );
    await writeNotebook(join(folder, "02_lint.ipynb"), fifteen(`var old = 1;\nold`));
    const { problems } = await checkNotebooks({ notebooks: folder });
    const all = problems.join("\n");
    assert.match(all, /TS2322/);
    assert.match(all, /01_types\.ipynb, code cell 2, line 2$/m);
    assert.match(all, /02_lint\.ipynb, code cell 1, line 1 - .*no-var/);
    assert.doesNotMatch(all, /notebook-cells/);
  }));

Deno.test("checkNotebooks() tells what breaks the rules of the house", () =>
  inTempDir(async (folder) => {
    const path = join(folder, "01_short.ipynb");
    const long = Array.from({ length: 21 }, (_, i) => `"line ${i}";`).join("\n");
    await writeNotebook(path, ["", long]);
    const notebook = JSON.parse(await Deno.readTextFile(path));
    notebook.metadata.kernelspec.name = "python3";
    notebook.cells[1].outputs = [{ output_type: "error", ename: "TypeError", evalue: "no" }, {
      output_type: "stream",
      name: "stdout",
      text: "x".repeat(600_000),
    }];
    await Deno.writeTextFile(path, JSON.stringify(notebook));
    const { problems } = await checkNotebooks({ notebooks: folder });
    for (
      const expected of [
        /it has 2 cells; a notebook has 15 to 30/,
        /its kernelspec is "python3"; it must be "deno"/,
        /code cell 1 is empty/,
        /code cell 2 has 21 lines of code; at most 20/,
        /code cell 2 holds an error: TypeError: no/,
        /code cell 2 holds an output of \d+ bytes/,
      ]
    ) assert.ok(problems.some((problem) => expected.test(problem)), `${expected}: ${problems}`);
    assert.equal(problems.length, 6, problems.join("\n"));
  }));

Deno.test("checkNotebooks() counts no cells in solutions, and checks their code", () =>
  inTempDir(async (folder) => {
    await Deno.mkdir(join(folder, "solutions"));
    await writeNotebook(join(folder, "solutions", "01_answer.ipynb"), [
      `const x: number = "one";\nx`,
    ]);
    const { problems } = await checkNotebooks({ notebooks: folder });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0]!, /01_answer\.ipynb, code cell 1, line 1/);
  }));

Deno.test("checkNotebooks() names a file that is not a notebook", () =>
  inTempDir(async (folder) => {
    await Deno.writeTextFile(join(folder, "01_broken.ipynb"), "{");
    await assert.rejects(
      checkNotebooks({ notebooks: folder }),
      /01_broken\.ipynb is not a notebook/,
    );
  }));
