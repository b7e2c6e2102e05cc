import assert from "node:assert/strict";
import { openBlas } from "../../../lib/kernels/blas/library.ts";
import { type GruSteps, portableSteps } from "../../../lib/kernels/wasm/gru_steps.ts";
import { blasProducts } from "../../../lib/kernels/blas/products.ts";
import {
  Assembler,
  avx2,
  avx512,
  type VectorUnit,
} from "../../../lib/kernels/native/x86/assembler.ts";
import { registers } from "../../../lib/kernels/native/x86/operands.ts";
import {
  addressOf,
  findVectorUnit,
  functionAt,
  hasMachineCode,
  loadCode,
} from "../../../lib/kernels/native/x86/executable_memory.ts";
import { nativeProducts } from "../../../lib/kernels/native/products.ts";
import { nativeSteps } from "../../../lib/kernels/native/gru_steps.ts";
import { startNativeThreads } from "../../../lib/kernels/native/native_threads.ts";
import type { Products } from "../../../lib/kernels/wasm/products.ts";
import { loadSimd } from "../../../lib/kernels/wasm/simd.ts";
import { scratchBytes, simdProducts } from "../../../lib/kernels/wasm/simd_products.ts";
import { machineCode } from "../../testdata/devices.ts";
import fc from "../../testdata/fast_check.ts";
import { needing } from "../../testdata/needs.ts";
import { relativeError, someNumbers } from "../../testdata/numbers.ts";
import { loadFunctions, writeCode } from "../../../lib/kernels/native/x86/machine_code.ts";

const { blas } = openBlas("auto");
const found = hasMachineCode() ? findVectorUnit() : null;
/** A processor with the longer vectors has the shorter ones too. */
const units = [avx2, avx512].filter(({ lanes }) => lanes <= (found?.lanes ?? 0));

Deno.test("instructions become the bytes that a disassembler (GNU's objdump) reads as them", () => {
  const { rax, rbx, rcx, rdx, rsi, rdi, rsp, r8, r9, r10, r12, r13, r14 } = registers;
  const hex = (unit: typeof avx2, write: (code: Assembler) => void) => {
    const code = new Assembler(unit);
    write(code);
    const bytes = [...code.finish()].map((byte) => byte.toString(16).padStart(2, "0"));
    return bytes.join("").replace(/(cc)+$/, "");
  };
  // deno-fmt-ignore
  const cases: [typeof avx2, (code: Assembler) => void, string][] = [
    [avx2, (c) => c.load(1, { base: rdi }), "c4e17c100f"],
    [avx2, (c) => c.load(9, { base: r12, index: r9, scale: 4, displacement: 4096 }), "c4017c108c8c00100000"],
    [avx2, (c) => c.vector("addProduct", 14, 12, 15), "c4421db8f7"],
    [avx2, (c) => c.broadcast(3, { base: r8, displacement: 700 }), "c4c27d1898bc020000"],
    [avx512, (c) => c.load(31, { base: rsp, displacement: 64 }), "62617c48107c2401"],
    [avx512, (c) => c.load(2, { base: r13, displacement: -64 * 200 }), "62d17c48109500ceffff"],
    [avx512, (c) => c.broadcast(31, { base: rsi, index: r10, scale: 8, displacement: 12 }), "62227d48187cd603"],
    [avx512, (c) => c.vector("subtractProduct", 1, 31, 3), "62f20540bccb"],
    [avx512, (c) => c.vector("xor", 31, 31, 31), "62010540efff"],
    [avx512, (c) => c.storePast({ base: r9, displacement: 128 }, 17), "62c17c482b4902"],
    [avx512, (c) => c.integer("moveInt32", rsi, { base: rsi }), "486336"],
    [avx512, (c) => c.integer("multiply", r14, rax), "4c0faff0"],
    [avx512, (c) => c.addInteger({ base: rdi, displacement: 8 }, rcx), "48014f08"],
    [avx512, (c) => c.exchangeAdd({ base: rcx }, rax), "f0400fc101"],
    [avx512, (c) => c.immediate("subtract", rdx, 5), "4881ea05000000"],
    [avx512, (c) => c.set(r8, -1), "49c7c0ffffffff"],
    [avx512, (c) => c.prefetch({ base: rbx, displacement: 64 }), "480f185340"],
    [avx512, (c) => (c.push(r12), c.pop(rbx), c.fence(), c.zeroUpper(), c.return()), "41545b0faef8c5f877c3"],
  ];
  for (const [unit, write, bytes] of cases) assert.equal(hex(unit, write), bytes);
});

