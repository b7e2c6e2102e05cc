/**
 * What the headless run shows: a live line for each notebook, and a table at the end.
 *
 * @module
 */
import { relative } from "node:path";
import type { NotebookOutcome, NotebookProgress } from "./notebook_run.ts";

/** The line of one notebook. */
export interface LiveLine {
  /** Tells where the run is. */
  show(progress: NotebookProgress): void;
  /** Replaces the line by how it ended, and prints what went wrong. */
  end(outcome: NotebookOutcome): void;
}

/** Where the line goes. */
export interface LiveLineOptions {
  readonly terminal?: boolean;
  readonly write?: (text: string) => void;
}

/**
 * A line that is rewritten in place each second on a terminal; elsewhere a plain line at the start
 * and each half minute, so that a log stays short.
 *
 * @param options Whether it is a terminal, and where to write; standard output by default.
 * @returns The line.
 */
export function liveLine(options: LiveLineOptions = {}): LiveLine {
  const terminal = options.terminal ?? Deno.stdout.isTerminal();
  const write = options.write ??
    ((text) => Deno.stdout.writeSync(new TextEncoder().encode(text)));
  const started = performance.now();
  const period = terminal ? 1000 : 30_000;
  let now: NotebookProgress | undefined;
  let begun = false;
  const print = () => {
    if (!now) return;
    const seconds = (performance.now() - started) / 1000;
    write(
      terminal ? `\r\x1b[K${status(now, seconds)}` : `${status(now, seconds)}\n`,
    );
  };
  const timer = setInterval(print, period);
  return {
    show(progress) {
      now = progress;
      if (terminal || !begun) print();
      begun = true;
    },
    end(outcome) {
      clearInterval(timer);
      const line = `${status(outcome, outcome.seconds)}  ${outcome.result}\n`;
      write(terminal ? `\r\x1b[K${line}` : line);
      if (outcome.problem) {
        write(`\n${headline(outcome)}\n${indent(outcome.problem)}\n`);
      }
    },
  };
}

function status(
  { name, cell, cells }: NotebookProgress,
  seconds: number,
): string {
  const width = String(cells).length;
  const where = `cell ${String(cell).padStart(width)} of ${cells}`;
  return `${name.padEnd(20)}  ${where}  ${seconds.toFixed(0).padStart(4)} s`;
}

function headline({ name, cell, result }: NotebookOutcome): string {
  const what = {
    ok: "is done",
    error: "failed",
    timeout: "took too long",
    died: "ended its kernel",
    failed: "could not be run",
    interrupted: "was interrupted",
  }[result];
  return cell === 0 ? `${name}.ipynb ${what}:` : `${name}.ipynb, code cell ${cell}, ${what}:`;
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}

/**
 * The table at the end of a run.
 *
 * @param outcomes How each notebook that ran ended.
 * @param run How many were to run, and where the executed copies lie.
 * @returns Lines of text.
 */
export function outcomeTable(
  outcomes: readonly NotebookOutcome[],
  run: { readonly planned: number; readonly outputs: string },
): string {
  const rows = outcomes.map(({ name, cell, cells, seconds, result }) => [
    name,
    result === "ok" ? `${cells}` : `${cell} of ${cells}`,
    seconds.toFixed(1),
    result,
  ]);
  const table = [["notebook", "cells", "seconds", "result"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map(([name, cells, seconds, result]) =>
    `${name!.padEnd(widths[0]!)}  ${cells!.padStart(widths[1]!)}  ` +
    `${seconds!.padStart(widths[2]!)}  ${result}`
  );
  const passed = outcomes.filter((outcome) => outcome.result === "ok").length;
  const total = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const left = run.planned - outcomes.length;
  const summary = `notebooks: ${passed} passed, ${outcomes.length - passed} failed` +
    (left > 0 ? `, ${left} not run` : "") + ` (${total.toFixed(0)} s)`;
  const where = relative(Deno.cwd(), run.outputs) || ".";
  const shown = where.startsWith("..") ? run.outputs : `${where}/`;
  return ["", ...lines, "", summary, `The executed notebooks are in ${shown}`]
    .join("\n");
}
