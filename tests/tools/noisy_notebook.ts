/** The notebook that shows whether the runner loses output: many cells that each say a lot. */
import assert from "node:assert/strict";
import { readCells, wholeText, writeNotebook } from "./generated_notebook.ts";

const LINES = 50;

/** Writes a notebook whose cells each print 50 lines, show a display and return a value or throw. */
export async function writeNoisyNotebook(
  path: string,
  cells: number,
): Promise<void> {
  await writeNotebook(
    path,
    Array.from(
      { length: cells },
      (_, cell) =>
        `for (let line = 0; line < ${LINES}; line++) console.log("cell ${cell} line " + line);
await Deno.jupyter.display({ "text/plain": "display ${cell}" }, { raw: true });
${throws(cell) ? `throw new Error("error ${cell}")` : `"value ${cell}"`}`,
    ),
    ["raises-exception"],
  );
}

function throws(cell: number): boolean {
  return cell % 2 === 1;
}

/** Checks that each cell holds all that it said, in order, and nothing else. */
export async function assertNothingLost(
  path: string,
  cells: number,
): Promise<void> {
  const executed = await readCells(path);
  assert.equal(executed.length, cells);
  for (const [index, cell] of executed.entries()) {
    const [printed, shown, value, ...more] = cell.outputs;
    const lines = Array.from(
      { length: LINES },
      (_, line) => `cell ${index} line ${line}\n`,
    );
    assert.equal(
      wholeText(printed?.text),
      lines.join(""),
    );
    assert.equal(shown?.output_type, "display_data");
    assert.equal(wholeText(shown?.data?.["text/plain"]), `display ${index}`);
    if (throws(index)) {
      assert.equal(value?.output_type, "error");
      assert.equal(value?.evalue, `error ${index}`);
    } else {
      assert.equal(value?.output_type, "execute_result");
      assert.match(
        wholeText(value?.data?.["text/plain"]),
        new RegExp(`"value ${index}"`),
      );
    }
    assert.deepEqual(more, []);
    assert.equal(cell.execution_count, index + 1);
  }
}
