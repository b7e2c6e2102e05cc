/**
 * The GRU on raw memory: tfjs' WebAssembly heap, with a BLAS for the products.
 *
 * Everything lies batch by batch, `[batch, time, n]`: a BLAS steps over the rows
 * it does not want, so no step copies or transposes anything. The state before
 * each step is kept in an array of its own (`before`), which makes the weight
 * gradient one product over all steps.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Blas } from "./blas.ts";
import { gruBackward, gruForward, type GruInputs } from "./gru.ts";
import { floats, replaceWasmKernel, type WasmBackend } from "./heap.ts";

/** Makes the raw-memory kernels the WebAssembly backend's GRU. */
export function registerHeapGru(blas: Blas): void {
  replaceWasmKernel(
    gruForward,
    ({ inputs, backend, attrs }) =>
      forward(inputs as unknown as GruInputs, {
        backend: backend as WasmBackend,
        blas,
        training: (attrs as { training: boolean }).training,
      }),
  );
  replaceWasmKernel(
    gruBackward,
    ({ inputs, backend }) =>
      backward(inputs as unknown as GradientInputs, {
        backend: backend as WasmBackend,
        blas,
      }),
  );
}

interface Place {
  readonly backend: WasmBackend;
  readonly blas: Blas;
}

function forward(
  gru: GruInputs,
  { backend, blas, training }: Place & { training: boolean },
) {
  const [batch, time, inputDim] = gru.inputs.shape;
  const units = gru.initialState.shape[1];
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    hidden: make(batch, time, units),
    before: make(batch, time, units),
    gates: make(batch, training ? time : 1, 4 * units), // z, r, ĥ, q
  };
  const scratch = {
    projected: make(batch, time, 3 * units),
    recurrent: make(batch, 3 * units),
  };
  const kernel = floats(backend, gru.kernel);
  const recurrentKernel = floats(backend, gru.recurrentKernel);
  const bias = floats(backend, gru.bias);
  const hidden = floats(backend, outputs.hidden);
  const before = floats(backend, outputs.before);
  const gates = floats(backend, outputs.gates);
  const projected = floats(backend, scratch.projected);
  const recurrent = floats(backend, scratch.recurrent);

  blas.sgemm(
    { m: batch * time, n: 3 * units, k: inputDim },
    floats(backend, gru.inputs),
    kernel,
    projected,
  );
  const first = floats(backend, gru.initialState);
  for (let b = 0; b < batch; b++) {
    before.set(first.subarray(b * units, (b + 1) * units), b * time * units);
  }
  for (let t = 0; t < time; t++) {
    blas.sgemm(
      { m: batch, n: 3 * units, k: units, strideA: time * units },
      before.subarray(t * units),
      recurrentKernel,
      recurrent,
    );
    for (let b = 0; b < batch; b++) {
      const row = b * time + t;
      const at = {
        p: row * 3 * units,
        h: row * units,
        g: (training ? row : b) * 4 * units,
      };
      stepForward(units, {
        projected: projected.subarray(at.p, at.p + 3 * units),
        recurrent: recurrent.subarray(b * 3 * units, (b + 1) * 3 * units),
        bias,
        before: before.subarray(at.h, at.h + units),
        hidden: hidden.subarray(at.h, at.h + units),
        gates: gates.subarray(at.g, at.g + 4 * units),
      });
      if (t + 1 < time) {
        before.set(hidden.subarray(at.h, at.h + units), at.h + units);
      }
    }
  }
  for (const tensor of Object.values(scratch)) {
    backend.disposeData(tensor.dataId);
  }
  if (training) return [outputs.hidden, outputs.before, outputs.gates];
  backend.disposeData(outputs.before.dataId);
  backend.disposeData(outputs.gates.dataId);
  return [outputs.hidden];
}

type Row = Float32Array;

/** One step of one sequence; the module of gru.ts has the equations. */
function stepForward(
  units: number,
  row: {
    projected: Row;
    recurrent: Row;
    bias: Row;
    before: Row;
    hidden: Row;
    gates: Row;
  },
): void {
  const { projected, recurrent, bias, before, hidden, gates } = row;
  for (let u = 0; u < units; u++) {
    const v = u + units;
    const w = v + units;
    const x = w + units;
    // bias is two rows of 3·units: the input side's at u, v, w; the other's at x, y, y + units.
    const y = x + units;
    const z = 1 /
      (1 + Math.exp(-(projected[u] + bias[u] + recurrent[u] + bias[x])));
    const r = 1 /
      (1 + Math.exp(-(projected[v] + bias[v] + recurrent[v] + bias[y])));
    const q = recurrent[w] + bias[y + units];
    // tanh(a) = 2σ(2a) − 1, one exponential as above.
    const candidate = 2 / (1 + Math.exp(-2 * (projected[w] + bias[w] + r * q))) - 1;
    gates[u] = z;
    gates[v] = r;
    gates[w] = candidate;
    gates[x] = q;
    hidden[u] = candidate + z * (before[u] - candidate);
  }
}

