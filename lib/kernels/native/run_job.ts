/**
 * What a thread does of a job: it fills the argument block of an emitted function and calls it, or
 * calls the BLAS.
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
  /** The matrix product of the BLAS. */
  readonly sgemm: Sgemm;
  /** The emitted functions; null where there are none, and all jobs are the BLAS'. */
  readonly machineCode: MachineCode | null;
  readonly scratch: Scratch;
}

/** Scratch memory of one thread; it grows to what is asked for. */
export class Scratch {
  #bytes = new Uint8Array(new ArrayBuffer(0));

  /**
   * Returns the address of scratch memory, where a cache line begins. What an earlier call returned
   * is no longer valid.
   *
   * @param size How many bytes are needed.
   */
  take(size: number): number {
    const line = 64;
    if (this.#bytes.length < size + line) {
      this.#bytes = new Uint8Array(new ArrayBuffer(size + line));
    }
    const address = addressOf(this.#bytes);
    return address + (-address & (line - 1));
  }
}

/** What a thread's share of a job is computed with. */
export interface Share {
  readonly counter: PartCounter;
  readonly tools: JobTools;
  /** The WebAssembly memory, in which the matrices of a BLAS' job lie. */
  readonly wasm: Float32Array<ArrayBuffer>;
}

/**
 * Computes the parts of a job that no other thread takes.
 *
 * @param job The job.
 * @param share What it is computed with.
 * @throws {JobStopped} If the threads were told to stop.
 */
export function runJob(job: Job, share: Share): void {
  const compute = openJob(job, share);
  for (let phase = 0; phase < job.phases; phase++) {
    compute(phase);
    share.counter.waitForDone((phase + 1) * job.parts);
  }
}

/** Computes the parts of a phase that no other thread takes. */
type ComputePhase = (phase: number) => void;

function openJob(job: Job, { counter, tools, wasm }: Share): ComputePhase {
  if (job.kind === "blas") {
    return (phase) =>
      counter.take(phase, job.parts, (part) => multiplyByBlas(tools.sgemm, wasm, job, part));
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
  wasm: Float32Array<ArrayBuffer>,
  job: JobOf<"blas">,
  index: number,
): void {
  const whole = {
    ...job,
    transposeA: job.transposeA === 1,
    transposeB: job.transposeB === 1,
    accumulate: job.accumulate === 1,
  };
  const { product, starts } = partOf(whole, { ...job, byRows: job.byRows === 1 }, index);
  multiplyBySgemm(sgemm, product, {
    a: wasm.subarray(job.a + starts.a),
    b: wasm.subarray(job.b + starts.b),
    c: wasm.subarray(job.c + starts.c),
  });
}

/** The arguments by which a function takes parts: the addresses of the phase's counters. */
function countersAt(counter: PartCounter, phase: number, parts: number) {
  const { own, taken, done } = counter.indices(phase, parts);
  const start = addressOf(counter.words);
  return { own, taken: start + bytes * taken, done: start + bytes * done };
}

/** The argument block of an emitted function: 64-bit numbers, set by their names. */
class ArgumentBlock<Name extends string> {
  readonly values = new BigUint64Array(argumentCount);
  readonly #halves = new Uint32Array(this.values.buffer);
  readonly #names: readonly Name[];

  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  set(values: Readonly<Record<Name, number>>): void {
    for (const [i, name] of this.#names.entries()) {
      const value = values[name];
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
  const row = units * bytes; // of a state
  return (t) => {
    const state = job.previousStates + t * batch * row;
    const hidden = job.hidden + t * row;
    const [isLast, hiddenStride] = [t + 1 === time, time * row];
    // Every other step goes through the panels backwards: what was read last is still cached.
    const reversed = (first + t) % 2;
    const sign = 1 - 2 * reversed;
    block.set({
      ...{ columns: units / unit.lanes, columnsOfPart, parts, ...countersAt(counter, t, parts) },
      ...{ a: state, aStride: row, k: units, rows: batch, panels: job.panels },
      gateStride: row,
      columnStep: sign * unit.bytes,
      panelStep: sign * tilesOf(unit).forward.vectors * unit.bytes * units,
      reversed,
      bias: job.bias,
      projected: job.projected,
      projectedStride: 3 * row,
      id: ids + t * bytes,
      idStride: time * bytes,
      ...{ previousState: state, previousStateStride: row, hidden, hiddenStride },
      // The state after this step is the state before the next one.
      nextState: isLast ? hidden : state + batch * row,
      nextStateStride: isLast ? hiddenStride : row,
      gates: job.gates + batch * 4 * row * (t % gateTime),
    });
    forward(block.values);
  };
}

/**
 * Phase p completes the gradient with respect to the state before step time − p, and computes the
 * gradients with respect to the gates of step time − 1 − p. The first has no product to add, the
 * last no step.
 */
function backwardPhase(
  job: JobOf<"backward">,
  { unit, backward }: MachineCode,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, batch, time, units, ids, gradHidden } = job;
  const block = new ArgumentBlock(backwardArguments);
  const row = units * bytes;
  const columns = units / unit.lanes;
  const gatesColumn = batch * 4 * unit.bytes;
  return (phase) => {
    const t = time - phase;
    const step = Math.max(0, t - 1);
    block.set({
      ...{ columns, columnsOfPart, parts, ...countersAt(counter, phase, parts) },
      a: job.gradRecurrent + Math.min(t, time - 1) * batch * 3 * row,
      aStride: 3 * row,
      k: phase === 0 ? 0 : 3 * units,
      ...{ rows: batch, panels: job.panels, gateStride: row },
      ...{ gradHidden, gradHiddenStride: row },
      ...{ accumulate: 1, hasStep: Number(t > 0) },
      gradBias: job.gradBias,
      gradProjected: job.gradProjected,
      gradProjectedStride: 3 * row,
      id: ids + step * bytes,
      idStride: time * bytes,
      previousState: job.previousStates + step * batch * row,
      previousStateStride: row,
      gradient: job.gradient + step * row,
      gradientStride: time * row,
      gates: job.gates + gatesColumn * columns * step,
      gatesColumn,
      gradRecurrent: job.gradRecurrent + step * batch * 3 * row,
      gradRecurrentStride: 3 * row,
    });
    backward(block.values);
  };
}

function panelsPhase(
  job: JobOf<"panels">,
  { unit, backward }: MachineCode,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, m, n, k, a, aStride, panels, c, cStride, accumulate } = job;
  const block = new ArgumentBlock(backwardArguments);
  return (phase) => {
    block.set({
      ...noArguments,
      ...{ columns: n / unit.lanes, columnsOfPart, parts, ...countersAt(counter, phase, parts) },
      ...{ a, aStride, k, rows: m, panels, accumulate },
      ...{ gradHidden: c, gradHiddenStride: cStride },
    });
    backward(block.values);
  };
}

/**
 * The rows of a block of the outer product: with more, a panel of B would leave the first-level
 * cache; with fewer, C would be read and written more often.
 */
const outerBlock = 192;

function outerPhase(
  job: JobOf<"outer">,
  { unit, outer, scratch }: MachineCode & Pick<JobTools, "scratch">,
  counter: PartCounter,
): ComputePhase {
  const { columnsOfPart, parts, m, n, k, a, b, c } = job;
  const block = new ArgumentBlock(outerArguments);
  const rows = m / unit.lanes;
  // One row more than a panel has: else all panels would map to the same sets of the cache.
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
