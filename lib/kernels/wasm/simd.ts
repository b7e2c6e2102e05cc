/**
 * The WebAssembly kernels of simd.as, loaded onto a heap.
 *
 * @module
 */
import { relaxedSimd, simd } from "./simd_binary.ts";

/** The exports of simd.as: sizes and strides in floats, arrays as addresses. */
export interface Simd {
  // deno-fmt-ignore
  gruForward(
    batch: number, time: number, units: number, t: number, gateTime: number, ids: number,
    projected: number, recurrent: number, bias: number, previousStates: number, hidden: number,
    gates: number,
  ): void;
  // deno-fmt-ignore
  gruBackward(
    batch: number, time: number, units: number, t: number, ids: number, gates: number,
    previousStates: number, gradient: number, gradHidden: number, gradProjected: number, gradRecurrent: number,
    bias: number,
  ): void;
  // deno-fmt-ignore
  crossentropy(
    rows: number, width: number, logits: number, ids: number, scale: number, sums: number,
    chosen: number, gradient: number,
  ): void;
  sumRows(rows: number, width: number, matrix: number, sum: number): void;
  // deno-fmt-ignore
  adam(
    size: number, weight: number, mean: number, meanSquare: number, gradient: number,
    scale: number, rate: number, beta1: number, beta2: number, epsilon: number,
  ): void;
  sumSquares(size: number, x: number): number;
  // deno-fmt-ignore
  pack(
    k: number, n: number, width: number, source: number, strideRow: number,
    strideColumn: number, panels: number, strideTo: number,
  ): void;
  // deno-fmt-ignore
  multiplyPanels(
    m: number, n: number, k: number, a: number, b: number, c: number, strideC: number,
    accumulate: boolean, edge: number,
  ): void;
  // deno-fmt-ignore
  dotRows(
    rows: number, columns: number, a: number, strideA: number, x: number, y: number,
    accumulate: boolean,
  ): void;
  addRowsTimes(k: number, n: number, x: number, b: number, strideB: number, y: number): void;
}

/** The address of an array's number, as the kernels take it. */
export function addressAt(array: Float32Array, i: number): number {
  return array.byteOffset + i * array.BYTES_PER_ELEMENT;
}

/** Compiled when first needed. */
const modules: { fused?: WebAssembly.Module; plain?: WebAssembly.Module } = {};

/**
 * Loads the kernels onto a heap.
 *
 * @param memory The heap.
 * @param options.fused Whether a multiplication and an addition may be rounded once
 * instead of twice, where the engine can: faster, but not the same on every machine.
 */
export function loadSimd(
  memory: WebAssembly.Memory,
  { fused }: { readonly fused: boolean },
): Simd {
  const module = fused
    ? modules.fused ??= compile(relaxedSimd, simd)
    : modules.plain ??= compile(simd);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Simd;
}

/** The first of some modules that the engine takes. */
function compile(...modules: readonly string[]): WebAssembly.Module {
  const candidates = modules.map((text) =>
    Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  );
  const bytes = candidates.find((candidate) => WebAssembly.validate(candidate));
  if (bytes === undefined) throw new Error("This engine's WebAssembly has no SIMD: update it");
  return new WebAssembly.Module(bytes);
}
