/**
 * How a thread computes the rounds of a job: it fills the table of a function of machine code, or
 * calls the BLAS.
 *
 * @module
 */
import { noTranspose, rowMajor, type Sgemm, transpose } from "../blas_symbols.ts";
import type { VectorUnit } from "./assembler.ts";
import { backwardWords } from "./gru_backward_code.ts";
import { forwardWords } from "./gru_forward_code.ts";
import { tilesOf } from "./gru_tile.ts";
import { addressOf, functionAt, type MachineFunction } from "./machine.ts";
import { outerVectors, outerWords } from "./outer_code.ts";
import type { Counters, Job, JobOf } from "./jobs.ts";
import { tableWords } from "./table_function.ts";

const bytes = 4;

/** What a thread computes with. */
export interface JobTools {
  readonly sgemm: Sgemm;
  readonly unit: VectorUnit;
  readonly forward: MachineFunction;
  readonly backward: MachineFunction;
  readonly outer: MachineFunction;
  readonly room: Room;
}

/** Where the code of the functions lies. */
export type Code = Record<"forward" | "backward" | "outer", bigint>;

/** What a thread computes with, from where the code lies. */
export function openTools({ unit, sgemm, code }: {
  readonly unit: VectorUnit;
  readonly sgemm: Sgemm;
  readonly code: Code;
}): JobTools {
  return {
    ...{ unit, sgemm, room: new Room() },
    forward: functionAt(code.forward),
    backward: functionAt(code.backward),
    outer: functionAt(code.outer),
  };
}

/** Memory of a thread's own; it grows to what is asked for. */
class Room {
  #bytes = new Uint8Array(new ArrayBuffer(0));

  /** The address of so many bytes, where a cache line begins. */
  take(size: number): number {
    const line = 64;
    if (this.#bytes.length < size + line) {
      this.#bytes = new Uint8Array(new ArrayBuffer(size + line));
    }
    const address = addressOf(this.#bytes);
    return address + (-address & (line - 1));
  }
}

/** Computes the parts of a job that nobody else takes. */
export function work(
  job: Job,
  { counters, tools, heap }: {
    readonly counters: Counters;
    readonly tools: JobTools;
    readonly heap: Float32Array<ArrayBuffer>;
  },
): void {
  const compute = openJob(job, { counters, tools, heap });
  for (let round = 0; round < job.rounds; round++) {
    compute(round);
    counters.wait((round + 1) * job.parts);
  }
}

/** What computes a round, as far as nobody else does. */
function openJob(job: Job, { counters, tools, heap }: Parameters<typeof work>[1]): ComputeRound {
  switch (job.kind) {
    case "blas":
      return (round) =>
        counters.take(round, job.parts, (part) => multiplyByBlas(tools.sgemm, heap, job, part));
    case "panels":
      return panelsRound(job, tools, counters);
    case "outer":
      return outerRound(job, tools, counters);
    case "forward":
      return forwardRound(job, tools, counters);
    case "backward":
      return backwardRound(job, tools, counters);
  }
}

type ComputeRound = (round: number) => void;

function multiplyByBlas(
  sgemm: Sgemm,
  heap: Float32Array<ArrayBuffer>,
  job: JobOf<"blas">,
  part: number,
): void {
  const { byRows, size, k, transposeA, transposeB, strideA, strideB, strideC } = job;
  const first = part * size;
  const m = byRows ? Math.min(size, job.m - first) : job.m;
  const n = byRows ? job.n : Math.min(size, job.n - first);
  const a = heap.subarray(job.a + (byRows ? first * (transposeA ? 1 : strideA) : 0));
  const b = heap.subarray(job.b + (byRows ? 0 : first * (transposeB ? strideB : 1)));
  const c = heap.subarray(job.c + first * (byRows ? strideC : 1));
  // deno-fmt-ignore
  sgemm(
    rowMajor, transposeA ? transpose : noTranspose, transposeB ? transpose : noTranspose,
    m, n, k, 1, a, strideA, b, strideB, job.add ? 1 : 0, c, strideC,
  );
}

/** A table for a function of machine code, of 64-bit words by their names. */
class Table<Word extends string> {
  readonly words = new BigUint64Array(tableWords);
  readonly #halves = new Uint32Array(this.words.buffer);
  readonly #names: readonly Word[];

  constructor(names: readonly Word[]) {
    this.#names = names;
  }