interface GradientInputs extends GruInputs {
  readonly gradient: tf.Tensor3D;
  readonly saved0: tf.Tensor3D;
  readonly saved1: tf.Tensor3D;
}

function backward(
  gru: GradientInputs,
  { backend, blas }: Place,
): tf.TensorInfo[] {
  const [batch, time, inputDim] = gru.inputs.shape;
  const units = gru.initialState.shape[1];
  const all = batch * time;
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    inputs: make(batch, time, inputDim),
    state: make(batch, units),
    kernel: make(inputDim, 3 * units),
    recurrentKernel: make(units, 3 * units),
    bias: make(2, 3 * units),
  };
  const scratch = {
    inputSide: make(all, 3 * units),
    recurrentSide: make(all, 3 * units),
  };
  const inputSide = floats(backend, scratch.inputSide);
  const recurrentSide = floats(backend, scratch.recurrentSide);
  const before = floats(backend, gru.saved0);
  const gates = floats(backend, gru.saved1);
  const gradient = floats(backend, gru.gradient);
  const carried = floats(backend, outputs.state).fill(0);
  const recurrentKernel = floats(backend, gru.recurrentKernel);

  for (let t = time - 1; t >= 0; t--) {
    for (let b = 0; b < batch; b++) {
      const row = b * time + t;
      const wide = row * 3 * units;
      stepBackward(units, {
        gates: gates.subarray(row * 4 * units, (row + 1) * 4 * units),
        before: before.subarray(row * units, (row + 1) * units),
        gradient: gradient.subarray(row * units, (row + 1) * units),
        carried: carried.subarray(b * units, (b + 1) * units),
        inputSide: inputSide.subarray(wide, wide + 3 * units),
        recurrentSide: recurrentSide.subarray(wide, wide + 3 * units),
      });
    }
    // carried holds g ⊙ z by now; the product adds E·Rᵀ.
    blas.sgemm(
      {
        m: batch,
        n: units,
        k: 3 * units,
        strideA: time * 3 * units,
        transposeB: true,
        beta: 1,
      },
      recurrentSide.subarray(t * 3 * units),
      recurrentKernel,
      carried,
    );
  }
  blas.sgemm(
    { m: all, n: inputDim, k: 3 * units, transposeB: true },
    inputSide,
    floats(backend, gru.kernel),
    floats(backend, outputs.inputs),
  );
  blas.sgemm(
    { m: inputDim, n: 3 * units, k: all, transposeA: true },
    floats(backend, gru.inputs),
    inputSide,
    floats(backend, outputs.kernel),
  );
  blas.sgemm(
    { m: units, n: 3 * units, k: all, transposeA: true },
    before,
    recurrentSide,
    floats(backend, outputs.recurrentKernel),
  );
  const bias = floats(backend, outputs.bias);
  sumRows(inputSide, bias.subarray(0, 3 * units));
  sumRows(recurrentSide, bias.subarray(3 * units));
  for (const tensor of Object.values(scratch)) {
    backend.disposeData(tensor.dataId);
  }
  return Object.values(outputs);
}

function stepBackward(
  units: number,
  row: {
    gates: Row;
    before: Row;
    gradient: Row;
    carried: Row;
    inputSide: Row;
    recurrentSide: Row;
  },
): void {
  const { gates, before, gradient, carried, inputSide, recurrentSide } = row;
  for (let u = 0; u < units; u++) {
    const v = u + units;
    const w = v + units;
    const z = gates[u];
    const r = gates[v];
    const candidate = gates[w];
    const g = gradient[u] + carried[u];
    const dCandidate = g * (1 - z) * (1 - candidate * candidate);
    const dz = g * (before[u] - candidate) * z * (1 - z);
    const dr = dCandidate * gates[w + units] * r * (1 - r);
    inputSide[u] = dz;
    inputSide[v] = dr;
    inputSide[w] = dCandidate;
    recurrentSide[u] = dz;
    recurrentSide[v] = dr;
    recurrentSide[w] = dCandidate * r;
    carried[u] = g * z;
  }
}

/** The sum of all rows of a matrix as wide as `sum`. */
function sumRows(matrix: Float32Array, sum: Float32Array): void {
  const total = new Float64Array(sum.length);
  for (let start = 0; start < matrix.length; start += sum.length) {
    for (let i = 0; i < total.length; i++) total[i] += matrix[start + i];
  }
  sum.set(total);
}
