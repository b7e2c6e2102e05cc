/**
 * The WebAssembly kernels of simd.as, loaded onto tfjs' heap.
 *
 * @module
 */
import type { WasmBackend } from "./heap.ts";
import { relaxedSimd, simd } from "./simd_binary.ts";

/** The exports of simd.as: sizes and strides in floats, arrays as addresses. */
export interface Simd {
  // deno-fmt-ignore
  gruForward(
    batch: number, time: number, units: number, t: number, gateTime: number, projected: number,
    recurrent: number, bias: number, before: number, hidden: number, gates: number,
  ): void;
  // deno-fmt-ignore
  gruBackward(
    batch: number, time: number, units: number, t: number, gates: number, before: number,
    gradient: number, carried: number, inputSide: number, recurrentSide: number,
  ): void;
  sumRows(rows: number, width: number, matrix: number, sum: number): void;
  // deno-fmt-ignore
  adam(
    size: number, weight: number, mean: number, meanSquare: number, gradient: number,
    scale: number, rate: number, beta1: number, beta2: number, epsilon: number,
  ): void;
  // deno-fmt-ignore
  pack(
    k: number, n: number, width: number, source: number, strideRow: number,
    strideColumn: number, panels: number,
  ): void;
  // deno-fmt-ignore
  multiplyPanels(
    m: number, n: number, k: number, a: number, b: number, strideB: number, c: number,
    strideC: number, add: boolean, edge: number,
  ): void;
  // deno-fmt-ignore
  dotRows(
    rows: number, columns: number, a: number, strideA: number, x: number, y: number,
    add: boolean,
  ): void;
  addRowsTimes(k: number, n: number, x: number, b: number, strideB: number, y: number): void;
}

const loaded = new WeakMap<WebAssembly.Memory, Promise<Simd>>();

/**
 * Compiles the kernels once for each heap: with fused multiply-add where the
 * WebAssembly engine has it, else without.
 */
export function loadSimd(backend: WasmBackend): Promise<Simd> {
  const { memory } = backend.wasm.asm;
  let simdOfHeap = loaded.get(memory);
  if (simdOfHeap === undefined) {
    simdOfHeap = instantiate(memory);
    loaded.set(memory, simdOfHeap);
  }
  return simdOfHeap;
}

async function instantiate(memory: WebAssembly.Memory): Promise<Simd> {
  const [relaxed, plain] = [relaxedSimd, simd].map(bytesFromBase64);
  const bytes = WebAssembly.validate(relaxed) ? relaxed : plain;
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  return instance.exports as unknown as Simd;
}

function bytesFromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
