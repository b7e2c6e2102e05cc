/**
 * The second thread itself: waits for a job, multiplies, and waits again.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { serve } from "./worker_thread.ts";
import { type Job, jobFields, jobs } from "./second_thread_job.ts";
import { loadSimd } from "./simd.ts";
import { bytesOfRoom, simdProducts } from "./simd_products.ts";

const { job, mailbox, turn } = workerData as {
  /** By {@linkcode jobFields}. */
  readonly job: Int32Array;
  readonly mailbox: SharedArrayBuffer;
  readonly turn: Int32Array;
};
const [page, bytes] = [2 ** 16, 4];

const memory = new WebAssembly.Memory({ initial: Math.ceil(bytesOfRoom / page) });
const products = simdProducts(loadSimd(memory, { fused: true }), 0);

/** Does a job: copies the factors into memory of its own, and what they make back. */
function run({ kind, m, n, k, ...transposed }: Job): void {
  // The room of simdProducts, then a packed B, which has to stay where it is; then A, B and C.
  const product = {
    ...{ m, n, k },
    transposeA: transposed.transposeA === 1,
    transposeB: transposed.transposeB === 1,
  };
  const sizes = [products.packedSize(product), m * k, n * k, m * n];
  const needed = bytesOfRoom + bytes * sizes.reduce((sum, size) => sum + size);
  const missing = Math.ceil((needed - memory.buffer.byteLength) / page);
  if (missing > 0) memory.grow(missing);
  let start = bytesOfRoom;
  const [packed, a, b, c] = sizes.map((size) => {
    const view = new Float32Array(memory.buffer, start, size);
    start += size * bytes;
    return view;
  });
  const room = new Float32Array(mailbox);
  a.set(room.subarray(0, m * k));
  if (kind !== jobs.multiplyPrepared) b.set(room.subarray(m * k, (m + n) * k));
  if (kind === jobs.multiply) products.multiply(product, a, b, c);
  else {
    if (kind === jobs.prepareAndMultiply) products.pack(product, b, packed);
    products.multiplyPacked(product, a, packed, c);
  }
  room.set(c, (m + n) * k);
}

parentPort!.postMessage("ready");
serve(turn, () => {
  run(Object.fromEntries(jobFields.map((field, i) => [field, job[i]])) as Job);
});
