/**
 * Measures rows one after the other, and keeps a report of them.
 *
 * @module
 */
import type { Contender, Programs } from "./contenders.ts";
import type { Row } from "./jobs.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { measureRow } from "./measure.ts";
import { type Report, type ReportKind, writeReport } from "./report.ts";
import { rowTable, summaryTable } from "./report_tables.ts";

/** What {@linkcode runBenchmark} measures, and how. */
export interface RunOptions {
  readonly kind: ReportKind;
  readonly rows: readonly Row[];
  /** The corpus of the rows that need one. */
  readonly corpus: Report["corpus"];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly programs: Programs;
  /** The GPU and its driver, where it is what is measured. */
  readonly gpu?: string;
  /** Where the report goes. */
  readonly folder: string;
  /** Is told what happens. */
  readonly say: (line: string) => void;
}

/** Measures all rows; prints a table for each, and one of all. */
export async function runBenchmark(options: RunOptions): Promise<Report> {
  const { kind, rows, corpus, contenders, rounds, programs, folder, say } = options;
  const report: Report = {
    format: "folio-bench",
    version: 1,
    kind,
    date: new Date().toISOString(),
    machine: describeMachine(options.gpu),
    rounds,
    corpus,
    rows: rows.map(withoutPath),
    contenders: [],
    measurements: [],
    unable: [],
  };
  console.log(machineLine(report.machine));
  for (const row of rows) {
    say(row.title);
    const result = await measureRow(row, { contenders, rounds, programs, say });
    report.measurements.push(...result.measurements);
    report.unable.push(...result.unable);
    for (const { id, name } of contenders) {
      const ready = result.ready.get(id);
      if (ready === undefined || report.contenders.some((known) => known.id === id)) continue;
      report.contenders.push({ id, name, versions: ready.versions, threads: ready.threads });
    }
    console.log(`\n${row.title}\n\n${rowTable(report, row.id)}\n`);
    // After each row, so that a run that is cut off leaves what it has.
    say(`written to ${await writeReport(report, folder)}`);
  }
  console.log(`\n${summaryTable(report)}`);
  return report;
}

/** A row as reports have it: where the corpus lay does not matter. */
function withoutPath({ job, ...row }: Row): Report["rows"][number] {
  const { textPath: _, ...rest } = { textPath: "", ...job };
  return { ...row, job: rest };
}
