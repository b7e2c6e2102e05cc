/**
 * OpenBLAS on threads of our own, for processors on which it multiplies small matrices fast.
 *
 * A GRU multiplies some rows by the same recurrent kernel at every time step, and each time a
 * BLAS copies that kernel into a layout of its own, which for few rows takes most of the time.
 * With AVX-512, OpenBLAS has kernels that multiply small matrices where they lie (up to 10⁶
 * multiplications). So B is laid out once, in panels, and multiplied tile by tile. OpenBLAS' own
 * threads cannot share such tiles, and stay awake for a while after each product of theirs: so it
 * gets one thread, and ours share all products.
 *
 * @module
 */
import { type Blas, rowsBySgemv } from "./blas.ts";
import {
  computeParts,
  cuts,
  type Job,
  jobFields,
  packPanels,
  panelColumns,
  tileOperations,
} from "./blas_parts.ts";
import { WorkerThread } from "./worker_thread.ts";
import {
  byTransposed,
  packTransposed,
  type Product,
  type Products,
  withStrides,
} from "./products.ts";
import { ProductPaces } from "./thread_pace.ts";

/** The processors for which OpenBLAS has those kernels, by its names. */
const coresWithSmallKernels = ["SkylakeX", "Cooperlake", "SapphireRapids"];
/** More rows than this pay for the BLAS' own copying of B, */
const fewRows = 32;
/** unless B is as small as this, 1 MB: then it stays in the caches as it is. */
const smallMatrix = 2 ** 18;
/** More threads than this would have too little to do. */
const mostThreads = 16;
/** Parts of rows or columns have a multiple of this, which suits the kernels. */
const multiple = 16;
const bytes = 4;

/** What the threads share with us. */
export interface BlasMail {
  /** The library to open. */
  readonly path: string;
  /** By {@linkcode jobFields}. */
  readonly job: Int32Array;
  /** The heap's address and its size in bytes. */
  readonly heap: BigInt64Array;
  /** The number of the next part. */
  readonly next: Int32Array;
}

/**
 * Lets threads of our own share the products of an OpenBLAS.
 *
 * @returns the BLAS as it is if it has no kernels for small matrices, or no thread can be started
 */
export async function threadedBlas(blas: Blas): Promise<Products> {
  const { core, setThreads } = blas;
  if (!coresWithSmallKernels.includes(core ?? "") || setThreads === null) return blas;
  const mail: BlasMail = {
    path: blas.path,
    job: new Int32Array(new SharedArrayBuffer(bytes * jobFields.length)),
    heap: new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)),
    next: new Int32Array(new SharedArrayBuffer(bytes)),
  };
  const script = new URL("./blas_threads_worker.ts", import.meta.url);
  const wanted = Math.min(blas.threads ?? 1, mostThreads) - 1;
  const started = await Promise.all(
    Array.from({ length: wanted }, () => WorkerThread.start(script, mail)),
  );
  const others = started.filter((other) => other !== null);
  return others.length < wanted ? blas : sharedProducts(blas, { setThreads, others, mail });
}

function sharedProducts(
  blas: Blas,
  { setThreads, others, mail }: {
    readonly setThreads: (count: number) => void;
    readonly others: readonly WorkerThread[];
    readonly mail: BlasMail;
  },
): Products {
  const threads = others.length + 1;
  const paces = new ProductPaces();
  /** The heap that the threads were told of. */
  let known: ArrayBuffer | undefined;

  const heapOf = ({ buffer }: Float32Array) => new Float32Array(buffer as ArrayBuffer);
  /** Whoever else uses this library in this program may find it with all its threads. */
  const withoutItsThreads = (compute: () => void) => {
    setThreads(1);
    compute();
    setThreads(blas.threads ?? 1);
  };
  const computeAlone = (job: Job, heap: Float32Array<ArrayBuffer>) => {
    let part = 0;
    computeParts(blas.sgemm, heap, job, () => part++);
  };
  const computeTogether = (job: Job, heap: Float32Array<ArrayBuffer>) => {
    if (heap.buffer !== known) {
      const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(heap));
      mail.heap.set([BigInt(address), BigInt(heap.byteLength)]);
      known = heap.buffer;
    }
    jobFields.forEach((field, i) => mail.job[i] = job[field]);
    mail.next[0] = 0;
    for (const other of others) other.begin();
    computeParts(blas.sgemm, heap, job, () => Atomics.add(mail.next, 0, 1));
    for (const other of others) other.finish();
  };
  const sizeOfPart = (whole: number) => Math.ceil(whole / threads / multiple) * multiple;
  const jobOf = (
    { transposeA, transposeB, add, ...product }: ReturnType<typeof withStrides>,
    matrices: Record<"a" | "b" | "c", Float32Array>,
  ) => ({
    ...product,
    transposeA: Number(transposeA),
    transposeB: Number(transposeB),
    add: Number(add),
    a: matrices.a.byteOffset / bytes,
    b: matrices.b.byteOffset / bytes,
    c: matrices.c.byteOffset / bytes,
  });

  return {
    description: blas.description,
    multiply(given, a, b, c) {
      const product = withStrides(given);
      const { m, n, k } = product;
      if (m <= rowsBySgemv || m * n * k <= tileOperations) {
        return withoutItsThreads(() => blas.multiply(given, a, b, c));
      }
      const cut = m > n ? cuts.rows : cuts.columns;
      const size = sizeOfPart(Math.max(m, n));
      const parts = Math.ceil(Math.max(m, n) / size);
      const job = { ...jobOf(product, { a, b, c }), cut, parts, size };
      withoutItsThreads(() => computeTogether(job, heapOf(a)));
    },
    packedSize: blas.packedSize,
    pack(given, b, packed) {
      if (isInPanels(given)) packPanels(withStrides(given), b, packed);
      else packTransposed(given, b, packed);
    },
    multiplyPacked(given, a, packed, c) {
      // One row takes as long as reading B does, either way.
      if (given.m === 1) return blas.multiplyPacked(given, a, packed, c);
      const panels = isInPanels(given);
      const product = panels ? given : byTransposed(given);
      const size = panels ? panelColumns : sizeOfPart(given.n);
      const parts = Math.ceil(given.n / size);
      const cut = panels ? cuts.panels : cuts.columns;
      const job = { ...jobOf(withStrides(product), { a, b: packed, c }), cut, parts, size };
      const heap = heapOf(a);
      withoutItsThreads(() => {
        if (threads === 1) return computeAlone(job, heap);
        paces.run(
          job,
          (way) => way === "all" ? computeTogether(job, heap) : computeAlone(job, heap),
        );
      });
    },
  };
}

/** Whether a packed B lies in panels; else as its BLAS packs it. */
function isInPanels({ m, n, k }: Product): boolean {
  return m > 1 && (m <= fewRows || n * k <= smallMatrix);
}
