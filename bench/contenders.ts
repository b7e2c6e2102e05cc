/**
 * Who is measured: folio on its devices, and the peers.
 *
 * @module
 */
import { join } from "node:path";
import type { Job, Row } from "./jobs.ts";

/** One of those that are compared. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** Whether it runs in the peers' Python. */
  readonly usesPython: boolean;
  /** Whether it can do a row, and it makes sense to have it do it. */
  does(row: Row): boolean;
  /** The worker's command line for a job. */
  command(job: Job, python: string): readonly string[];
}

const folder = import.meta.dirname!;
const usesDevice = ({ job }: Row) => job.task === "train" || job.task === "write";

function folio(id: string, name: string, device: Record<string, string>): Contender {
  return {
    id,
    name,
    usesPython: false,
    // What is done to a corpus does not depend on the device.
    does: (row) => id === "folio" || usesDevice(row),
    command: (job) => [...deno("folio_worker.ts"), JSON.stringify(job), JSON.stringify(device)],
  };
}

function python(id: string, name: string, script: string): Contender {
  return {
    id,
    name,
    usesPython: true,
    does: ({ job }) => id !== "torch" || job.task !== "vectorize",
    command: (job, program) => [program, join(folder, script), JSON.stringify(job)],
  };
}

function tfjs(backend: string): Contender {
  return {
    id: `tfjs-${backend}`,
    name: `tfjs, ${backend}`,
    usesPython: false,
    // A step of the tutorial's size takes minutes or does not end; one of the quick size, 40 s.
    does: (row) => row.id === "train-quick",
    command: (job) => [
      ...deno("tfjs_worker.ts"),
      JSON.stringify({ ...job, amount: 1, warmUps: 1 }),
      JSON.stringify(backend),
    ],
  };
}

function deno(script: string): string[] {
  return [Deno.execPath(), "run", "-A", "--quiet", join(folder, script)];
}

/** All contenders. `folio-none` has no BLAS: WebAssembly alone, as in a browser. */
export const contenders: readonly Contender[] = [
  folio("folio", "folio", { name: "wasm" }),
  folio("folio-none", "folio without BLAS", { name: "wasm", blas: "none" }),
  folio("folio-webgpu", "folio, WebGPU", { name: "webgpu" }),
  python("torch", "PyTorch", "torch_worker.py"),
  python("keras", "Keras", "keras_worker.py"),
  tfjs("cpu"),
  tfjs("wasm"),
  tfjs("webgpu"),
];

/** What {@linkcode usualContenders} depends on. */
export interface Choice {
  readonly peers: boolean;
  readonly sweep: boolean;
  /** Whether there is a GPU that is not software. */
  readonly hasGpu: boolean;
}

/** The ids of those who are measured when none are named. */
export function usualContenders({ peers, sweep, hasGpu }: Choice): string[] {
  const ours = ["folio", ...(sweep ? [] : ["folio-none"]), ...(hasGpu ? ["folio-webgpu"] : [])];
  if (!peers) return ours;
  if (sweep) return [...ours, "torch", "keras"];
  return [...ours, "torch", "keras", "tfjs-cpu", "tfjs-wasm", ...(hasGpu ? ["tfjs-webgpu"] : [])];
}

/** The contenders with these ids, in the order of {@linkcode contenders}. */
export function contendersNamed(ids: readonly string[]): Contender[] {
  const unknown = ids.find((id) => !contenders.some((contender) => contender.id === id));
  if (unknown !== undefined) {
    const known = contenders.map(({ id }) => id).join(", ");
    throw new RangeError(`There is no contender "${unknown}": choose among ${known}`);
  }
  return contenders.filter(({ id }) => ids.includes(id));
}

/** How much of `milliseconds` is one unit: a step of training; everything else is one. */
export function unitsPerRound({ id }: Contender, { task, amount }: Job): number {
  return task === "train" && !id.startsWith("tfjs-") ? amount : 1;
}
