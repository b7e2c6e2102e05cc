/**
 * A second thread that multiplies matrices, for machines with several cores and no BLAS.
 *
 * tfjs' heap cannot be shared between threads, so the thread has memory of its own and gets
 * copies: products whose factors are used often enough to pay for that are cut in two, by the
 * columns of B. The sums are added in the same order as on one thread, so the results are
 * the same to the bit.
 *
 * @module
 */
import { type Product, type Products, withStrides } from "./products.ts";
import { type Job, jobFields, jobs, states } from "./second_thread_job.ts";

/** A product with fewer rows or columns than this reads its factors too seldom to copy them. */
const fewest = 16;
/** A smaller product is done before the second thread has begun. */
const fewestOperations = 1e6;
/** The largest mailbox; only what is used takes memory. */
const mostBytes = 2 ** 30;
/** How long to wait for the second thread before giving up on it. */
const patience = 60_000;
const [tileColumns, bytes] = [8, 4];

/** A thread that multiplies what is put into its mailbox. */
export class SecondThread {
  readonly #control: Int32Array;
  readonly #mailbox: SharedArrayBuffer;

  /** Use {@linkcode SecondThread.start}. */
  constructor(control: Int32Array, mailbox: SharedArrayBuffer) {
    this.#control = control;
    this.#mailbox = mailbox;
  }

  /** Starts a thread; null where there are none, or only one core. It ends with the program. */
  static async start(): Promise<SecondThread | null> {
    if (globalThis.Deno === undefined || navigator.hardwareConcurrency < 2) return null;
    try {
      const { Worker } = await import("node:worker_threads");
      const control = new Int32Array(new SharedArrayBuffer(bytes * (1 + jobFields.length)));
      const mailbox = new SharedArrayBuffer(0, { maxByteLength: mostBytes });
      const script = new URL("./second_thread_worker.ts", import.meta.url);
      const worker = new Worker(script, { workerData: { control, mailbox } });
      await new Promise((ready, failed) => worker.once("message", ready).once("error", failed));
      worker.unref();
      return new SecondThread(control, mailbox);
    } catch {
      return null; // Such as where no file may be read: one thread does all, then.
    }
  }

  /** Whether the mailbox has room for so many floats; it grows if need be. */
  hasRoom(floats: number): boolean {
    if (floats * bytes > mostBytes) return false;
    if (floats * bytes > this.#mailbox.byteLength) this.#mailbox.grow(floats * bytes);
    return true;
  }

  /** The mailbox as floats. */
  get room(): Float32Array {
    return new Float32Array(this.#mailbox);
  }

  /** Lets the thread begin. */
  begin(job: Job): void {
    jobFields.forEach((field, i) => this.#control[1 + i] = job[field]);
    Atomics.store(this.#control, 0, states.given);
    Atomics.notify(this.#control, 0);
  }

  /** Waits until the thread is done. */
  finish(): void {
    for (let turn = 0; turn < 100_000; turn++) {
      if (Atomics.load(this.#control, 0) === states.done) return;
    }
    const answer = Atomics.wait(this.#control, 0, states.given, patience);
    if (answer === "timed-out") throw new Error("The second thread does not answer: start again");
  }
}

/**
 * Lets a second thread do half of what `one` does.
 *
 * @param one multiplies on this thread
 * @param thread the other
 */
export function pairedProducts(one: Products, thread: SecondThread): Products {
  /** Whose B the thread has packed: that of the last `prepare`. */
  let prepared: object | undefined;

  const fits = ({ m, n, k }: Product) =>
    m >= fewest && n >= fewest && m * n * k >= fewestOperations &&
    thread.hasRoom(m * k + n * k + m * n);

  /** Puts A into the mailbox. */
  const putA = ({ m, k, transposeA, strideA }: Required<Product>, a: Float32Array) => {
    const [rows, columns] = transposeA ? [k, m] : [m, k];
    copyRows({ rows, columns }, { from: a, stride: strideA }, { to: thread.room });
  };
  /** Puts the columns of B from `cut` on behind A. */
  const putB = (product: Required<Product>, b: Float32Array, cut: number) => {
    const { m, n, k, transposeB, strideB } = product;
    const [rows, columns] = transposeB ? [n - cut, k] : [k, n - cut];
    const from = b.subarray(transposeB ? cut * strideB : cut);
    copyRows({ rows, columns }, { from, stride: strideB }, { to: thread.room.subarray(m * k) });
  };
  /** Takes the thread's part of C out of the mailbox. */
  const takeC = (product: Required<Product>, c: Float32Array, cut: number) => {
    const { m, n, k, strideC, add } = product;
    thread.finish();
    const columns = n - cut;
    const from = thread.room.subarray((m + columns) * k);
    for (let i = 0; i < m; i++) {
      const row = from.subarray(i * columns, (i + 1) * columns);
      const start = i * strideC + cut;
      if (!add) c.set(row, start);
      else for (let j = 0; j < columns; j++) c[start + j] += row[j];
    }
  };
  const jobOf = ({ m, n, k, transposeA, transposeB }: Required<Product>, cut: number) => ({
    ...{ m, n: n - cut, k },
    transposeA: Number(transposeA),
    transposeB: Number(transposeB),
  });

  return {
    description: `${one.description}, 2 threads`,
    packedSize: one.packedSize,
    multiply(given, a, b, c) {
      const product = withStrides(given);
      if (!fits(product)) return one.multiply(given, a, b, c);
      const cut = firstPart(product.n);
      prepared = undefined;
      putA(product, a);
      putB(product, b, cut);
      thread.begin({ kind: jobs.multiply, ...jobOf(product, cut) });
      one.multiply({ ...product, n: cut }, a, b, c);
      takeC(product, c, cut);
    },
    prepare(given, b, packed) {
      const product = withStrides(given);
      if (!fits(product)) return one.prepare(given, b, packed);
      const cut = firstPart(product.n);
      const here = one.prepare({ ...product, n: cut }, b, packed);
      const there = {};
      return (a, c) => {
        putA(product, a);
        const kind = prepared === there ? jobs.multiplyPrepared : jobs.prepareAndMultiply;
        if (kind === jobs.prepareAndMultiply) putB(product, b, cut);
        prepared = there;
        thread.begin({ kind, ...jobOf(product, cut) });
        here(a, c);
        takeC(product, c, cut);
      };
    },
  };
}

/** How many columns this thread takes: half, in whole tiles. */
function firstPart(n: number): number {
  return Math.ceil(n / 2 / tileColumns) * tileColumns;
}

function copyRows(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { from, stride }: { readonly from: Float32Array; readonly stride: number },
  { to }: { readonly to: Float32Array },
): void {
  if (stride === columns) return to.set(from.subarray(0, rows * columns));
  for (let i = 0; i < rows; i++) {
    to.set(from.subarray(i * stride, i * stride + columns), i * columns);
  }
}
