/**
 * The GRU on raw memory, tfjs' WebAssembly heap.
 *
 * What comes from outside lies batch by batch, `[batch, time, n]`: a step steps over
 * the rows it does not want, so it copies or transposes nothing. What a product reads
 * lies step by step: the state before each step (`before`) and the gradients at the
 * recurrent side, which makes the gradient at R one product over all steps.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { registerKernel } from "../ops/register_kernel.ts";
import {
  gruBackward,
  gruForward,
  type GruGradientInputs,
  type GruInputs,
  gruSizes,
} from "../ops/gru.ts";
import { floats, integers, type WasmBackend } from "./backend.ts";
import { checkRows } from "./lookup.ts";
import type { GruSteps } from "./gru_steps.ts";
import type { Products } from "./products.ts";

/** What the kernels compute with. */
export interface WasmTools {
  readonly products: Products;
  readonly steps: GruSteps;
}

/** Makes the raw-memory kernels the WebAssembly backend's GRU. */
export function registerWasmGru(tools: WasmTools): void {
  registerKernel(gruForward, "wasm", ({ inputs, backend, attrs }) => {
    const { training } = attrs as { training: boolean };
    const context = { ...tools, backend: backend as WasmBackend };
    return forward(inputs as unknown as GruInputs, { ...context, training });
  });
  registerKernel(gruBackward, "wasm", ({ inputs, backend, attrs }) => {
    const { rows } = attrs as { rows: number };
    const context = { ...tools, backend: backend as WasmBackend };
    return backward(inputs as unknown as GruGradientInputs, { ...context, rows });
  });
}

interface KernelContext extends WasmTools {
  readonly backend: WasmBackend;
}

function forward(
  gru: GruInputs,
  { backend, steps, training }: KernelContext & { readonly training: boolean },
): tf.TensorInfo[] {
  const { batch, time, units } = gruSizes(gru);
  // Before anything is made that an error would leave behind.
  if (gru.ids) checkRows(integers(backend, gru.ids), gru.projected.shape[0]);
  const sizes = { batch, time, units };
  const gateTime = training ? time : 1;
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const outputs = {
    hidden: make(batch, time, units),
    previousStates: make(time, batch, units),
    gates: make(steps.gatesSize({ ...sizes, time: gateTime })),
  };
  // A single step reads the kernel too seldom to pay for packing it, and so does a single text,
  // unless the backward pass wants its gates as machine code leaves them.
  const isPacked = time > 1 && (batch > 1 || training);
  const scratch = {
    recurrent: make(batch, 3 * units),
    packed: make(isPacked ? steps.forwardSize(sizes) : 0),
  };
  // The heap has all it needs now: from here on its views stay valid.
  const view = (tensor: tf.TensorInfo) => floats(backend, tensor);
  const previousStates = view(outputs.previousStates);
  previousStates.set(view(gru.initialState));
  const [kernel, packed] = [view(gru.recurrentKernel), view(scratch.packed)];
  if (isPacked) steps.packForward(sizes, kernel, packed);
  steps.forward(sizes, {
    ...{ gateTime, isPacked, kernel: isPacked ? packed : kernel },
    recurrent: view(scratch.recurrent),
    bias: view(gru.recurrentBias),
    projected: view(gru.projected),
    ids: gru.ids && integers(backend, gru.ids),
    previousStates,
    hidden: view(outputs.hidden),
    gates: view(outputs.gates),
  });
  const free = Object.values(scratch);
  if (!training) free.push(outputs.previousStates, outputs.gates);
  for (const tensor of free) backend.disposeData(tensor.dataId);
  return training ? [outputs.hidden, outputs.previousStates, outputs.gates] : [outputs.hidden];
}

/** With `saved0` `[time, batch, units]`, the states before, and `saved1` the gates of all steps. */
function backward(
  gru: GruGradientInputs,
  { backend, products, steps, rows }: KernelContext & { readonly rows: number },
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
  const sizes = { batch, time, units };
  const scratch = {
    gradRecurrent: make(time * batch, wide),
    packed: make(steps.backwardSize(sizes)),
  };
  // The heap has all it needs now: from here on its views stay valid.
  const view = (tensor: tf.TensorInfo) => floats(backend, tensor);
  const previousStates = view(gru.saved0);
  const gradRecurrent = view(scratch.gradRecurrent);
  const packed = view(scratch.packed);
  steps.packBackward(sizes, view(gru.recurrentKernel), packed);
  steps.backward(sizes, {
    packed,
    ids: gru.ids && integers(backend, gru.ids),
    previousStates,
    gates: view(gru.saved1),
    gradient: view(gru.gradient),
    gradRecurrent,
    gradHidden: view(outputs.state).fill(0),
    gradProjected: view(outputs.projected).fill(0),
    bias: view(outputs.bias).fill(0),
  });
  products.multiply(
    { m: units, n: wide, k: batch * time, transposeA: true },
    previousStates,
    gradRecurrent,
    view(outputs.recurrentKernel),
  );
  for (const tensor of Object.values(scratch)) backend.disposeData(tensor.dataId);
  return Object.values(outputs);
}
