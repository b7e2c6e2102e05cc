/**
 * One notebook, executed headlessly by tools/run_notebook.py.
 *
 * @module
 */
import { basename, join } from "node:path";
import { TextLineStream } from "./text_lines.ts";
import { lastLines } from "./process.ts";

/** What executing notebooks needs to know. */
export interface NotebookRunOptions {
  /** The Python that has nbclient. */
  readonly python: string;
  /** The folder that run_notebook.py lies in. */
  readonly tools: string;
  /** The folder for the executed copy. */
  readonly outputs: string;
  /** The variables that the runner and the kernel see besides our own. */
  readonly env: Record<string, string>;
  /** How long one cell may run, in seconds. */
  readonly cellTimeout: number;
  /** Is told where the run is, at each cell. */
  readonly onProgress?: (progress: NotebookProgress) => void;
  /** Ends the kernel and the run. */
  readonly signal?: AbortSignal;
}

/** Where a run is. */
export interface NotebookProgress {
  readonly name: string;
  /** The code cell that is running, from 1; 0 while the kernel starts. */
  readonly cell: number;
  readonly cells: number;
}

/** How a notebook ended. */
export interface NotebookOutcome extends NotebookProgress {
  readonly seconds: number;
  readonly executed: string;
  /** "ok", or what went wrong, in one word. */
  readonly result:
    | "ok"
    | "error"
    | "timeout"
    | "died"
    | "failed"
    | "interrupted";
  /** What went wrong, to be read by a person; empty where nothing did. */
  readonly problem: string;
}

type RunnerEvent =
  | { readonly event: "begin"; readonly cells: number }
  | { readonly event: "cell"; readonly number: number }
  | ({ readonly event: "end" } & EndReport);

interface EndReport {
  readonly result: NotebookOutcome["result"];
  readonly message?: string;
  readonly text?: string;
  readonly kernel?: string;
}

/**
 * Executes one notebook and writes the executed copy, whole, with the outputs there are.
 *
 * @param path The notebook.
 * @param options The Python, the folders, the time limit and the listener.
 * @returns How it ended; a failure is an outcome, not an exception.
 */
export async function runNotebook(
  path: string,
  options: NotebookRunOptions,
): Promise<NotebookOutcome> {
  const started = performance.now();
  const executed = join(options.outputs, basename(path));
  const script = join(options.tools, "run_notebook.py");
  const folder = join(path, "..");
  const child = new Deno.Command(options.python, {
    args: [script, path, executed, folder, String(options.cellTimeout)],
    env: options.env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = () => child.stdin.close().catch(() => {});
  options.signal?.addEventListener("abort", stop, { once: true });
  const stderr = new Response(child.stderr).text();
  let progress: NotebookProgress = {
    name: basename(path, ".ipynb"),
    cell: 0,
    cells: 0,
  };
  let end: EndReport | undefined;
  for await (const line of child.stdout.pipeThrough(new TextLineStream())) {
    const event = JSON.parse(line) as RunnerEvent;
    if (event.event === "begin") progress = { ...progress, cells: event.cells };
    if (event.event === "cell") progress = { ...progress, cell: event.number };
    if (event.event === "end") end = event;
    else options.onProgress?.(progress);
  }
  await child.status;
  options.signal?.removeEventListener("abort", stop);
  if (!options.signal?.aborted) await stop();
  const report = end ??
    { result: "failed", message: lastLines(await stderr) } as const;
  const result = options.signal?.aborted ? "interrupted" : report.result;
  return {
    ...progress,
    executed,
    result,
    seconds: (performance.now() - started) / 1000,
    problem: describe({ ...report, result }, options.cellTimeout),
  };
}

function describe(report: EndReport, cellTimeout: number): string {
  switch (report.result) {
    case "ok":
      return "";
    case "error":
      return report.text || report.message || "";
    case "timeout":
      return `the cell was still running after its limit of ${cellTimeout} s (--cell-timeout)`;
    case "died":
      return `the kernel died. What it said last:\n${
        lastLines(report.kernel ?? "") || "  nothing"
      }`;
    case "interrupted":
      return "its kernel was ended";
    case "failed":
      return [report.message, lastLines(report.kernel ?? "")].filter(Boolean)
        .join("\n");
  }
}
