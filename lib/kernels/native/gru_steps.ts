/**
 * The steps of a GRU by machine code, on all threads.
 *
 * @module
 */
import type { GruSizes, GruSteps } from "../wasm/gru_steps.ts";
import type { VectorUnit } from "./x86/assembler.ts";
import { addressOf } from "./x86/executable_memory.ts";
import type { Simd } from "../wasm/simd.ts";
import { aligned, lineFloats, packGates, packPanels } from "./panels.ts";
import { cutColumns, mostPhases, type NativeThreads } from "./native_threads.ts";
import { tilesOf } from "./x86/gru_tile.ts";

/** What machine code computes with. */
export interface NativeTools {
  /** The vector unit that its functions are written for. */
  readonly unit: VectorUnit;
  /** The threads that run them. */
  readonly native: NativeThreads;
  /** Packs the kernels, in the WebAssembly memory that holds the arrays. */
  readonly simd: Simd;
}

/**
 * Steps by machine code.
 *
 * @param others Takes numbers of units that do not fill whole vectors, and kernels that are not
 * packed.
 * @param tools The vector unit, the threads and the packing that they use.
 */
export function nativeSteps(others: GruSteps, { unit, native, simd }: NativeTools): GruSteps {
  const { lanes } = unit;
  const tile = tilesOf(unit).backward;
  const { pool: { threads } } = native;
  const fits = ({ units, time }: GruSizes) => units % lanes === 0 && time < mostPhases;
  const packedSize = ({ units }: GruSizes) => 3 * units * units + lineFloats;
  const addresses = <Name extends string>(arrays: Record<Name, Float32Array | Int32Array>) =>
    Object.fromEntries(
      Object.entries<Float32Array | Int32Array>(arrays).map(([name, a]) => [name, addressOf(a)]),
    ) as Record<Name, number>;

  let steps = 0;
  return {
    gatesSize: (sizes) => others.gatesSize(sizes) + lineFloats,
    forwardSize: (sizes) => fits(sizes) ? packedSize(sizes) : others.forwardSize(sizes),
    packForward(sizes, kernel, packed) {
      if (!fits(sizes)) return others.packForward(sizes, kernel, packed);
      packGates(simd, sizes.units, { lanes, kernel, packed: aligned(packed) });
    },
    forward(sizes, arrays) {
      if (!fits(sizes) || !arrays.isPacked) return others.forward(sizes, arrays);
      const { batch, time, units } = sizes;
      const { gateTime, kernel, ids = rowNumbers(batch * time), bias, projected } = arrays;
      const { previousStates, hidden } = arrays;
      const [panels, gates] = [aligned(kernel), aligned(arrays.gates)];
      native.run({
        ...{ kind: "forward", phases: time, ...cutColumns(units / lanes, { block: 1, threads }) },
        ...{ batch, time, units, gateTime, first: steps++ },
        ...addresses({ panels, bias, projected, ids, previousStates, hidden, gates }),
      });
    },
    backwardSize: (sizes) => fits(sizes) ? packedSize(sizes) : others.backwardSize(sizes),
    packBackward(sizes, kernel, packed) {
      if (!fits(sizes)) return others.packBackward(sizes, kernel, packed);
      const product = { m: sizes.batch, n: sizes.units, k: 3 * sizes.units, transposeB: true };
      const columns = tile.vectors * lanes;
      packPanels(simd, product, { b: kernel, columns, packed: aligned(packed) });
    },
    backward(sizes, arrays) {
      if (!fits(sizes) || sizes.time === 1) return others.backward(sizes, arrays);
      const { batch, time, units } = sizes;
      const { ids = rowNumbers(batch * time), previousStates, gradient } = arrays;
      const { gradProjected: gradProjected, gradRecurrent: gradRecurrent } = arrays;
      const { bias: gradBias, gradHidden: gradHidden } = arrays;
      const [panels, gates] = [aligned(arrays.packed), aligned(arrays.gates)];
      const parts = cutColumns(units / lanes, { block: tile.vectors, threads });
      native.run({
        ...{ kind: "backward", phases: time + 1, ...parts, batch, time, units },
        ...addresses({ panels, gates, ids, previousStates, gradient }),
        ...addresses({ gradProjected, gradRecurrent, gradBias, gradHidden }),
      });
    },
  };
}

let numbers = new Int32Array(0);

/** The rows of `projected` where each step has its own: 0, 1, 2 and so on. */
function rowNumbers(count: number): Int32Array {
  if (numbers.length < count) {
    // In a buffer of its own: a small array without one may be moved while a thread reads it.
    numbers = new Int32Array(new ArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
    for (let i = 0; i < count; i++) numbers[i] = i;
  }
  return numbers;
}
