/**
 * A report's numbers as Markdown tables.
 *
 * @module
 */
import type { BatchesJob } from "./jobs.ts";
import { machineLine } from "./machine.ts";
import { compared, type Measurement, type Report } from "./report.ts";
import { summarize, table } from "./statistics.ts";

/** Everything about one row: a line for each contender. */
export function rowTable(report: Report, row: string): string {
  const lines = report.measurements.filter((measurement) => measurement.row === row);
  if (lines.length === 0) return "nobody could do this";
  return table(lines.map((measurement) => {
    const { contender, mode, milliseconds, gigaflop, peakMegabytes } = measurement;
    const { median, least, most } = summarize(milliseconds);
    return {
      contender: nameOf(report, contender),
      median: duration(median),
      least: duration(least),
      most: duration(most),
      "GFLOP/s": gigaflop === null ? "" : (gigaflop / median * 1000).toFixed(0),
      "peak MB": peakMegabytes.toFixed(0),
      mode,
    };
  }));
}

/** The README's table: a line for each row, a column for each contender. */
export function summaryTable(report: Report): string {
  const columns = report.contenders.filter(({ id }) =>
    report.measurements.some(({ contender }) => contender === id)
  );
  // A run that was cut off has rows that nobody came to.
  const measured = report.rows.filter(({ id }) => report.measurements.some((m) => m.row === id));
  const lines = measured.map(({ id, title }) => ({
    "": title,
    ...Object.fromEntries(columns.map((column) => [
      column.name,
      cell(report.measurements.find((m) => m.row === id && m.contender === column.id)),
    ])),
    "folio / fastest peer": ratio(report, id),
  }));
  return table([...lines, ...shareLines(report, columns), ...memoryLines(report, columns)]);
}

/** Under what circumstances a report was made, in sentences. */
export function circumstances(report: Report): string {
  const { rounds, machine, date, contenders, corpus } = report;
  const versions = contenders.map(({ name, versions, threads }) => {
    const named = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
    return `${name} (${named.join(", ")}; ${threads} thread${threads === 1 ? "" : "s"})`;
  });
  return [
    `Measured on ${date.slice(0, 10)} on ${
      machineLine(machine)
    }: medians of ${rounds} rounds after`,
    `a warm-up, all contenders in turn in one run, and in brackets the shortest and the longest.`,
    corpus === null ? "" : `The corpus is ${corpus.name} (${corpus.characters} characters).`,
    `The contenders: ${versions.join("; ")}.`,
  ].filter((sentence) => sentence !== "").join(" ");
}

/** A time with three significant digits, in the unit that suits it. */
export function duration(milliseconds: number): string {
  const [value, unit] = milliseconds < 1000 ? [milliseconds, "ms"] : [milliseconds / 1000, "s"];
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** The median of one contender in one row. */
export function medianOf(report: Report, row: string, contender: string): number | undefined {
  const found = report.measurements.find((m) => m.row === row && m.contender === contender);
  return found && summarize(found.milliseconds).median;
}

function cell(measurement: Measurement | undefined): string {
  if (measurement === undefined) return "";
  const { median, least, most } = summarize(measurement.milliseconds);
  return `${duration(median)} (${duration(least)}–${duration(most)})`;
}

/** How folio's median compares with its fastest peer's. */
function ratio(report: Report, row: string): string {
  const { ours: id, theirs: ids } = compared(report);
  const ours = medianOf(report, row, id);
  const theirs = ids.map((peer) => medianOf(report, row, peer))
    .filter((median) => median !== undefined);
  return ours === undefined || theirs.length === 0 ? "" : (ours / Math.min(...theirs)).toFixed(2);
}

type Columns = readonly { readonly id: string; readonly name: string }[];

/** A line of the summary that is not a time. */
function extraLine(
  title: string,
  columns: Columns,
  cellOf: (id: string) => string,
): Record<string, string> {
  const cells = columns.map(({ id, name }) => [name, cellOf(id)]);
  return { "": title, ...Object.fromEntries(cells), "folio / fastest peer": "" };
}

/** How much longer a quick step, the shorter one, would take if it had to wait for its batch. */
function shareLines(report: Report, columns: Columns): Record<string, string>[] {
  const job = report.rows.find(({ id }) => id === "batches")?.job as BatchesJob | undefined;
  if (job === undefined || report.corpus === null) return [];
  const sequences = Math.floor(report.corpus.characters / (job.length + 1));
  const batches = Math.floor(sequences / job.batch);
  return [extraLine("preparing a batch, as a share of a quick step", columns, (id) => {
    const [epoch, step] = ["batches", "train-quick"].map((row) => medianOf(report, row, id));
    if (epoch === undefined || step === undefined) return "";
    return `${(100 * epoch / batches / step).toFixed(2)} %`;
  })];
}

function memoryLines(report: Report, columns: Columns): Record<string, string>[] {
  const largest = report.measurements.filter(({ row }) => row === "train-tutorial");
  // The memory that is measured is the host's, which says nothing of a GPU's.
  if (largest.length === 0 || report.machine.gpu !== undefined) return [];
  return [extraLine("peak memory, training at the tutorial's size", columns, (id) => {
    const found = largest.find(({ contender }) => contender === id);
    return found === undefined ? "" : `${found.peakMegabytes.toFixed(0)} MB`;
  })];
}

function nameOf(report: Report, id: string): string {
  return report.contenders.find((contender) => contender.id === id)?.name ?? id;
}