Deno.test("a vector register that the processor lacks is an error", () => {
  const zero = (unit: VectorUnit, register: number) =>
    new Assembler(unit).vector("xor", register, register, register);
  zero(avx2, 15);
  assert.throws(() => zero(avx2, 16), /AVX2 has no vector register 16: they are 0 to 15/);
  zero(avx512, 31);
  assert.throws(() => zero(avx512, 32), /AVX-512 has no vector register 32: they are 0 to 31/);
});

Deno.test("a label that was put nowhere is an error", () => {
  const code = new Assembler(avx2);
  code.jump({});
  assert.throws(() => code.finish(), /A label was put nowhere/);
});

Deno.test({
  ...needing("code computes with an argument block, loops and constants", machineCode),
  fn() {
    const { rax, rcx, rdi } = registers;
    const code = new Assembler(avx2);
    // Word 0 times a vector of halves, added up as often as word 1 says.
    code.vector("xor", 0, 0, 0);
    code.integer("move", rcx, { base: rdi, displacement: 8 });
    const loop = code.here();
    code.broadcast(1, { base: rdi });
    code.load(2, code.constant(0.5));
    code.vector("addProduct", 0, 1, 2);
    code.immediate("subtract", rcx, 1);
    code.jumpIf("notEqual", loop);
    code.integer("move", rax, { base: rdi, displacement: 16 });
    code.store({ base: rax }, 0);
    code.zeroUpper();
    code.return();
    const block = new BigUint64Array(3);
    const result = new Float32Array(new ArrayBuffer(32));
    new Float32Array(block.buffer)[0] = 3;
    block[1] = 7n;
    block[2] = BigInt(addressOf(result));
    functionAt(loadCode(code.finish()))(block);
    assert.deepEqual(result, new Float32Array(8).fill(10.5));
  },
});

/** Makes arrays of a memory, one behind the other, and fills them with 0 or with some numbers. */
function arraysOf(memory: WebAssembly.Memory) {
  let end = scratchBytes;
  const array = (size: number, text?: number, scale = 1) => {
    const start = end;
    end += 4 * Math.ceil(size / 4) * 4;
    if (end > memory.buffer.byteLength) throw new Error("The test's memory is too small");
    const array = new Float32Array(memory.buffer, start, size).fill(0);
    if (text !== undefined) array.set(someNumbers(size, { text, scale }));
    return array;
  };
  /** Which token stands where; undefined if there are no tokens. */
  const idsOf = (count: number, tokens: number) => {
    if (tokens === 0) return undefined;
    const ids = new Int32Array(memory.buffer, array(count).byteOffset, count);
    for (let i = 0; i < count; i++) ids[i] = (i * 7 + 3) % tokens;
    return ids;
  };
  return { array, idsOf };
}

/** Two passes over arrays of their own, and everything that they wrote. */
function passes(
  steps: GruSteps,
  memory: WebAssembly.Memory,
  { batch, time, units, tokens }: Record<"batch" | "time" | "units" | "tokens", number>,
): Record<string, Float32Array> {
  const { array, idsOf } = arraysOf(memory);
  const sizes = { batch, time, units };
  const states = batch * time * units;
  const projected = array((tokens || batch * time) * 3 * units, 1);
  const previousStates = array(states);
  previousStates.set(someNumbers(batch * units, { text: 90 }));
  const kernel = array(3 * units * units, 2, 1 / Math.sqrt(units));
  const bias = array(3 * units, 3);
  const gradient = array(states, 4);
  const ids = idsOf(batch * time, tokens);
  const [hidden, recurrent] = [array(states), array(batch * 3 * units)];
  const gates = array(steps.gatesSize(sizes));
  const forward = array(steps.forwardSize(sizes));
  const backward = array(steps.backwardSize(sizes));
  const results = {
    hidden,
    previousStates,
    gradRecurrent: array(3 * states),
    gradHidden: array(batch * units, 5),
    gradProjected: array(projected.length, 6),
    bias: array(3 * units, 7),
  };
  steps.packForward(sizes, kernel, forward);
  steps.forward(sizes, {
    ...{ gateTime: time, kernel: forward, isPacked: true, recurrent, bias, projected, ids },
    ...{ previousStates, hidden, gates },
  });
  steps.packBackward(sizes, kernel, backward);
  steps.backward(sizes, { packed: backward, ids, gates, gradient, ...results });
  return Object.fromEntries(Object.entries(results).map(([name, array]) => [name, array.slice()]));
}

