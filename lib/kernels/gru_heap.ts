/**
 * The GRU on raw memory: tfjs' WebAssembly heap, a BLAS or WebAssembly for the
 * products, WebAssembly for the gates.
 *
 * Everything lies batch by batch, `[batch, time, n]`: a product steps over the rows
 * it does not want, so no step copies or transposes anything. The state before
 * each step is kept in an array of its own (`before`), which makes the weight
 * gradient one product over all steps.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { gruBackward, gruForward, type GruInputs } from "./gru.ts";
import { floats, replaceWasmKernel, type WasmBackend } from "./heap.ts";
import type { Products } from "./products.ts";
import type { Simd } from "./simd.ts";

/** What the kernels compute with. */
export interface HeapTools {
  readonly products: Products;
  readonly simd: Simd;
}

/** Makes the raw-memory kernels the WebAssembly backend's GRU. */
export function registerHeapGru(tools: HeapTools): void {
  replaceWasmKernel(gruForward, ({ inputs, backend, attrs }) => {
    const { training } = attrs as { training: boolean };
    const place = { ...tools, backend: backend as WasmBackend };
    return forward(inputs as unknown as GruInputs, { ...place, training });
  });
  replaceWasmKernel(gruBackward, ({ inputs, backend }) => {
    const place = { ...tools, backend: backend as WasmBackend };
    return backward(inputs as unknown as GradientInputs, place);
  });
}

interface Place extends HeapTools {
  readonly backend: WasmBackend;
}

function forward(
  gru: GruInputs,
  { backend, products, simd, training }: Place & { readonly training: boolean },
): tf.TensorInfo[] {
  const [batch, time, inputDim] = gru.inputs.shape;
  const units = gru.initialState.shape[1];
  const gateTime = training ? time : 1;
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    hidden: make(batch, time, units),
    before: make(batch, time, units),
    gates: make(batch, gateTime, 4 * units), // z, r, ĥ, q
  };
  const scratch = {
    projected: make(batch, time, 3 * units),
    recurrent: make(batch, 3 * units),
    packed: make(time > 1 ? products.packedSize(units, 3 * units) : 0),
  };
  // The heap has all it needs now: from here on its views stay valid.
  const { byteOffset: bias } = floats(backend, gru.bias);
  const hidden = floats(backend, outputs.hidden);
  const before = floats(backend, outputs.before);
  const gates = floats(backend, outputs.gates);
  const projected = floats(backend, scratch.projected);
  const recurrent = floats(backend, scratch.recurrent);
  const recurrentKernel = floats(backend, gru.recurrentKernel);

  products.multiply(
    { m: batch * time, n: 3 * units, k: inputDim },
    floats(backend, gru.inputs),
    floats(backend, gru.kernel),
    projected,
  );
  const first = floats(backend, gru.initialState);
  for (let b = 0; b < batch; b++) {
    before.set(first.subarray(b * units, (b + 1) * units), b * time * units);
  }
  const step = { m: batch, n: 3 * units, k: units, strideA: time * units };
  const multiplyByRecurrentKernel = time > 1
    ? products.prepare(step, recurrentKernel, floats(backend, scratch.packed))
    : (a: Float32Array, c: Float32Array) => products.multiply(step, a, recurrentKernel, c);
  for (let t = 0; t < time; t++) {
    multiplyByRecurrentKernel(before.subarray(t * units), recurrent);
    // deno-fmt-ignore
    simd.gruForward(
      batch, time, units, t, gateTime, projected.byteOffset, recurrent.byteOffset, bias,
      before.byteOffset, hidden.byteOffset, gates.byteOffset,
    );
  }
  const free = Object.values(scratch);
  if (!training) free.push(outputs.before, outputs.gates);
  for (const tensor of free) backend.disposeData(tensor.dataId);
  return training ? [outputs.hidden, outputs.before, outputs.gates] : [outputs.hidden];
}

interface GradientInputs extends GruInputs {
  readonly gradient: tf.Tensor3D;
  /** `[batch, time, units]`: the state before each step */
  readonly saved0: tf.Tensor3D;
  /** `[batch, time, 4 · units]`: z, r, ĥ, q */
  readonly saved1: tf.Tensor3D;
}

function backward(gru: GradientInputs, { backend, products, simd }: Place): tf.TensorInfo[] {
  const [batch, time, inputDim] = gru.inputs.shape;
  const units = gru.initialState.shape[1];
  const [rows, wide] = [batch * time, 3 * units];
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    inputs: make(batch, time, inputDim),
    state: make(batch, units),
    kernel: make(inputDim, wide),
    recurrentKernel: make(units, wide),
    bias: make(2, wide),
  };
  const scratch = {
    inputSide: make(rows, wide),
    recurrentSide: make(rows, wide),
    packed: make(products.packedSize(wide, units)),
  };
  // The heap has all it needs now: from here on its views stay valid.
  const inputSide = floats(backend, scratch.inputSide);
  const recurrentSide = floats(backend, scratch.recurrentSide);
  const before = floats(backend, gru.saved0);
  const gates = floats(backend, gru.saved1);
  const gradient = floats(backend, gru.gradient);
  const carried = floats(backend, outputs.state).fill(0);

  const multiplyByTransposed = products.prepare(
    { m: batch, n: units, k: wide, strideA: time * wide, transposeB: true, add: true },
    floats(backend, gru.recurrentKernel),
    floats(backend, scratch.packed),
  );
  for (let t = time - 1; t >= 0; t--) {
    // deno-fmt-ignore
    simd.gruBackward(
      batch, time, units, t, gates.byteOffset, before.byteOffset, gradient.byteOffset,
      carried.byteOffset, inputSide.byteOffset, recurrentSide.byteOffset,
    );
    // carried holds g ⊙ z by now; the product adds E·Rᵀ.
    multiplyByTransposed(recurrentSide.subarray(t * wide), carried);
  }
  products.multiply(
    { m: rows, n: inputDim, k: wide, transposeB: true },
    inputSide,
    floats(backend, gru.kernel),
    floats(backend, outputs.inputs),
  );
  products.multiply(
    { m: inputDim, n: wide, k: rows, transposeA: true },
    floats(backend, gru.inputs),
    inputSide,
    floats(backend, outputs.kernel),
  );
  products.multiply(
    { m: units, n: wide, k: rows, transposeA: true },
    before,
    recurrentSide,
    floats(backend, outputs.recurrentKernel),
  );
  const { byteOffset: bias } = floats(backend, outputs.bias);
  simd.sumRows(rows, wide, inputSide.byteOffset, bias);
  simd.sumRows(rows, wide, recurrentSide.byteOffset, bias + wide * 4);
  for (const tensor of Object.values(scratch)) backend.disposeData(tensor.dataId);
  return Object.values(outputs);
}
