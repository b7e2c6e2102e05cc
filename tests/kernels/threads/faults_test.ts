import assert from "node:assert/strict";
import { openBlas } from "../../../lib/kernels/blas/library.ts";
import { blasProducts } from "../../../lib/kernels/blas/products.ts";
import { portableSteps } from "../../../lib/kernels/wasm/gru_steps.ts";
import { findVectorUnit } from "../../../lib/kernels/native/x86/executable_memory.ts";
import { loadFunctions, writeCode } from "../../../lib/kernels/native/x86/machine_code.ts";
import { nativeSteps } from "../../../lib/kernels/native/gru_steps.ts";
import { startNativeThreads } from "../../../lib/kernels/native/native_threads.ts";
import { parallelProducts } from "../../../lib/kernels/wasm/parallel_products.ts";
import { startParallelThreads } from "../../../lib/kernels/wasm/parallel_threads.ts";
import { loadSimd } from "../../../lib/kernels/wasm/simd.ts";
import { scratchBytes, simdProducts } from "../../../lib/kernels/wasm/simd_products.ts";
import type { ThreadPool } from "../../../lib/kernels/threads/thread_pool.ts";
import { blas as needsBlas, machineCode } from "../../testdata/devices.ts";
import { type Need, needing } from "../../testdata/needs.ts";
import { someNumbers } from "../../testdata/numbers.ts";

const { blas } = openBlas("auto");
/** In the tests; a person's program waits longer. */
const patienceMs = 1_000;

type Fault = "throw" | "end" | "hang";

/** Threads of a kind, one of which will fail, and a job that they share. */
interface Path {
  readonly name: string;
  readonly need: Need;
  start(script: URL): Promise<{ readonly pool: ThreadPool; compute(): void }>;
}

function kernels() {
  const memory = new WebAssembly.Memory({ initial: 300 });
  const simd = loadSimd(memory, { fused: true });
  let end = scratchBytes;
  const array = (size: number, text?: number) => {
    const made = new Float32Array(memory.buffer, end, size);
    end += 4 * size;
    if (text !== undefined) made.set(someNumbers(size, { text }));
    return made;
  };
  return { simd, array, plain: simdProducts(simd, 0) };
}

const [m, n, k] = [256, 512, 256];

const paths: readonly Path[] = [
  {
    name: "WebAssembly",
    need: null,
    async start(script) {
      const { plain, array } = kernels();
      const threads = await startParallelThreads({ threads: 2, script, patienceMs });
      const [a, b, c] = [array(m * k, 1), array(k * n, 2), array(m * n)];
      const products = parallelProducts(plain, threads);
      return { pool: threads.pool, compute: () => products.multiply({ m, n, k }, a, b, c) };
    },
  },
  {
    name: "a BLAS",
    need: needsBlas,
    async start(script) {
      const { array } = kernels();
      const threads = await startNativeThreads({
        ...{ blas: blas!, code: null, threads: 2, script, patienceMs },
      });
      const [a, b, c] = [array(m * k, 1), array(k * n, 2), array(m * n)];
      const products = blasProducts(blas!, threads);
      return { pool: threads.pool, compute: () => products.multiply({ m, n, k }, a, b, c) };
    },
  },
  {
    name: "machine code, between two steps of a sequence",
    need: machineCode,
    async start(script) {
      const { simd, plain, array } = kernels();
      const unit = findVectorUnit();
      const code = { unit, addresses: loadFunctions(writeCode(unit)) };
      const threads = await startNativeThreads({
        ...{ blas: blas!, code, threads: 2, script, patienceMs },
      });
      const steps = nativeSteps(portableSteps(plain, simd), { unit, native: threads, simd });
      const sizes = { batch: 16, time: 40, units: 128 };
      const { batch, time, units } = sizes;
      const arrays = {
        kernel: array(steps.forwardSize(sizes)),
        recurrent: array(batch * 3 * units),
        bias: array(3 * units, 2),
        projected: array(batch * time * 3 * units, 3),
        previousStates: array(batch * time * units, 4),
        hidden: array(batch * time * units),
        gates: array(steps.gatesSize(sizes)),
      };
      steps.packForward(sizes, array(3 * units * units, 1), arrays.kernel);
      const more = { ids: undefined, isPacked: true, gateTime: time };
      return {
        pool: threads.pool,
        compute: () => steps.forward(sizes, { ...arrays, ...more }),
      };
    },
  },
];

