/**
 * The second thread itself: waits for a job, multiplies, and waits again.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Job, jobFields, jobs, states } from "./second_thread_job.ts";
import { loadSimd } from "./simd.ts";
import { bytesOfRoom, simdProducts } from "./simd_products.ts";

const { control, mailbox } = workerData as {
  readonly control: Int32Array;
  readonly mailbox: SharedArrayBuffer;
};
/** How often to look whether there is a job before sleeping: some tenths of a millisecond. */
const turns = 50_000;
const [page, bytes] = [2 ** 16, 4];

const memory = new WebAssembly.Memory({ initial: Math.ceil(bytesOfRoom / page) });
const products = simdProducts(loadSimd(memory, { fused: true }), 0);
let multiplyPrepared: ((a: Float32Array, c: Float32Array) => void) | undefined;

/** Does a job: copies the factors into memory of its own, and what they make back. */
function run({ kind, m, n, k, ...job }: Job): void {
  // The room of simdProducts, then a packed B, which has to stay where it is; then A, B and C.
  const packedSize = products.packedSize(k, n);
  const sizes = [packedSize, m * k, n * k, m * n];
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
  const product = { m, n, k, transposeA: job.transposeA === 1, transposeB: job.transposeB === 1 };
  if (kind === jobs.multiply) products.multiply(product, a, b, c);
  else {
    if (kind === jobs.prepareAndMultiply) multiplyPrepared = products.prepare(product, b, packed);
    multiplyPrepared!(a, c);
  }
  room.set(c, (m + n) * k);
}

parentPort!.postMessage("ready");
while (true) {
  for (let turn = 0; turn < turns && Atomics.load(control, 0) !== states.given; turn++);
  const state = Atomics.load(control, 0);
  if (state !== states.given) {
    Atomics.wait(control, 0, state);
    continue;
  }
  run(Object.fromEntries(jobFields.map((field, i) => [field, control[1 + i]])) as Job);
  Atomics.store(control, 0, states.done);
  Atomics.notify(control, 0);
}
