/**
 * The rules of the house for notebooks, as far as a program can see them.
 *
 * @module
 */
import type { Notebook } from "./notebook_cells.ts";

const CELLS = { least: 15, most: 30 };
const CODE_LINES = 20;
const NOTEBOOK_BYTES = 2_000_000;
const OUTPUT_BYTES = 500_000;

/** Which rules hold. */
export interface RuleOptions {
  /** Whether the number of cells is held to: yes for the course, no for solutions. */
  readonly countCells?: boolean;
}

/**
 * Lists where a notebook breaks the rules: 15 to 30 cells, at most 20 lines in a code cell, the Deno
 * kernel, no stored error, outputs of a sane size.
 *
 * @param notebook The notebook.
 * @param options Whether to count the cells; yes by default.
 * @returns One sentence for each breach.
 */
export function brokenRules(notebook: Notebook, options: RuleOptions = {}): string[] {
  const broken: string[] = [];
  const count = notebook.cells.length;
  if ((options.countCells ?? true) && (count < CELLS.least || count > CELLS.most)) {
    broken.push(`it has ${count} cells; a notebook has ${CELLS.least} to ${CELLS.most}`);
  }
  if (notebook.kernel !== "deno") {
    broken.push(`its kernelspec is "${notebook.kernel ?? ""}"; it must be "deno"`);
  }
  if (notebook.bytes > NOTEBOOK_BYTES) {
    broken.push(`it takes ${notebook.bytes} bytes; at most ${NOTEBOOK_BYTES} are sane`);
  }
  const code = notebook.cells.filter((cell) => cell.kind === "code");
  for (const [index, cell] of code.entries()) {
    const where = `code cell ${index + 1}`;
    const lines = cell.lines.filter((line) => line.trim() !== "").length;
    if (lines === 0) broken.push(`${where} is empty`);
    if (lines > CODE_LINES) {
      broken.push(`${where} has ${lines} lines of code; at most ${CODE_LINES}, the rest in lib`);
    }
    for (const output of cell.outputs) {
      if (output.output_type === "error") {
        broken.push(`${where} holds an error: ${output.ename}: ${output.evalue}`);
      }
      const bytes = JSON.stringify(output).length;
      if (bytes > OUTPUT_BYTES) {
        broken.push(`${where} holds an output of ${bytes} bytes; at most ${OUTPUT_BYTES} are sane`);
      }
    }
  }
  return broken;
}
