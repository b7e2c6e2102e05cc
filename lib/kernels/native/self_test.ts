/**
 * Tests, before machine code is used, that it computes what the WebAssembly kernels compute.
 *
 * @module
 */
import { type GruSteps, portableSteps } from "../wasm/gru_steps.ts";
import type { Products } from "../wasm/products.ts";
import { loadSimd } from "../wasm/simd.ts";
import { scratchBytes, simdProducts } from "../wasm/simd_products.ts";
import type { VectorUnit } from "./x86/assembler.ts";
import { nativeProducts } from "./products.ts";
import { nativeSteps } from "./gru_steps.ts";
import type { NativeThreads } from "./native_threads.ts";

/** The largest difference allowed, as a share of the largest expected value. */
const tolerance = 1e-5;
const pageBytes = 2 ** 16;

interface Kernels {
  readonly products: Products;
  readonly steps: GruSteps;
}

/**
 * Makes arrays in one memory, one behind the other. With a seed they are filled with numbers in
 * [−1, 1), the same for the same seed; without one they are 0.
 */
function arrays(memory: WebAssembly.Memory) {
  let end = scratchBytes;
  return (size: number, { seed = 0 } = {}) => {
    const array = new Float32Array(memory.buffer, end, size);
    end += size * array.BYTES_PER_ELEMENT;
    // A multiplicative congruential generator: enough to tell one element from another.
    let state = seed + 1;
    for (let i = 0; i < size; i++) {
      state = state * 48_271 % 0x7fffffff;
      array[i] = seed === 0 ? 0 : state / 0x40000000 - 1;
    }
    return array;
  };
}

/** Computes a sequence of two steps forward and backward, and both products. */
function compute({ products, steps }: Kernels, memory: WebAssembly.Memory, lanes: number) {
  const array = arrays(memory);
  const sizes = { batch: 9, time: 2, units: 2 * lanes };
  const { batch, time, units } = sizes;
  const wide = 3 * units;
  const kernel = array(units * wide, { seed: 1 });
  const inputs = {
    bias: array(wide, { seed: 2 }),
    projected: array(batch * time * wide, { seed: 3 }),
    previousStates: array(time * batch * units, { seed: 4 }),
  };
  const gradient = array(batch * time * units, { seed: 5 });
  const hidden = array(batch * time * units);
  const [gates, recurrent] = [array(steps.gatesSize(sizes)), array(batch * wide)];
  const forward = array(steps.forwardSize(sizes));
  const backward = array(steps.backwardSize(sizes));
  const gradients = {
    gradRecurrent: array(time * batch * wide),
    gradHidden: array(batch * units),
    gradProjected: array(batch * time * wide),
    bias: array(wide),
  };
  steps.packForward(sizes, kernel, forward);
  const common = { ids: undefined, gates };
  steps.forward(sizes, {
    ...{ ...common, ...inputs, gateTime: time, kernel: forward, isPacked: true },
    ...{ recurrent, hidden },
  });
  steps.packBackward(sizes, kernel, backward);
  const { previousStates } = inputs;
  steps.backward(sizes, { ...common, packed: backward, previousStates, gradient, ...gradients });

  // Large enough to go to machine code, and more rows than one of its blocks.
  const outer = { m: 2 * lanes, n: 6 * lanes, k: 1200, transposeA: true };
  const [a, b] = [array(outer.m * outer.k, { seed: 6 }), array(outer.k * outer.n, { seed: 7 })];
  const c = array(outer.m * outer.n, { seed: 0 });
  products.multiply(outer, a, b, c);
  const product = { m: 9, n: 2 * lanes, k: 4 * lanes };
  const [packed, result] = [array(products.packedSize(product)), array(product.m * product.n)];
  products.pack(product, b, packed);
  products.multiplyPacked(product, a, packed, result);
  return { "hidden states": hidden, ...gradients, "gradient product": c, product: result };
}

/**
 * Compares each emitted function with the WebAssembly kernels on small inputs.
 *
 * @param native The threads, which have machine code.
 * @param unit The vector unit that it is written for.
 * @returns What differs, as the end of a sentence; null if nothing does.
 */
export function selfTest(native: NativeThreads, unit: VectorUnit): string | null {
  const results = (by: "wasm" | "native") => {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(scratchBytes / pageBytes) + 24 });
    const simd = loadSimd(memory, { fused: true });
    const products = simdProducts(simd, 0);
    const kernels = { products, steps: portableSteps(products, simd) };
    const tools = { unit, native, simd };
    return compute(
      by === "wasm" ? kernels : {
        products: nativeProducts(products, tools),
        steps: nativeSteps(kernels.steps, tools),
      },
      memory,
      unit.lanes,
    );
  };
  const [expected, actual] = [results("wasm"), results("native")];
  for (const [name, values] of Object.entries(expected)) {
    const distance = furthest(actual[name as keyof typeof actual], values);
    if (!(distance <= tolerance)) return `its ${name} lie ${distance} from WebAssembly's`;
  }
  return null;
}

/** The largest difference, over the largest expected value; NaN if there is one. */
function furthest(actual: Float32Array, expected: Float32Array): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(distance)) return NaN;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}
