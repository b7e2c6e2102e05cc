/**
 * The GRU once more, number by number in float64, to hold the kernels against.
 *
 * It is written from the equations alone, with no matrix product and no tape.
 *
 * @module
 */

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

/** The hidden states `[batch, time, units]`. */
export function gruForward(shape: GruShape, arrays: GruArrays): Float64Array {
  return unroll(shape, arrays).hidden;
}

function unroll(shape: GruShape, x: GruArrays) {
  const { batch, time, inputDim, units } = shape;
  const hidden = new Float64Array(batch * time * units);
  const gates = Array.from(
    { length: 4 },
    () => new Float64Array(hidden.length),
  );
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++) {
      const before = (u: number) =>
        t === 0 ? x.initialState[b * units + u] : hidden[(b * time + t - 1) * units + u];
      for (let u = 0; u < units; u++) {
        const side = [0, 0, 0].map((_, gate) => {
          const column = gate * units + u;
          let input = x.bias[column];
          for (let i = 0; i < inputDim; i++) {
            input += x.inputs[(b * time + t) * inputDim + i] *
              x.kernel[i * 3 * units + column];
          }
          let recurrent = x.bias[3 * units + column];
          for (let v = 0; v < units; v++) {
            recurrent += before(v) * x.recurrentKernel[v * 3 * units + column];
          }
          return { input, recurrent };
        });
        const z = logistic(side[0].input + side[0].recurrent);
        const r = logistic(side[1].input + side[1].recurrent);
        const candidate = Math.tanh(side[2].input + r * side[2].recurrent);
        const at = (b * time + t) * units + u;
        [z, r, candidate, side[2].recurrent].forEach((value, i) => gates[i][at] = value);
        hidden[at] = z * before(u) + (1 - z) * candidate;
      }
    }
  }
  return { hidden, gates };
}

/** The gradients of Σ weights ⊙ hidden by everything that goes in. */
export function gruBackward(
  shape: GruShape,
  x: GruArrays,
  weights: Float64Array,
): GruArrays {
  const { batch, time, inputDim, units } = shape;
  const { hidden, gates: [zs, rs, candidates, qs] } = unroll(shape, x);
  const gradients: GruArrays = {
    inputs: new Float64Array(x.inputs.length),
    initialState: new Float64Array(x.initialState.length),
    kernel: new Float64Array(x.kernel.length),
    recurrentKernel: new Float64Array(x.recurrentKernel.length),
    bias: new Float64Array(x.bias.length),
  };
  for (let b = 0; b < batch; b++) {
    let later = new Float64Array(units);
    for (let t = time - 1; t >= 0; t--) {
      const earlier = new Float64Array(units);
      const row = b * time + t;
      const before = (u: number) =>
        t === 0 ? x.initialState[b * units + u] : hidden[(row - 1) * units + u];
      for (let u = 0; u < units; u++) {
        const at = row * units + u;
        const g = weights[at] + later[u];
        const z = zs[at], r = rs[at], candidate = candidates[at], q = qs[at];
        const dArgument = g * (1 - z) * (1 - candidate ** 2);
        earlier[u] += g * z;
        const byInput = [
          g * (before(u) - candidate) * z * (1 - z),
          dArgument * q * r * (1 - r),
          dArgument,
        ];
        byInput.forEach((d, gate) => {
          const column = gate * units + u;
          const e = gate === 2 ? d * r : d;
          gradients.bias[column] += d;
          gradients.bias[3 * units + column] += e;
          for (let i = 0; i < inputDim; i++) {
            gradients.inputs[row * inputDim + i] += d *
              x.kernel[i * 3 * units + column];
            gradients.kernel[i * 3 * units + column] += d *
              x.inputs[row * inputDim + i];
          }
          for (let v = 0; v < units; v++) {
            earlier[v] += e * x.recurrentKernel[v * 3 * units + column];
            gradients.recurrentKernel[v * 3 * units + column] += e * before(v);
          }
        });
      }
      later = earlier;
    }
    gradients.initialState.set(later, b * units);
  }
  return gradients;
}