function faultyScript(path: Path, fault: Fault): URL {
  const kind = path.name === "WebAssembly" ? "parallel" : "native";
  const at = path.name.startsWith("machine") ? 20 : 1;
  const script = new URL("../../testdata/faulty_worker.ts", import.meta.url);
  script.search = new URLSearchParams({ kind, fault, at: String(at) }).toString();
  return script;
}

/** Computes again and again until it fails, for the worker may come too late for its part. */
function untilError(compute: () => void): { error: Error; milliseconds: number } {
  for (let call = 0; call < 5_000; call++) {
    const start = performance.now();
    try {
      compute();
    } catch (error) {
      return { error: error as Error, milliseconds: performance.now() - start };
    }
  }
  throw new Error("The fault was not seen");
}

const reasons: Readonly<Record<Fault, RegExp>> = {
  throw: /have stopped \(thread 1: a number went wrong, in .*\)\. Call selectDevice\(\) again/,
  end: /have stopped \((no progress for 1 s, in|thread 1:) .*\)\. Call selectDevice\(\) again/,
  hang: /have stopped \((no progress for 1 s, in|thread 1:) .*\)\. Call selectDevice\(\) again/,
};

for (const path of paths) {
  for (const fault of ["throw", "end", "hang"] as const) {
    Deno.test({
      ...needing(
        `a worker on ${path.name} that fails in mid-job (${fault}) is an error of the caller`,
        path.need,
      ),
      // Workers end by themselves, or were ended a moment ago.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const { pool, compute } = await path.start(faultyScript(path, fault));
        assert.equal(pool.threads, 2);
        const { error, milliseconds } = untilError(compute);
        assert.match(error.message, reasons[fault]);
        // A thread that says what failed is heard at once; of one that is gone we give up waiting.
        assert.ok(milliseconds < (fault === "throw" ? patienceMs : 10 * patienceMs));
        assert.notEqual(pool.lost, undefined);
        // From then on nothing is computed with those threads.
        assert.throws(compute, /have stopped/);
      },
    });
  }

  Deno.test({
    ...needing(
      `a worker on ${path.name} that ends between two jobs is an error of the next`,
      path.need,
    ),
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const never = faultyScript(path, "throw");
      never.searchParams.set("at", "1000000000");
      const { pool, compute } = await path.start(never);
      compute();
      pool.end();
      for (let i = 0; i < 100 && pool.lost === undefined; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.throws(compute, /have stopped \(thread 1: the thread has ended\)/);
    },
  });
}

Deno.test({
  name: "an error of the calling thread is its own, and the threads go on after it",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { plain, array } = kernels();
    let fails = true;
    const { pool, ...rest } = await startParallelThreads({ threads: 2 }).then((threads) => {
      const one = {
        ...plain,
        multiply: (...args: Parameters<typeof plain.multiply>) => {
          if (fails) throw new TypeError("mine");
          plain.multiply(...args);
        },
      };
      return { pool: threads.pool, products: parallelProducts(one, threads) };
    });
    const [a, b, c, expected] = [array(m * k, 1), array(k * n, 2), array(m * n), array(m * n)];
    for (let i = 0; i < 3; i++) {
      // On a busy machine the worker may take both parts.
      const { error } = untilError(() => rest.products.multiply({ m, n, k }, a, b, c));
      assert.deepEqual([error.name, error.message], ["TypeError", "mine"]);
    }
    fails = false;
    rest.products.multiply({ m, n, k }, a, b, c);
    plain.multiply({ m, n, k }, a, b, expected);
    assert.deepEqual(c, expected);
    pool.end();
  },
});

Deno.test("threads that cannot be started are fewer, with a note", async () => {
  const script = new URL("file:///nowhere/worker.ts");
  const { pool } = await startParallelThreads({ threads: 3, script });
  assert.equal(pool.threads, 1);
  assert.match(pool.note ?? "", /^one thread only: /);
  assert.equal(pool.lost, undefined);
});
