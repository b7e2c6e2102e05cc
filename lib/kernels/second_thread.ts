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
import { WorkerThread } from "./worker_thread.ts";
import { copyRows, type Product, type Products, withStrides } from "./products.ts";
import { type Job, jobFields, jobs } from "./second_thread_job.ts";

/** A product with fewer rows or columns than this reads its factors too seldom to copy them. */
const fewest = 16;
/** A smaller product is done before the second thread has begun. */
const fewestOperations = 1e6;
/** The largest mailbox; only what is used takes memory. */
const mostBytes = 2 ** 30;
const [tileColumns, bytes] = [8, 4];

/** A thread that multiplies what is put into its mailbox. */
export class SecondThread {
  readonly #other: WorkerThread;
  readonly #job: Int32Array;
  readonly #mailbox: SharedArrayBuffer;

  private constructor(
    other: WorkerThread,
    { job, mailbox }: { readonly job: Int32Array; readonly mailbox: SharedArrayBuffer },
  ) {
    this.#other = other;
    this.#job = job;
    this.#mailbox = mailbox;
  }

  /** Starts a thread; null where there are none, or only one core. It ends with the program. */
  static async start(): Promise<SecondThread | null> {
    // A page has no such threads, and most pages no memory that they could share.
    if (globalThis.Deno === undefined || navigator.hardwareConcurrency < 2) return null;
    const job = new Int32Array(new SharedArrayBuffer(bytes * jobFields.length));
    const mailbox = new SharedArrayBuffer(0, { maxByteLength: mostBytes });
    const script = new URL("./second_thread_worker.ts", import.meta.url);
    const other = await WorkerThread.start(script, { job, mailbox });
    return other && new SecondThread(other, { job, mailbox });
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
    jobFields.forEach((field, i) => this.#job[i] = job[field]);
    this.#other.begin();
  }

  /** Waits until the thread is done. */
  finish(): void {
    this.#other.finish();
  }
}

/**
 * Lets a second thread do half of what `one` does.
 *
 * @param one multiplies on this thread
 * @param thread the other
 */
export function pairedProducts(one: Products, thread: SecondThread): Products {
  /** Where the packed B lies of which the thread has its part packed. */
  let prepared: number | undefined;

  const fits = ({ m, n, k }: Product) =>
    m >= fewest && n >= fewest && m * n * k >= fewestOperations &&
    thread.hasRoom(m * k + n * k + m * n);

  /** Puts A into the mailbox. */
  const putA = ({ m, k, transposeA, strideA }: Required<Product>, a: Float32Array) => {
    const [rows, columns] = transposeA ? [k, m] : [m, k];
    copyRows({ rows, columns }, { from: a, stride: strideA }, thread.room);
  };
  /** Copies the columns of B from `cut` on. */
  const copyB = (product: Required<Product>, b: Float32Array, cut: number, to: Float32Array) => {
    const { n, k, transposeB, strideB: stride } = product;
    const [rows, columns] = transposeB ? [n - cut, k] : [k, n - cut];
    copyRows({ rows, columns }, { from: b.subarray(transposeB ? cut * stride : cut), stride }, to);
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
    multiply(given, a, b, c) {
      const product = withStrides(given);
      if (!fits(product)) return one.multiply(given, a, b, c);
      const { m, n, k } = product;
      const cut = firstPart(n);
      prepared = undefined;
      putA(product, a);
      copyB(product, b, cut, thread.room.subarray(m * k));
      thread.begin({ kind: jobs.multiply, ...jobOf(product, cut) });
      one.multiply({ ...product, n: cut }, a, b, c);
      takeC(product, c, cut);
    },
    // One's part as one packs it, then the thread's as it lies.
    packedSize(product) {
      if (!fits(product)) return one.packedSize(product);
      const cut = firstPart(product.n);
      return one.packedSize({ ...product, n: cut }) + product.k * (product.n - cut);
    },
    pack(given, b, packed) {
      const product = withStrides(given);
      if (!fits(product)) return one.pack(given, b, packed);
      const cut = firstPart(product.n);
      const here = { ...product, n: cut };
      one.pack(here, b, packed);
      copyB(product, b, cut, packed.subarray(one.packedSize(here)));
      prepared = undefined;
    },
    multiplyPacked(given, a, packed, c) {
      const product = withStrides(given);
      if (!fits(product)) return one.multiplyPacked(given, a, packed, c);
      const { m, n, k } = product;
      const cut = firstPart(n);
      const here = { ...product, n: cut };
      putA(product, a);
      const known = prepared === packed.byteOffset;
      if (!known) {
        const first = one.packedSize(here);
        thread.room.set(packed.subarray(first, first + k * (n - cut)), m * k);
        prepared = packed.byteOffset;
      }
      const kind = known ? jobs.multiplyPrepared : jobs.prepareAndMultiply;
      thread.begin({ kind, ...jobOf(product, cut) });
      one.multiplyPacked(here, a, packed, c);
      takeC(product, c, cut);
    },
  };
}

/** How many columns this thread takes: half, in whole tiles. */
function firstPart(n: number): number {
  return Math.ceil(n / 2 / tileColumns) * tileColumns;
}
