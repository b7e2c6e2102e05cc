/**
 * `deno task bench:readme`: makes the README's table, and the plots, from the newest results.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectPaths } from "../tools/project_paths.ts";
import { comparisonFigure, drawPng, sweepFigure } from "./plot.ts";
import { newestReport, type Report, type ReportKind, reportName } from "./report.ts";
import { circumstances, summaryTable } from "./report_tables.ts";

const [begin, end] = ["<!-- bench:begin -->", "<!-- bench:end -->"];

/**
 * Puts text between the two markers of a Markdown page.
 *
 * @param page The whole page.
 * @param text What shall stand there.
 * @returns The new page.
 * @throws {Error} If a marker is missing, or they are the wrong way round.
 */
export function betweenMarkers(page: string, text: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`The page needs a line ${begin}, and below it a line ${end}`);
  }
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** What the README shows, in this order: the newest of each; all but the first may be missing. */
const kinds: readonly ReportKind[] = ["peers", "gpu", "sweep", "gpu-sweep"];

const isSweep = ({ kind }: Report) => kind.endsWith("sweep");

/** What the README says of the newest results; `folder` is as the README links to it. */
export function readmeSection(reports: readonly Report[], folder: string): string {
  const files = reports.map((report) => `[${report.kind}](${folder}/${reportName(report)}.json)`);
  return [
    ...reports.filter((report) => !isSweep(report))
      .flatMap((report) => [summaryTable(report), circumstances(report)]),
    `All numbers: ${files.join(", ")}.`,
    ...reports.map((report) => {
      const alt = isSweep(report)
        ? "Time and GFLOP/s of a training step over units, batch and length"
        : "How many times as long as folio each contender takes";
      return `![${alt}](${folder}/${reportName(report)}.png)`;
    }),
  ].join("\n\n");
}

async function main(): Promise<void> {
  const { root } = projectPaths();
  const { values: options } = parseArgs({
    options: {
      results: { type: "string", default: join(root, "bench", "results") },
      readme: { type: "string", default: join(root, "README.md") },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (options.help) {
    console.log(`Makes the table between ${begin} and ${end} in the README.

  deno task bench:readme [--check] [--results FOLDER] [--readme FILE]

--check changes nothing and fails where the README is not up to date.`);
    return;
  }
  const newest = await Promise.all(kinds.map((kind) => newestReport(options.results, kind)));
  const [peers] = newest;
  if (peers === undefined) {
    throw new Error(`There are no results in ${options.results}: run deno task bench:peers`);
  }
  const reports = newest.filter((report) => report !== undefined);
  const page = await Deno.readTextFile(options.readme);
  const section = readmeSection(reports, "bench/results");
  const updated = await formatted(betweenMarkers(page, section), root);
  if (options.check) {
    if (updated === page) return;
    throw new Error(`${options.readme} is not made from the newest results: run bench:readme`);
  }
  await Deno.writeTextFile(options.readme, updated);
  console.log(`${options.readme} has the results of ${peers.date.slice(0, 10)}`);
  for (const report of reports) {
    const figure = isSweep(report) ? sweepFigure(report) : comparisonFigure(report);
    const path = join(options.results, `${reportName(report)}.png`);
    await drawPng(figure, path);
    console.log(`${path} is drawn`);
  }
}

/** What `deno fmt` makes of a Markdown page, so that the gate has nothing to find fault with. */
async function formatted(page: string, cwd: string): Promise<string> {
  const args = ["fmt", "--quiet", "--ext=md", "-"];
  const [stdin, stdout] = ["piped", "piped"] as const;
  const child = new Deno.Command(Deno.execPath(), { args, cwd, stdin, stdout }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(page));
  await writer.close();
  const { success, stdout: text } = await child.output();
  if (!success) throw new Error("deno fmt could not format the README");
  return new TextDecoder().decode(text);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
