/**
 * What multiplies matrices and computes the GRU's steps on a CPU, the fastest that there is.
 *
 * @module
 */
import { type Blas, openBlas } from "./blas/library.ts";
import type { BlasInit } from "./blas/parallel_worker.ts";
import { blasProducts } from "./blas/products.ts";
import { type GruSteps, portableSteps } from "./wasm/gru_steps.ts";
import type { VectorUnit } from "./native/x86/assembler.ts";
import { findVectorUnit, hasMachineCode, mayUsePointers } from "./native/x86/executable_memory.ts";
import { loadFunctions, writeCode } from "./native/x86/machine_code.ts";
import { nativeProducts } from "./native/products.ts";
import { nativeSteps } from "./native/gru_steps.ts";
import { type NativeThreads, startNativeThreads } from "./native/native_threads.ts";
import { selfTest } from "./native/self_test.ts";
import { parallelProducts } from "./wasm/parallel_products.ts";
import { type ParallelThreads, startParallelThreads } from "./wasm/parallel_threads.ts";
import type { Products } from "./wasm/products.ts";
import type { Simd } from "./wasm/simd.ts";
import type { ThreadPool } from "./threads/thread_pool.ts";

/** What may be asked of {@linkcode cpuTools}. */
export interface CpuOptions {
  /** Which BLAS multiplies matrices; see `openBlas`. Default `"auto"`. */
  readonly blas?: string;
  /** Whether machine code computes the GRU where it can. Default `"auto"`. */
  readonly native?: "auto" | "off";
  /** How many threads; default as many as the machine has cores for us, and the BLAS uses. */
  readonly threads?: number;
}

/** What computes. */
export interface CpuTools {
  readonly products: Products;
  readonly steps: GruSteps;
  readonly description: string;
  /** One line for each thing that could have been faster and is not used, and why. */
  readonly notes: readonly string[];
  /** The BLAS with its version; null without one. */
  readonly blas: string | null;
  /** The vectors that machine code computes with; null without it. */
  readonly vectors: string | null;
}

/** The kernels of WebAssembly, which everything else falls back on. */
export interface WasmKernels {
  /** In the WebAssembly memory that holds the arrays. */
  readonly simd: Simd;
  /** Products on one thread. */
  readonly plain: Products;
}

/** Without a BLAS more threads than this are not worth copying the matrices for. */
const mostCopyingThreads = 4;

/**
 * Readies what computes on a CPU.
 *
 * @param kernels What there is anyway.
 * @param options What to use.
 * @throws {Error} If the BLAS that was asked for cannot be used.
 */
export async function cpuTools(kernels: WasmKernels, options: CpuOptions = {}): Promise<CpuTools> {
  const { blas, notes } = openBlas(options.blas ?? "auto");
  // A page has no threads of this kind.
  const most = globalThis.Deno === undefined ? 1 : navigator.hardwareConcurrency;
  const wanted = options.threads ??
    Math.min(most, blas === null ? mostCopyingThreads : blas.threads ?? most);
  const settings = { native: options.native ?? "auto", threads: wanted };
  const tools = blas === null
    ? await withoutBlas(kernels, settings)
    : mayUsePointers()
    ? await withPointers(kernels, blas, settings)
    : await withOneLibrary(kernels, blas, settings);
  return { ...tools, notes: [...notes, ...tools.notes] };
}

type Settings = Required<Pick<CpuOptions, "native" | "threads">>;

async function withoutBlas(
  { simd, plain }: WasmKernels,
  { threads }: Settings,
): Promise<CpuTools> {
  // A page that is not isolated has no memory that threads could share.
  const shared = threads === 1 ? undefined : await parallelThreads({ threads });
  const count = shared?.started.pool.threads ?? 1;
  const products = shared && count > 1 ? parallelProducts(plain, shared.started) : plain;
  return {
    ...{ products, steps: portableSteps(products, simd), notes: shared?.notes ?? [] },
    ...{ description: withThreads(plain.description, count), blas: null, vectors: null },
  };
}

/** By a BLAS where no pointers may be used: its threads have memory of their own. */
async function withOneLibrary(
  { simd }: WasmKernels,
  blas: Blas,
  { native, threads }: Settings,
): Promise<CpuTools> {
  const { started, notes } = await parallelThreads({ threads, blas: blas.path });
  const products = blasProducts(blas, started);
  const note = !hasMachineCode()
    ? []
    : native === "off"
    ? ["machine code is switched off"]
    : ["no machine code: it takes the permission to use all libraries (--allow-ffi)"];
  return {
    ...{ products, steps: portableSteps(products, simd), notes: [...note, ...notes] },
    ...{
      description: withThreads(blas.name, started.pool.threads),
      blas: fullName(blas),
      vectors: null,
    },
  };
}

