/**
 * Measures one row: all contenders, alternating.
 *
 * @module
 */
import { type Contender, type Programs, unitsPerRound } from "./contenders.ts";
import { gigaflop, type Job, type Row } from "./jobs.ts";
import type { Measurement } from "./report.ts";
import { type Ready, UnableError, WorkerProcess } from "./worker_process.ts";

/** How {@linkcode measureRow} measures. */
export interface MeasureOptions {
  readonly contenders: readonly Contender[];
  /** How many rounds, after each worker's warm-up. */
  readonly rounds: number;
  /** Where the workers are. */
  readonly programs: Programs;
  /** Is told what happens. */
  readonly say: (line: string) => void;
}

/** What a row came to. */
export interface RowResult {
  readonly measurements: readonly Measurement[];
  /** Who could not do it, and why. */
  readonly unable: readonly { row: string; contender: string; reason: string }[];
  /** What each contender said of itself. */
  readonly ready: ReadonlyMap<string, Ready>;
}

/** How long all workers rest between two turns, so that no spinning thread disturbs the next. */
const restMilliseconds = 300;

/** Has each contender do the row's job once a round, in an order that rotates. */
export async function measureRow(row: Row, options: MeasureOptions): Promise<RowResult> {
  const { rounds, programs, say } = options;
  await using workers = new AsyncDisposableStack();
  const ready = new Map<string, Ready>();
  const unable: { row: string; contender: string; reason: string }[] = [];
  const running: { contender: Contender; worker: WorkerProcess; milliseconds: number[] }[] = [];
  const giveUp = (contender: Contender, error: unknown) => {
    if (!(error instanceof UnableError)) throw error;
    // Of a traceback, the beginning and what went wrong.
    const lines = error.message.split("\n").map((line) => line.trim());
    say(`${contender.name}: ${[...new Set([lines[0], lines[lines.length - 1]])].join(" ")}`);
    unable.push({ row: row.id, contender: contender.id, reason: error.message });
  };
  for (const contender of options.contenders.filter((contender) => contender.does(row))) {
    say(`${contender.name} warms up`);
    try {
      const command = (job: Job) => contender.command(job, programs);
      const worker = workers.use(await startInBestMode(row.job, command));
      ready.set(contender.id, worker.ready);
      running.push({ contender, worker, milliseconds: [] });
    } catch (error) {
      giveUp(contender, error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    const first = round % (running.length || 1); // another one begins each round
    for (const entry of [...running.slice(first), ...running.slice(0, first)]) {
      const { contender, worker, milliseconds } = entry;
      if (unable.some((entry) => entry.contender === contender.id)) continue;
      await new Promise((resolve) => setTimeout(resolve, restMilliseconds));
      try {
        milliseconds.push(await worker.round() / unitsPerRound(contender, row.job));
      } catch (error) {
        giveUp(contender, error);
      }
    }
  }
  const measurements: Measurement[] = [];
  for (const { contender, worker, milliseconds } of running) {
    if (unable.some((entry) => entry.contender === contender.id)) continue;
    measurements.push({
      row: row.id,
      contender: contender.id,
      mode: worker.ready.mode,
      milliseconds,
      gigaflop: row.job.task === "train" ? gigaflop(row.job) : null,
      peakMegabytes: await worker.end(),
    });
  }
  return { measurements, unable, ready };
}

/** A worker that tried several modes is started anew in the best, so that its memory is its own. */
async function startInBestMode(
  job: Job,
  command: (job: Job) => readonly string[],
): Promise<WorkerProcess> {
  const worker = await WorkerProcess.start(command(job));
  const { mode, modes } = worker.ready;
  if (Object.keys(modes).length === 1) return worker;
  await worker[Symbol.asyncDispose]();
  return await WorkerProcess.start(command({ ...job, mode }));
}