/** Three single steps of some texts, each from where the one before it ended. */
function singleSteps(
  steps: GruSteps,
  memory: WebAssembly.Memory,
  { batch, units, tokens }: Record<"batch" | "units" | "tokens", number>,
): Record<string, Float32Array> {
  const { array, idsOf } = arraysOf(memory);
  const sizes = { batch, time: 1, units };
  const projected = array((tokens || batch) * 3 * units, 1);
  const kernel = array(3 * units * units, 2, 1 / Math.sqrt(units));
  const [bias, previousStates] = [array(3 * units, 3), array(batch * units, 4)];
  const ids = idsOf(batch, tokens);
  const [hidden, recurrent] = [array(batch * units), array(batch * 3 * units)];
  const gates = array(steps.gatesSize(sizes));
  const packed = array(steps.forwardSize(sizes));
  steps.packForward(sizes, kernel, packed);
  const states = Array.from({ length: 3 }, () => {
    steps.forward(sizes, {
      ...{ gateTime: 1, kernel: packed, isPacked: true, recurrent, bias, projected, ids },
      ...{ previousStates, hidden, gates },
    });
    previousStates.set(hidden);
    return hidden.slice();
  });
  return Object.fromEntries(states.map((state, i) => [`state ${i}`, state]));
}

/** A product Aᵀ·B. */
function outerProduct(
  products: Products,
  memory: WebAssembly.Memory,
  { m, n, k }: Record<"m" | "n" | "k", number>,
): Record<string, Float32Array> {
  const { array } = arraysOf(memory);
  const [a, b, c] = [array(k * m, 1), array(k * n, 2), array(m * n, 3)];
  products.multiply({ m, n, k, transposeA: true }, a, b, c);
  return { product: c.slice() };
}

/** What computes, by machine code or without it. */
interface Tools {
  readonly products: Products;
  readonly steps: GruSteps;
}

/** Registers a test that machine code gives what WebAssembly gives, for any sizes. */
function agrees<Sizes>(
  what: string,
  unit: VectorUnit,
  { sizes, compute }: {
    readonly sizes: fc.Arbitrary<Sizes>;
    compute(tools: Tools, memory: WebAssembly.Memory, sizes: Sizes): Record<string, Float32Array>;
  },
): void {
  Deno.test({
    ...needing(
      `${what} in ${unit.name} gives what WebAssembly gives, for any sizes`,
      machineCode,
    ),
    // Its threads outlive the test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const memory = new WebAssembly.Memory({ initial: 640 });
      const simd = loadSimd(memory, { fused: true });
      const products = simdProducts(simd, 0);
      const portable = { products, steps: portableSteps(products, simd) };
      const code = { unit, addresses: loadFunctions(writeCode(unit)) };
      const threads = await startNativeThreads({ blas: blas!, code, threads: 2 });
      const machine = { unit, native: threads, simd };
      const native = {
        products: nativeProducts(blasProducts(blas!, threads), machine),
        steps: nativeSteps(portable.steps, machine),
      };
      fc.assert(
        fc.property(sizes, (sizes) => {
          const expected = compute(portable, memory, sizes);
          const actual = compute(native, memory, sizes);
          for (const [name, values] of Object.entries(expected)) {
            const error = relativeError(actual[name]!, values);
            assert.ok(error < 1e-5, `${name} is ${error} off`);
          }
        }),
        { numRuns: 60 },
      );
      threads.pool.end();
    },
  });
}

for (const unit of units) {
  const sizes = {
    batch: fc.integer({ min: 1, max: 21 }),
    units: fc.oneof(
      fc.integer({ min: 1, max: 26 }).map((n) => n * unit.lanes),
      fc.integer({ min: 1, max: 40 }),
    ),
    tokens: fc.constantFrom(0, 1, 9),
  };

  agrees("a sequence", unit, {
    sizes: fc.record({ ...sizes, time: fc.integer({ min: 2, max: 5 }) }),
    compute: ({ steps }, memory, sizes) => passes(steps, memory, sizes),
  });

  agrees("a step at a time", unit, {
    sizes: fc.record(sizes),
    compute: ({ steps }, memory, sizes) => singleSteps(steps, memory, sizes),
  });

  agrees("Aᵀ·B", unit, {
    sizes: fc.record({
      m: fc.integer({ min: 1, max: 9 }).map((i) => i * unit.lanes),
      n: fc.integer({ min: 1, max: 5 }).map((i) => i * 3 * unit.lanes),
      k: fc.integer({ min: 1, max: 900 }),
    }).filter(({ m, n, k }) => m * n * k > 2 ** 19), // smaller ones are left to the BLAS
    compute: ({ products }, memory, sizes) => outerProduct(products, memory, sizes),
  });
}
