/**
 * The reference figures: what a notebook prints, beside what the tutorial it mirrors prints.
 *
 * @module
 */

import { knownCorpora } from "../text/known_corpora.ts";

/** One figure: what it is here, what it is in the tutorial, and how far apart the two may lie. */
export type ReferenceFigure =
  | readonly [here: string | number, tutorial: string | number]
  | readonly [here: number, tutorial: number, tolerance: number];

/** A table that a notebook draws and that prints as text elsewhere. */
export interface ReferenceTable {
  /** The rows, head included, as they are shown. */
  readonly rows: readonly (readonly string[])[];
  /** Whether every figure is the tutorial's; undefined for a corpus that is not. */
  readonly matches: boolean | undefined;
  /** The table as text. */
  toString(): string;
}

/**
 * Sets figures beside the tutorial's, which hold only for its corpus: for any other, the table has
 * no second column.
 *
 * @param corpus The name and the hash of the text the figures come from.
 * @param figures The figures, by what they say.
 * @returns The table.
 *
 * @example A corpus of one's own has no reference
 * ```ts
 * import { compareWithTutorial } from "folio";
 * import assert from "node:assert/strict";
 *
 * const table = compareWithTutorial({ name: "diary", sha256: "00" }, { characters: [7, 1115394] });
 * assert.equal(table.matches, undefined);
 * assert.doesNotMatch(String(table), /1115394/);
 * ```
 */
export function compareWithTutorial(
  corpus: { readonly name: string; readonly sha256: string },
  figures: Readonly<Record<string, ReferenceFigure>>,
): ReferenceTable {
  const reference = knownCorpora.find(({ name }) => name === "shakespeare");
  if (reference?.sha256 !== corpus.sha256) {
    const rows = Object.entries(figures).map(([name, [here]]) => [name, cell(here)]);
    const note = `The tutorial's figures hold for its own text. This is another one: ` +
      `${corpus.name} (SHA-256 ${corpus.sha256.slice(0, 8)}…).`;
    return table([["figure", "here"], ...rows], undefined, note);
  }
  const entries = Object.entries(figures).map(([name, figure]) => {
    const [here, tutorial, tolerance] = figure;
    const same = tolerance === undefined
      ? here === tutorial
      : Math.abs(Number(here) - Number(tutorial)) <= tolerance;
    const verdict = tolerance === undefined ? "yes" : `within ${tolerance}`;
    return {
      same,
      row: [name, cell(here), cell(tutorial), same ? verdict : "NO"],
    };
  });
  const matches = entries.every(({ same }) => same);
  return table(
    [["figure", "here", "tutorial", "same"], ...entries.map(({ row }) => row)],
    matches,
    `Matches the tutorial: ${matches ? "yes" : "no"}.`,
  );
}

/** Whole numbers as they are; of others, four decimals tell enough. */
function cell(value: string | number): string {
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value);
}

function table(
  rows: readonly (readonly string[])[],
  matches: boolean | undefined,
  note: string,
): ReferenceTable {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(width(column))).join("  ").trimEnd()
  );
  const text = [...lines, note].join("\n");
  const html = `<table>${
    rows.map((row, index) => {
      const tag = index === 0 ? "th" : "td";
      const cells = row.map((cell) => `<${tag} style="text-align:left">${escape(cell)}</${tag}>`);
      return `<tr>${cells.join("")}</tr>`;
    }).join("")
  }</table><p>${escape(note)}</p>`;
  return {
    rows,
    matches,
    toString: () => text,
    // What the Deno kernel and `console.log` look for.
    [Symbol.for("Jupyter.display")]: () => ({
      "text/plain": text,
      "text/html": html,
    }),
    [Symbol.for("Deno.customInspect")]: () => text,
  } as ReferenceTable;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  );
}
