/**
 * A notebook as a file: its cells, and its code as one module.
 *
 * @module
 */
import { basename } from "node:path";

/** One output stored in a notebook. */
export interface StoredOutput {
  readonly output_type: string;
  readonly ename?: string;
  readonly evalue?: string;
}

/** One cell of a notebook. */
export interface NotebookCell {
  readonly kind: "code" | "markdown" | "raw";
  readonly lines: readonly string[];
  readonly outputs: readonly StoredOutput[];
}

/** A notebook, read. */
export interface Notebook {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly kernel: string | undefined;
  readonly cells: readonly NotebookCell[];
}

/** Where in a notebook a line of its module comes from. */
export interface CellLine {
  /** The code cell, from 1, as the headless run counts them. */
  readonly cell: number;
  readonly line: number;
}

/** A notebook's code as one module. */
export interface NotebookModule {
  readonly source: string;
  /** Entry i tells where line i + 1 of the source comes from. */
  readonly origins: readonly (CellLine | undefined)[];
}

interface RawCell {
  readonly cell_type: NotebookCell["kind"];
  readonly source: string | readonly string[];
  readonly outputs?: readonly StoredOutput[];
}

interface RawNotebook {
  readonly metadata?: { readonly kernelspec?: { readonly name?: string } };
  readonly cells: readonly RawCell[];
}

/**
 * Reads a notebook file.
 *
 * @param path The .ipynb file.
 * @returns Its cells and kernel.
 * @throws {Error} If the file is not a notebook.
 */
export async function readNotebook(path: string): Promise<Notebook> {
  const text = await Deno.readTextFile(path);
  let raw: RawNotebook;
  try {
    raw = JSON.parse(text) as RawNotebook;
  } catch (cause) {
    throw new Error(`${path} is not a notebook: it is not JSON`, { cause });
  }
  if (!Array.isArray(raw.cells)) {
    throw new Error(`${path} is not a notebook: it has no cells`);
  }
  return {
    path,
    name: basename(path, ".ipynb"),
    bytes: new TextEncoder().encode(text).length,
    kernel: raw.metadata?.kernelspec?.name,
    cells: raw.cells.map((cell) => ({
      kind: cell.cell_type,
      lines: sourceText(cell.source).split("\n"),
      outputs: cell.outputs ?? [],
    })),
  };
}

function sourceText(source: RawCell["source"]): string {
  return typeof source === "string" ? source : source.join("");
}

/**
 * Joins a notebook's code cells into one module: what a cell declares, later ones see.
 *
 * @param notebook The notebook.
 * @returns The module, and where each of its lines comes from.
 */
export function notebookModule(notebook: Notebook): NotebookModule {
  const lines: string[] = [];
  const origins: (CellLine | undefined)[] = [];
  const code = notebook.cells.filter((cell) => cell.kind === "code");
  for (const [index, cell] of code.entries()) {
    for (const [line, text] of cell.lines.entries()) {
      lines.push(text);
      origins.push({ cell: index + 1, line: line + 1 });
    }
    // A cell may end in an expression without a semicolon, which the next must not continue.
    lines.push(";");
    origins.push(undefined);
  }
  // Top-level await needs a module, and a file is one only if it imports or exports.
  lines.push("export {};", "");
  origins.push(undefined, undefined);
  return { source: lines.join("\n"), origins };
}
