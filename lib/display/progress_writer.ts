/**
 * The progress writer: one line that changes in place, in a notebook or a terminal.
 *
 * @module
 */

/** Where progress goes: a live line that the next one replaces, and lines that stay. */
export interface ProgressWriter {
  /** Replaces the live line. */
  live(line: string): void | Promise<void>;
  /** Replaces the live line by one that stays. */
  keep(line: string): void | Promise<void>;
}

/** The part of `Deno.jupyter.display` that a writer uses. */
export type JupyterDisplay = (
  value: unknown,
  options: {
    readonly raw: true;
    readonly display_id: string;
    readonly update: boolean;
  },
) => Promise<void>;

/**
 * Writes to one display of a notebook's cell, updated in place.
 *
 * @param display The kernel's display function.
 * @returns The writer.
 */
export function notebookWriter(display: JupyterDisplay): ProgressWriter {
  const display_id = crypto.randomUUID();
  const kept: string[] = [];
  let shown = false;
  // One display after the other: a caller need not wait, and the last one must win.
  let queue = Promise.resolve();
  const show = (lines: readonly string[]) => {
    const update = shown;
    shown = true;
    queue = queue.then(() =>
      display({ "text/plain": lines.join("\n") }, {
        raw: true,
        display_id,
        update,
      })
    );
    return queue;
  };
  return {
    live: (line) => show([...kept, line]),
    keep(line) {
      kept.push(line);
      return show(kept);
    },
  };
}

/**
 * Writes one line of a terminal again and again.
 *
 * @param write Takes the text.
 * @returns The writer.
 */
export function terminalWriter(write: (text: string) => void): ProgressWriter {
  // Erase to the end of the line: a shorter line must not leave a longer one's tail.
  return {
    live: (line) => write(`\r${line}\x1b[K`),
    keep: (line) => write(`\r${line}\x1b[K\n`),
  };
}

/**
 * Writes only the lines that stay: for a log, where nothing can be replaced.
 *
 * @param write Takes the text.
 * @returns The writer.
 */
export function logWriter(write: (text: string) => void): ProgressWriter {
  return { live: () => {}, keep: (line) => write(`${line}\n`) };
}

/**
 * Chooses the writer for where the program runs: notebook, terminal or log.
 *
 * @returns The writer; outside a notebook it writes to standard error.
 */
export function defaultWriter(): ProgressWriter {
  const display = jupyterDisplay();
  if (display) return notebookWriter(display);
  const encoder = new TextEncoder();
  const write = (text: string) => void Deno.stderr.writeSync(encoder.encode(text));
  return Deno.stderr.isTerminal() ? terminalWriter(write) : logWriter(write);
}

function jupyterDisplay(): JupyterDisplay | undefined {
  try {
    return Deno.jupyter.display;
  } catch {
    // Outside the Jupyter kernel reading `Deno.jupyter` throws.
    return undefined;
  }
}
