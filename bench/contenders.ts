/**
 * Who is measured: folio on its devices, and the peers.
 *
 * @module
 */
import type { Job, Row } from "./jobs.ts";

/** The beginnings of the workers' command lines: a program, its options, and the worker. */
export interface Programs {
  deno(worker: "folio_worker" | "tfjs_worker"): readonly string[];
  python(worker: "torch_worker" | "keras_worker"): readonly string[];
}

/** One of those that are compared. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** Whether it runs in the peers' Python. */
  readonly usesPython: boolean;
  /** Whether it can do a row, and it makes sense to have it do it. */
  does(row: Row): boolean;
  /** The worker's command line for a job. */
  command(job: Job, programs: Programs): readonly string[];
}

const usesDevice = ({ job }: Row) => job.task === "train" || job.task === "write";

function folio(id: string, name: string, device: Record<string, string>): Contender {
  return {
    id,
    name,
    usesPython: false,
    // What is done to a corpus does not depend on the device.
    does: (row) => id === "folio" || usesDevice(row),
    command: (job, programs) => [
      ...programs.deno("folio_worker"),
      JSON.stringify(job),
      JSON.stringify(device),
    ],
  };
}

function keras(): Contender {
  return {
    id: "keras",
    name: "Keras",
    usesPython: true,
    does: () => true,
    command: (job, programs) => [...programs.python("keras_worker"), JSON.stringify(job)],
  };
}

function torch(id: string, name: string, device: TorchDevice): Contender {
  return {
    id,
    name,
    usesPython: true,
    does: (row) => usesDevice(row) || (id === "torch" && row.job.task === "batches"),
    command: (job, programs) => [
      ...programs.python("torch_worker"),
      JSON.stringify(job),
      JSON.stringify(device),
    ],
  };
}

/** What torch_worker.py runs on. */
interface TorchDevice {
  readonly device: "cpu" | "cuda";
  /** Whether a GPU may round the factors of a product to TF32, of ten bits after the point. */
  readonly tf32: boolean;
}

function tfjs(backend: string): Contender {
  return {
    id: `tfjs-${backend}`,
    name: `tfjs, ${backend}`,
    usesPython: false,
    // On a CPU a step of the tutorial's size takes minutes or does not end; a quick one, 40 s.
    does: ({ id }) => id === "train-quick" || (backend === "webgpu" && id === "train-tutorial"),
    command: (job, programs) => [
      ...programs.deno("tfjs_worker"),
      JSON.stringify({ ...job, amount: 1, warmUp: 1, warmUps: 1 }),
      JSON.stringify(backend),
    ],
  };
}

/** All contenders. `folio-none` has no BLAS: WebAssembly alone, as in a browser. */
export const contenders: readonly Contender[] = [
  folio("folio", "folio", { name: "wasm" }),
  folio("folio-none", "folio without BLAS", { name: "wasm", blas: "none" }),
  folio("folio-webgpu", "folio, WebGPU", { name: "webgpu" }),
  torch("torch", "PyTorch", { device: "cpu", tf32: false }),
  torch("torch-cuda", "PyTorch, cuDNN", { device: "cuda", tf32: false }),
  torch("torch-cuda-tf32", "PyTorch, cuDNN, TF32", { device: "cuda", tf32: true }),
  keras(),
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
  const theirs = ["torch", "keras", ...(hasGpu ? ["torch-cuda"] : [])];
  if (sweep) return [...ours, ...theirs];
  return [...ours, ...theirs, "tfjs-cpu", "tfjs-wasm", ...(hasGpu ? ["tfjs-webgpu"] : [])];
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
