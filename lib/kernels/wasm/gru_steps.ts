/**
 * The steps of a GRU on raw memory, one after the other: what they read and write, and how any
 * machine computes them.
 *
 * @module
 */
import type { Product, Products } from "./products.ts";
import type { Simd } from "./simd.ts";

/** The sizes of a GRU's sequences. */
export interface GruSizes {
  readonly batch: number;
  readonly time: number;
  readonly units: number;
}

/** The arrays of a forward pass; gru.ts has their meaning. */
export interface ForwardArrays {
  /** The time that `gates` has: that of the sequences, or 1 if the gates are not needed. */
  readonly gateTime: number;
  /** The recurrent kernel, `[units, 3 · units]`, or as it was packed. */
  readonly kernel: Float32Array;
  /** Whether it was packed. */
  readonly isPacked: boolean;
  /** Room for the products of a step, `[batch, 3 · units]` */
  readonly recurrent: Float32Array;
  /** `[3 · units]` */
  readonly bias: Float32Array;
  /** `[rows, 3 · units]` */
  readonly projected: Float32Array;
  /** `[batch, time]`: the row of `projected` of each step; without it, b · time + t */
  readonly ids: Int32Array | undefined;
  /** `[time, batch, units]`: the state before each step; given for the first one only */
  readonly previousStates: Float32Array;
  /** Gets `[batch, time, units]`, the state after each step. */
  readonly hidden: Float32Array;
  /** Gets z, r, ĥ and q, in an order of its own. */
  readonly gates: Float32Array;
}

/** The arrays of a backward pass; gru.ts has their meaning. */
export interface BackwardArrays {
  /** The recurrent kernel as it was packed. */
  readonly packed: Float32Array;
  readonly ids: Int32Array | undefined;
  /** From the forward pass. */
  readonly previousStates: Float32Array;
  /** From the forward pass of sequences of these sizes, with all their time. */
  readonly gates: Float32Array;
  /** `[batch, time, units]`: the gradient by the hidden states */
  readonly gradient: Float32Array;
  /** Gets `[time, batch, 3 · units]`, E of gru.ts. */
  readonly gradRecurrent: Float32Array;
  /** `[batch, units]`: the gradient by the last state, and then by the first */
  readonly gradHidden: Float32Array;
  /** `[rows, 3 · units]`: D of gru.ts is added to it */
  readonly gradProjected: Float32Array;
  /** `[3 · units]`: the sum of E is added to it */
  readonly bias: Float32Array;
}

/** What computes the steps. */
export interface GruSteps {
  /** How many floats the gates take, of all steps; of one step, with `time` 1. */
  gatesSize(sizes: GruSizes): number;
  /** How many floats {@linkcode GruSteps.packForward} needs room for. */
  forwardSize(sizes: GruSizes): number;
  /** Lays the recurrent kernel, `[units, 3 · units]`, out for forward passes of these sizes. */
  packForward(sizes: GruSizes, kernel: Float32Array, packed: Float32Array): void;
  forward(sizes: GruSizes, arrays: ForwardArrays): void;
  /** How many floats {@linkcode GruSteps.packBackward} needs room for. */
  backwardSize(sizes: GruSizes): number;
  /** Lays the recurrent kernel, `[units, 3 · units]`, out for backward passes of these sizes. */
  packBackward(sizes: GruSizes, kernel: Float32Array, packed: Float32Array): void;
  backward(sizes: GruSizes, arrays: BackwardArrays): void;
}

/** Steps by anyone's matrix products, with the gates in WebAssembly. */
export function portableSteps(products: Products, simd: Simd): GruSteps {
  const forwardProduct = ({ batch, units }: GruSizes): Product => ({
    ...{ m: batch, n: 3 * units, k: units },
  });
  const backwardProduct = ({ batch, units }: GruSizes): Product => ({
    ...{ m: batch, n: units, k: 3 * units, transposeB: true, accumulate: true },
  });
  return {
    gatesSize: ({ batch, time, units }) => batch * time * 4 * units,
    forwardSize: (sizes) => products.packedSize(forwardProduct(sizes)),
    packForward: (sizes, kernel, packed) => products.pack(forwardProduct(sizes), kernel, packed),
    forward(sizes, { kernel, isPacked, recurrent, ids, projected, bias, ...states }) {
      const { batch, time, units } = sizes;
      const { previousStates, hidden, gates, gateTime } = states;
      const product = forwardProduct(sizes);
      for (let t = 0; t < time; t++) {
        const state = previousStates.subarray(t * batch * units);
        if (isPacked) products.multiplyPacked(product, state, kernel, recurrent);
        else products.multiply(product, state, kernel, recurrent);
        // deno-fmt-ignore
        simd.gruForward(
          batch, time, units, t, gateTime, ids?.byteOffset ?? 0, projected.byteOffset,
          recurrent.byteOffset, bias.byteOffset, previousStates.byteOffset, hidden.byteOffset,
          gates.byteOffset,
        );
      }
    },
    backwardSize: (sizes) => products.packedSize(backwardProduct(sizes)),
    packBackward: (sizes, kernel, packed) => products.pack(backwardProduct(sizes), kernel, packed),
    backward(sizes, { packed, ids, previousStates, gates, gradient, gradRecurrent, ...sums }) {
      const { batch, time, units } = sizes;
      const { gradHidden, gradProjected, bias } = sums;
      const product = backwardProduct(sizes);
      for (let t = time - 1; t >= 0; t--) {
        // deno-fmt-ignore
        simd.gruBackward(
          batch, time, units, t, ids?.byteOffset ?? 0, gates.byteOffset, previousStates.byteOffset,
          gradient.byteOffset, gradHidden.byteOffset, gradProjected.byteOffset,
          gradRecurrent.byteOffset, bias.byteOffset,
        );
        // gradHidden holds g ⊙ z by now; the product adds E·Rᵀ.
        const side = gradRecurrent.subarray(t * batch * 3 * units);
        products.multiplyPacked(product, side, packed, gradHidden);
      }
    },
  };
}