  set(values: Readonly<Record<Word, number>>): void {
    for (let i = 0; i < this.#names.length; i++) {
      const value = values[this.#names[i]];
      this.#halves[2 * i] = value >>> 0;
      this.#halves[2 * i + 1] = Math.floor(value / 2 ** 32);
    }
  }
}

function forwardRound(
  job: JobOf<"forward">,
  { unit, forward }: JobTools,
  counters: Counters,
): ComputeRound {
  const { columnsOfPart, parts, batch, time, units, gateTime, ids, first } = job;
  const table = new Table(forwardWords);
  const row = units * bytes; // the bytes of a row of states
  return (t) => {
    const state = job.before + t * batch * row;
    const hidden = job.hidden + t * row;
    const [isLast, hiddenStride] = [t + 1 === time, time * row];
    // What was read last is read first the next time, while it is in the caches.
    const reversed = (first + t) % 2;
    const sign = 1 - 2 * reversed;
    table.set({
      ...{ columns: units / unit.lanes, columnsOfPart, parts, ...counters.words(t, parts) },
      ...{ a: state, aStride: row, k: units, rows: batch, panels: job.panels, gate: row },
      columnStep: sign * unit.bytes,
      panelStep: sign * tilesOf(unit).forward.vectors * unit.bytes * units,
      reversed,
      bias: job.bias,
      projected: job.projected,
      projectedStride: 3 * row,
      id: ids + t * bytes,
      idStride: time * bytes,
      ...{ old: state, oldStride: row, hidden, hiddenStride },
      // The state after this step is the state before the next one.
      next: isLast ? hidden : state + batch * row,
      nextStride: isLast ? hiddenStride : row,
      gates: job.gates + batch * 4 * row * (t % gateTime),
    });
    forward(table.words);
  };
}

/** Round r completes the gradient by the state before step time − r, and begins step time − 1 − r. */
function backwardRound(
  job: JobOf<"backward">,
  { unit, backward }: JobTools,
  counters: Counters,
): ComputeRound {
  const { columnsOfPart, parts, batch, time, units, ids, carried } = job;
  const table = new Table(backwardWords);
  const row = units * bytes;
  const columns = units / unit.lanes;
  const gatesColumn = batch * 4 * unit.bytes;
  return (round) => {
    const t = time - round;
    const step = Math.max(0, t - 1);
    table.set({
      ...{ columns, columnsOfPart, parts, ...counters.words(round, parts) },
      a: job.recurrentSide + Math.min(t, time - 1) * batch * 3 * row,
      aStride: 3 * row,
      k: round === 0 ? 0 : 3 * units,
      ...{ rows: batch, panels: job.panels, gate: row },
      ...{ carried, carriedStride: row },
      ...{ add: 1, hasStep: Number(t > 0) },
      bias: job.bias,
      inputSide: job.inputSide,
      inputSideStride: 3 * row,
      id: ids + step * bytes,
      idStride: time * bytes,
      before: job.before + step * batch * row,
      beforeStride: row,
      gradient: job.gradient + step * row,
      gradientStride: time * row,
      gates: job.gates + gatesColumn * columns * step,
      gatesColumn,
      recurrentSide: job.recurrentSide + step * batch * 3 * row,
      recurrentSideStride: 3 * row,
    });
    backward(table.words);
  };
}

function panelsRound(
  job: JobOf<"panels">,
  { unit, backward }: JobTools,
  counters: Counters,
): ComputeRound {
  const { columnsOfPart, parts, m, n, k, a, aStride, panels, c, cStride, add } = job;
  const table = new Table(backwardWords);
  return (round) => {
    table.set({
      ...noWords,
      ...{ columns: n / unit.lanes, columnsOfPart, parts, ...counters.words(round, parts) },
      ...{ a, aStride, k, rows: m, panels, add },
      ...{ carried: c, carriedStride: cStride },
    });
    backward(table.words);
  };
}

/** So many rows at a time: B's panel fits the nearest cache, and C is not read too often. */
const outerBlock = 192;

function outerRound(
  job: JobOf<"outer">,
  { unit, outer, room }: JobTools,
  counters: Counters,
): ComputeRound {
  const { columnsOfPart, parts, m, n, k, a, b, c } = job;
  const table = new Table(outerWords);
  const rows = m / unit.lanes;
  // One line more than a panel has, or all panels would compete for the same places in the cache.
  const panelStride = (outerBlock + 1) * unit.bytes;
  const size = rows * panelStride;
  return (round) => {
    const place = room.take(size + outerBlock * outerVectors * unit.bytes);
    table.set({
      ...{ columns: n / unit.lanes / outerVectors, columnsOfPart, parts },
      ...counters.words(round, parts),
      ...{ a, aStride: m * bytes, b, bStride: n * bytes, c, cStride: n * bytes, k, rows },
      ...{ block: outerBlock, panels: place, panelStride, room: place + size },
    });
    outer(table.words);
  };
}

const noWords = Object.fromEntries(backwardWords.map((word) => [word, 0])) as Record<
  typeof backwardWords[number],
  number
>;
