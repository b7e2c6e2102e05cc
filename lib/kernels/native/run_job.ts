/**
 * How a thread computes its share of a job: it fills the argument block of a function of machine
 * code, or calls the BLAS.
 *
 * @module
 */
import { multiplyBySgemm, type Sgemm } from "../blas/cblas.ts";
import { partOf } from "../wasm/products.ts";
import type { PartCounter } from "../threads/part_counter.ts";
import { backwardArguments } from "./x86/gru_backward.ts";
import { forwardArguments } from "./x86/gru_forward.ts";
import { tilesOf } from "./x86/gru_tile.ts";
import { addressOf } from "./x86/executable_memory.ts";
import type { Job, JobOf } from "./jobs.ts";
import type { MachineCode } from "./x86/machine_code.ts";
import { outerArguments, outerVectors } from "./x86/outer_product.ts";
import { argumentCount } from "./x86/function_frame.ts";

const bytes = 4;

/** What a thread computes with. */
export interface JobTools {
  readonly sgemm: Sgemm;
  /** Null where there is none: then all jobs are the BLAS'. */
  readonly machineCode: MachineCode | null;
  readonly scratch: Scratch;
}

/** Memory of a thread's own; it grows to what is asked for. */
export class Scratch {
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

/** What a share of a job is computed with. */
export interface Share {
  readonly counter: PartCounter;
  readonly tools: JobTools;
  /** What the matrices of a BLAS lie on. */
  readonly heap: Float32Array<ArrayBuffer>;
}

/**
 * Computes the parts of a job that no other thread takes.
 *
 * @throws {JobStopped} if the threads were told to stop
 */
export function runJob(job: Job, share: Share): void {
  const compute = openJob(job, share);
  for (let phase = 0; phase < job.phases; phase++) {
    compute(phase);
    share.counter.waitForDone((phase + 1) * job.parts);
  }
}

type ComputePhase = (phase: number) => void;

/** What computes a phase, as far as no other thread does. */
function openJob(job: Job, { counter, tools, heap }: Share): ComputePhase {
  if (job.kind === "blas") {
    return (phase) =>
      counter.take(phase, job.parts, (part) => multiplyByBlas(tools.sgemm, heap, job, part));
  }
  const { machineCode, scratch } = tools;
  if (machineCode === null) throw new Error(`There is no machine code for the job ${job.kind}`);
  switch (job.kind) {
    case "panels":
      return panelsPhase(job, machineCode, counter);
    case "outer":
      return outerPhase(job, { ...machineCode, scratch }, counter);
    case "forward":
      return forwardPhase(job, machineCode, counter);
    case "backward":
      return backwardPhase(job, machineCode, counter);
  }
}

function multiplyByBlas(
  sgemm: Sgemm,
  heap: Float32Array<ArrayBuffer>,
  job: JobOf<"blas">,
  index: number,
): void {
  const whole = {
    ...job,
    transposeA: job.transposeA === 1,
    transposeB: job.transposeB === 1,
    add: job.add === 1,
  };
  const { product, starts } = partOf(whole, { ...job, byRows: job.byRows === 1 }, index);
  multiplyBySgemm(sgemm, product, {
    a: heap.subarray(job.a + starts.a),
    b: heap.subarray(job.b + starts.b),
    c: heap.subarray(job.c + starts.c),
  });
}

/** Where the counters of a phase lie in memory, for machine code. */
function countersAt(counter: PartCounter, phase: number, parts: number) {
  const { own, taken, done } = counter.indices(phase, parts);
  const start = addressOf(counter.words);
  return { own, taken: start + bytes * taken, done: start + bytes * done };
}

/** The argument block of a function of machine code: 64-bit numbers by their names. */
class ArgumentBlock<Name extends string> {
  readonly values = new BigUint64Array(argumentCount);
  readonly #halves = new Uint32Array(this.values.buffer);
  readonly #names: readonly Name[];

  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  set(values: Readonly<Record<Name, number>>): void {
    for (let i = 0; i < this.#names.length; i++) {
      const value = values[this.#names[i]];
      this.#halves[2 * i] = value >>> 0;
      this.#halves[2 * i + 1] = Math.floor(value / 2 ** 32);
    }
  }
}

function forwardPhase(
  job: JobOf<"forward">,
  { unit, forward }: MachineCode,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, batch, time, units, gateTime, ids, first } = job;
  const block = new ArgumentBlock(forwardArguments);
  const row = units * bytes; // the bytes of a row of states
  return (t) => {
    const state = job.before + t * batch * row;
    const hidden = job.hidden + t * row;
    const [isLast, hiddenStride] = [t + 1 === time, time * row];
    // What was read last is read first the next time, while it is in the caches.
    const reversed = (first + t) % 2;
    const sign = 1 - 2 * reversed;
    block.set({
      ...{ columns: units / unit.lanes, columnsOfPart, parts, ...countersAt(counter, t, parts) },
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
    forward(block.values);
  };
}

/** Phase p completes the gradient by the state before step time − p, and begins step time − 1 − p. */
function backwardPhase(
  job: JobOf<"backward">,
  { unit, backward }: MachineCode,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, batch, time, units, ids, carried } = job;
  const block = new ArgumentBlock(backwardArguments);
  const row = units * bytes;
  const columns = units / unit.lanes;
  const gatesColumn = batch * 4 * unit.bytes;
  return (phase) => {
    const t = time - phase;
    const step = Math.max(0, t - 1);
    block.set({
      ...{ columns, columnsOfPart, parts, ...countersAt(counter, phase, parts) },
      a: job.recurrentSide + Math.min(t, time - 1) * batch * 3 * row,
      aStride: 3 * row,
      k: phase === 0 ? 0 : 3 * units,
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
    backward(block.values);
  };
}

function panelsPhase(
  job: JobOf<"panels">,
  { unit, backward }: MachineCode,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, m, n, k, a, aStride, panels, c, cStride, add } = job;
  const block = new ArgumentBlock(backwardArguments);
  return (phase) => {
    block.set({
      ...noArguments,
      ...{ columns: n / unit.lanes, columnsOfPart, parts, ...countersAt(counter, phase, parts) },
      ...{ a, aStride, k, rows: m, panels, add },
      ...{ carried: c, carriedStride: cStride },
    });
    backward(block.values);
  };
}

/** So many rows at a time: B's panel fits the nearest cache, and C is not read too often. */
const outerBlock = 192;

function outerPhase(
  job: JobOf<"outer">,
  { unit, outer, scratch }: MachineCode & Pick<JobTools, "scratch">,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, m, n, k, a, b, c } = job;
  const block = new ArgumentBlock(outerArguments);
  const rows = m / unit.lanes;
  // One line more than a panel has, or all panels would compete for the same places in the cache.
  const panelStride = (outerBlock + 1) * unit.bytes;
  const size = rows * panelStride;
  return (phase) => {
    const panelsOfA = scratch.take(size + outerBlock * outerVectors * unit.bytes);
    block.set({
      ...{ columns: n / unit.lanes / outerVectors, columnsOfPart, parts },
      ...countersAt(counter, phase, parts),
      ...{ a, aStride: m * bytes, b, bStride: n * bytes, c, cStride: n * bytes, k, rows },
      ...{ block: outerBlock, panels: panelsOfA, panelStride, panelOfB: panelsOfA + size },
    });
    outer(block.values);
  };
}

const noArguments = Object.fromEntries(backwardArguments.map((name) => [name, 0])) as Record<
  typeof backwardArguments[number],
  number
>;
