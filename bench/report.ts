/**
 * What a benchmark leaves behind: a JSON file with every measurement.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";

const measurement = z.strictObject({
  /** The id of a row. */
  row: z.string(),
  /** The id of a contender. */
  contender: z.string(),
  /** How the contender did it. */
  mode: z.string(),
  /** One number for each round: of one training step, or of the whole row. */
  milliseconds: z.array(z.number().positive()).min(1),
  /** What a training step computes; null for other rows. */
  gigaflop: z.number().positive().nullable(),
  /** The largest the contender's process was. */
  peakMegabytes: z.number().positive(),
});

const schema = z.strictObject({
  format: z.literal("folio-bench"),
  version: z.literal(1),
  /**
   * `folio`: folio alone; `peers`: beside its peers; `sweep`: one size after the other; `gpu`
   * and `gpu-sweep`: the same on a GPU, by the bundle that `bench:bundle` makes.
   */
  kind: z.enum(["folio", "peers", "sweep", "gpu", "gpu-sweep"]),
  date: z.iso.datetime(),
  machine: z.strictObject({
    processor: z.string(),
    cores: z.int().positive(),
    memoryGibibytes: z.number().positive(),
    system: z.string(),
    /** The GPU and its driver. */
    gpu: z.string().optional(),
  }),
  rounds: z.int().positive(),
  corpus: z.strictObject({ name: z.string(), characters: z.int().positive() }).nullable(),
  rows: z.array(z.strictObject({ id: z.string(), title: z.string(), job: z.looseObject({}) })),
  contenders: z.array(z.strictObject({
    id: z.string(),
    name: z.string(),
    versions: z.record(z.string(), z.string()),
    threads: z.int().positive(),
  })),
  measurements: z.array(measurement),
  unable: z.array(z.strictObject({ row: z.string(), contender: z.string(), reason: z.string() })),
});

/** One contender's times in one row. */
export type Measurement = z.infer<typeof measurement>;

/** All that was measured in one run, on one machine. */
export type Report = z.infer<typeof schema>;

/** Which of folio's contenders the others are compared with, and which of them with it. */
export function compared({ kind }: Report): { ours: string; theirs: readonly string[] } {
  return kind === "gpu" || kind === "gpu-sweep"
    ? { ours: "folio-webgpu", theirs: ["torch-cuda"] }
    : { ours: "folio", theirs: ["torch", "keras"] };
}

/** What a run measured. */
export type ReportKind = Report["kind"];

/**
 * Reads a report.
 *
 * @param text The JSON text.
 * @param path Where it came from, for the error message.
 * @throws {Error} If it is not a report.
 */
export function parseReport(text: string, path: string): Report {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`${path} is no benchmark report: ${why}`);
  }
}

/** The name of a report's file: its day, its machine, and what it measured. */
export function reportName({ date, machine, kind }: Report): string {
  const { gpu, processor, cores } = machine;
  const name = gpu ?? `${processor} ${cores} cores`;
  const slug = name.toLowerCase().replaceAll(/\([^)]*\)|cpu|processor/g, "")
    .replaceAll(/[^a-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "");
  return `${date.slice(0, 10)}-${slug}-${kind}`;
}

/** Writes a report into a folder; the path of the file. */
export async function writeReport(report: Report, folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, `${reportName(report)}.json`);
  const text = JSON.stringify(report, null, 2) + "\n";
  parseReport(text, path);
  await Deno.writeTextFile(path, text);
  return path;
}

/** The newest report of a kind in a folder, or undefined. */
export async function newestReport(folder: string, kind: ReportKind): Promise<Report | undefined> {
  const reports: Report[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    const path = join(folder, name);
    reports.push(parseReport(await Deno.readTextFile(path), path));
  }
  return reports.filter((report) => report.kind === kind)
    .sort((a, b) => a.date < b.date ? 1 : -1)[0];
}
