/**
 * The GRU once more, number by number in float64, to hold the kernels against.
 *
 * It is written from the equations alone, step by step, with no tape and none of the kernels' tricks.
 *
 * @module
 */
import { addOuterProduct, addProduct, addTransposedProduct } from "./float64_sums.ts";

/** The sizes of a GRU and its sequence. */
export interface GruShape {
  readonly batch: number;
  readonly time: number;
  readonly inputDim: number;
  readonly units: number;
}

/** What goes in, and, by the same names, the gradients that come out. */
export interface GruArrays {
  readonly inputs: Float64Array;
  readonly initialState: Float64Array;
  readonly kernel: Float64Array;
  readonly recurrentKernel: Float64Array;
  readonly bias: Float64Array;
}

/** The sizes of the arrays, in the order of {@linkcode GruArrays}. */
export function gruShapes({ batch, time, inputDim, units }: GruShape) {
  return {
    inputs: [batch, time, inputDim],
    initialState: [batch, units],
    kernel: [inputDim, 3 * units],
    recurrentKernel: [units, 3 * units],
    bias: [2, 3 * units],
  };
}

const logistic = (a: number) => 1 / (1 + Math.exp(-a));

/** What a forward pass leaves. */
export interface GruStates {
  /** `[batch, time, units]`: the hidden states. */
  readonly hidden: Float64Array;
  /** `[batch, time, units]` each: z, r, ĥ and q. */
  readonly gates: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
}

/** The hidden states, and the gates that they come from. */
export function gruForward(shape: GruShape, x: GruArrays): GruStates {
  const { batch, time, inputDim, units } = shape;
  const columns = 3 * units;
  const kernel = { values: x.kernel, columns };
  const recurrentKernel = { values: x.recurrentKernel, columns };
  const hidden = new Float64Array(batch * time * units);
  const make = () => new Float64Array(hidden.length);
  const [zs, rs, candidates, qs] = [make(), make(), make(), make()];
  for (let row = 0; row < batch * time; row++) {
    const before = stateBefore(shape, { arrays: x, hidden, row });
    const input = x.bias.slice(0, columns);
    addProduct(input, { matrix: kernel, row: { values: x.inputs, first: row * inputDim } });
    const recurrent = x.bias.slice(columns);
    addProduct(recurrent, { matrix: recurrentKernel, row: { values: before } });
    for (let u = 0; u < units; u++) {
      const [update, reset, candidate] = [u, units + u, 2 * units + u];
      const z = logistic(input[update]! + recurrent[update]!);
      const r = logistic(input[reset]! + recurrent[reset]!);
      const q = recurrent[candidate]!;
      const c = Math.tanh(input[candidate]! + r * q);
      const at = row * units + u;
      [zs[at], rs[at], candidates[at], qs[at]] = [z, r, c, q];
      hidden[at] = z * before[u]! + (1 - z) * c;
    }
  }
  return { hidden, gates: [zs, rs, candidates, qs] };
}

/** The state before a step; `row` counts the steps of one text after the other. */
function stateBefore(
  { time, units }: GruShape,
  { arrays, hidden, row }: {
    readonly arrays: GruArrays;
    readonly hidden: Float64Array;
    readonly row: number;
  },
): Float64Array {
  const [from, at] = row % time === 0 ? [arrays.initialState, row / time] : [hidden, row - 1];
  return from.subarray(at * units, (at + 1) * units);
}

/** The gradients of Σ weights ⊙ hidden by everything that goes in. */
export function gruBackward(
  shape: GruShape,
  x: GruArrays,
  { weights, states }: { readonly weights: Float64Array; readonly states: GruStates },
): GruArrays {
  const { batch, time, inputDim, units } = shape;
  const { hidden, gates: [zs, rs, candidates, qs] } = states;
  const columns = 3 * units;
  const gradients: GruArrays = {
    inputs: new Float64Array(x.inputs.length),
    initialState: new Float64Array(x.initialState.length),
    kernel: new Float64Array(x.kernel.length),
    recurrentKernel: new Float64Array(x.recurrentKernel.length),
    bias: new Float64Array(x.bias.length),
  };
  const [byInput, byRecurrent] = [new Float64Array(columns), new Float64Array(columns)];
  for (let b = 0; b < batch; b++) {
    let later = new Float64Array(units);
    for (let t = time - 1; t >= 0; t--) {
      const earlier = new Float64Array(units);
      const row = b * time + t;
      const before = stateBefore(shape, { arrays: x, hidden, row });
      for (let u = 0; u < units; u++) {
        const at = row * units + u;
        const g = weights[at]! + later[u]!;
        const z = zs[at], r = rs[at], candidate = candidates[at], q = qs[at];
        const byCandidate = g * (1 - z!) * (1 - candidate! ** 2);
        earlier[u] = g * z!;
        byInput[u] = byRecurrent[u] = g * (before[u]! - candidate!) * z! * (1 - z!);
        byInput[units + u] = byRecurrent[units + u] = byCandidate * q! * r! * (1 - r!);
        byInput[2 * units + u] = byCandidate;
        byRecurrent[2 * units + u] = byCandidate * r!;
      }
      for (let column = 0; column < columns; column++) {
        gradients.bias[column]! += byInput[column]!;
        gradients.bias[columns + column]! += byRecurrent[column]!;
      }
      const input = { first: row * inputDim };
      addOuterProduct(
        { values: gradients.kernel, columns },
        { column: { values: x.inputs, ...input }, row: byInput },
      );
      addOuterProduct(
        { values: gradients.recurrentKernel, columns },
        { column: { values: before }, row: byRecurrent },
      );
      addTransposedProduct(
        { values: gradients.inputs, ...input },
        { matrix: { values: x.kernel, columns }, row: byInput },
      );
      addTransposedProduct(
        { values: earlier },
        { matrix: { values: x.recurrentKernel, columns }, row: byRecurrent },
      );
      later = earlier;
    }
    gradients.initialState.set(later, b * units);
  }
  return gradients;
}