/** By a BLAS and, where there can be, machine code, on threads that share the memory. */
async function withPointers(
  { simd }: WasmKernels,
  blas: Blas,
  { native, threads }: Settings,
): Promise<CpuTools> {
  const { started, notes } = await nativeThreads(blas, { native, threads });
  const { unit, note } = started.machine;
  const others = blasProducts(blas, started);
  const machine = unit && { unit, native: started, simd };
  const products = machine ? nativeProducts(others, machine) : others;
  const steps = portableSteps(products, simd);
  return {
    ...{ products, steps: machine ? nativeSteps(steps, machine) : steps },
    description: withThreads(blas.name, started.pool.threads) + (unit ? `, ${unit.name}` : ""),
    ...{ blas: fullName(blas), vectors: unit && unit.name, notes: [...note, ...notes] },
  };
}

type Threads = NativeThreads | ParallelThreads;

function fullName({ name, version }: Blas): string {
  return version === null ? name : `${name} ${version}`;
}

function withThreads(name: string, threads: number): string {
  return `${name}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

/** Threads of one kind, started once for each library and number; those that were lost, never again. */
class StartedOnce<Started extends Threads> {
  readonly #started = new Map<string, Promise<Started>>();
  /** All that run. */
  readonly pools: ThreadPool[] = [];

  async get(
    key: string,
    threads: number,
    start: (threads: number) => Promise<Started>,
  ): Promise<{ readonly started: Started; readonly notes: readonly string[] }> {
    const started = await this.#once(`${key} ${threads}`, () => start(threads));
    const { lost, note } = started.pool;
    if (lost === undefined) return { started, notes: note === undefined ? [] : [note] };
    return {
      started: await this.#once(`${key} 1`, () => start(1)),
      notes: [`one thread only: the others have stopped (${lost})`],
    };
  }

  #once(key: string, start: () => Promise<Started>): Promise<Started> {
    const known = this.#started.get(key);
    if (known !== undefined) return known;
    const fresh = start().then((started) => {
      this.pools.push(started.pool);
      return started;
    });
    this.#started.set(key, fresh);
    return fresh;
  }
}

/** Threads with memory of their own. */
const parallel = new StartedOnce<ParallelThreads>();
/** Threads on one memory. */
const native = new StartedOnce<NativeThreads & { readonly machine: MachineCodeSearch }>();

/** All threads that were started. */
export function startedPools(): readonly ThreadPool[] {
  return [...parallel.pools, ...native.pools];
}

/** Ends the jobs that an interrupt has cut, before their memory is used for anything else. */
export function settleThreads(): void {
  for (const pool of startedPools()) pool.settle();
}

function parallelThreads({ threads, blas }: { readonly threads: number; readonly blas?: string }) {
  return parallel.get(
    blas ?? "",
    threads,
    (threads) =>
      blas === undefined ? startParallelThreads({ threads }) : startParallelThreads({
        threads,
        script: new URL("./blas/parallel_worker.ts", import.meta.url),
        data: { blas } satisfies BlasInit,
      }),
  );
}

/** What came of looking for machine code. */
interface MachineCodeSearch {
  /** The vectors that it computes with; null where there is none. */
  readonly unit: VectorUnit | null;
  readonly note: readonly string[];
}

function nativeThreads(blas: Blas, { native: choice, threads }: Settings) {
  return native.get(`${blas.path} ${choice}`, threads, async (threads) => {
    const loaded = choice === "off" ? "it is switched off" : loadMachineCode();
    const code = typeof loaded === "object" ? loaded : null;
    const started = await startNativeThreads({ blas, code, threads });
    const problem = typeof loaded === "string" ? loaded : code && selfTest(started, code.unit);
    const machine: MachineCodeSearch = problem === null
      ? { unit: code && code.unit, note: [] }
      : { unit: null, note: [`no machine code: ${problem}`] };
    return { ...started, machine };
  });
}

/** Loads machine code; a text says why there is none, null that it is for other machines. */
function loadMachineCode() {
  if (!hasMachineCode()) return null;
  try {
    const unit = findVectorUnit();
    return { unit, addresses: loadFunctions(writeCode(unit)) };
  } catch (error) {
    return (error as Error).message;
  }
}
