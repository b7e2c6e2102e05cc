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
import {
  gruBackward,
  gruForward,
  type GruGradientInputs,
  type GruInputs,
  gruSizes,
} from "./gru.ts";
import { floats, integers, replaceWasmKernel, type WasmBackend } from "./heap.ts";
import { checkRows } from "./lookup.ts";
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
  replaceWasmKernel(gruBackward, ({ inputs, backend, attrs }) => {
    const { rows } = attrs as { rows: number };
    const place = { ...tools, backend: backend as WasmBackend };
    return backward(inputs as unknown as GruGradientInputs, { ...place, rows });
  });
}

interface Place extends HeapTools {
  readonly backend: WasmBackend;
}

function forward(
  gru: GruInputs,
  { backend, products, simd, training }: Place & { readonly training: boolean },
): tf.TensorInfo[] {
  const { batch, time, units } = gruSizes(gru);
  // Before anything is made that an error would leave behind.
  if (gru.ids) checkRows(integers(backend, gru.ids), gru.projected.shape[0]);
  const gateTime = training ? time : 1;
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    hidden: make(batch, time, units),
    before: make(batch, time, units),
    gates: make(batch, gateTime, 4 * units), // z, r, ĥ, q
  };
  const step = { m: batch, n: 3 * units, k: units, strideA: time * units };
  const scratch = {
    recurrent: make(batch, 3 * units),
    packed: make(time > 1 ? products.packedSize(step) : 0),
  };
  // The heap has all it needs now: from here on its views stay valid.
  const { byteOffset: bias } = floats(backend, gru.recurrentBias);
  const hidden = floats(backend, outputs.hidden);
  const before = floats(backend, outputs.before);
  const gates = floats(backend, outputs.gates);
  const { byteOffset: projected } = floats(backend, gru.projected);
  const recurrent = floats(backend, scratch.recurrent);
  const recurrentKernel = floats(backend, gru.recurrentKernel);
  const packed = floats(backend, scratch.packed);
  const ids = addressOf(backend, gru.ids);

  const first = floats(backend, gru.initialState);
  for (let b = 0; b < batch; b++) {
    before.set(first.subarray(b * units, (b + 1) * units), b * time * units);
  }
  if (time > 1) products.pack(step, recurrentKernel, packed);
  for (let t = 0; t < time; t++) {
    const states = before.subarray(t * units);
    if (time > 1) products.multiplyPacked(step, states, packed, recurrent);
    else products.multiply(step, states, recurrentKernel, recurrent);
    // deno-fmt-ignore
    simd.gruForward(
      batch, time, units, t, gateTime, ids, projected, recurrent.byteOffset, bias,
      before.byteOffset, hidden.byteOffset, gates.byteOffset,
    );
  }
  const free = Object.values(scratch);
  if (!training) free.push(outputs.before, outputs.gates);
  for (const tensor of free) backend.disposeData(tensor.dataId);
  return training ? [outputs.hidden, outputs.before, outputs.gates] : [outputs.hidden];
}

/** With `saved0` `[batch, time, units]`, the states before, and `saved1` `[batch, time, 4 · units]`. */
function backward(
  gru: GruGradientInputs,
  { backend, products, simd, rows }: Place & { readonly rows: number },
): tf.TensorInfo[] {
  const [batch, time, units] = gru.gradient.shape;
  const wide = 3 * units;
  if (gru.ids) checkRows(integers(backend, gru.ids), rows);
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    projected: make(rows, wide),
    state: make(batch, units),
    recurrentKernel: make(units, wide),
    bias: make(wide),
  };
  const byTransposed = {
    ...{ m: batch, n: units, k: wide, strideA: time * wide },
    ...{ transposeB: true, add: true },
  };
  const scratch = {
    recurrentSide: make(batch * time, wide),
    packed: make(products.packedSize(byTransposed)),
  };
  // The heap has all it needs now: from here on its views stay valid.
  const inputSide = floats(backend, outputs.projected).fill(0);
  const recurrentSide = floats(backend, scratch.recurrentSide);
  const before = floats(backend, gru.saved0);
  const gates = floats(backend, gru.saved1);
  const gradient = floats(backend, gru.gradient);
  const carried = floats(backend, outputs.state).fill(0);
  const bias = floats(backend, outputs.bias).fill(0);
  const ids = addressOf(backend, gru.ids);

  const packed = floats(backend, scratch.packed);
  products.pack(byTransposed, floats(backend, gru.recurrentKernel), packed);
  for (let t = time - 1; t >= 0; t--) {
    // deno-fmt-ignore
    simd.gruBackward(
      batch, time, units, t, ids, gates.byteOffset, before.byteOffset, gradient.byteOffset,
      carried.byteOffset, inputSide.byteOffset, recurrentSide.byteOffset, bias.byteOffset,
    );
    // carried holds g ⊙ z by now; the product adds E·Rᵀ.
    products.multiplyPacked(byTransposed, recurrentSide.subarray(t * wide), packed, carried);
  }
  products.multiply(
    { m: units, n: wide, k: batch * time, transposeA: true },
    before,
    recurrentSide,
    floats(backend, outputs.recurrentKernel),
  );
  for (const tensor of Object.values(scratch)) backend.disposeData(tensor.dataId);
  return Object.values(outputs);
}

/** Where the ids lie; 0 for none. */
function addressOf(backend: WasmBackend, ids: tf.TensorInfo | undefined): number {
  return ids === undefined ? 0 : integers(backend, ids).byteOffset;
}
