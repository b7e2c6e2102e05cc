/**
 * One character for each text: what writing does a thousand times.
 *
 * A step reads every recurrent weight once, 12 MB at the tutorial's size, and does
 * little with it: it is as fast as memory, if nothing else is done. So the first
 * layer's input projection is looked up in a table of one row for each token,
 * embedding · kernel + bias, made once; and the states are changed in place.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { HeapTools } from "./gru_heap.ts";
import { floats, replaceWasmKernel, type WasmBackend } from "./heap.ts";

/** The weights of one GRU layer, and where each text has come in it. */
export interface StepLayer {
  /** `[rnnUnits, 3 · rnnUnits]`, or packed; the first layer has the table instead. */
  readonly kernel?: tf.Tensor;
  /** `[3 · rnnUnits]`; the first layer has the table instead. */
  readonly inputBias?: tf.Tensor1D;
  /** `[rnnUnits, 3 · rnnUnits]`, or packed */
  readonly recurrentKernel: tf.Tensor;
  /** `[3 · rnnUnits]` */
  readonly recurrentBias: tf.Tensor1D;
  /** `[batch, rnnUnits]` */
  readonly state: tf.Tensor2D;
}

/** The tensors of all layers as a kernel's inputs: the first layer's `kernel` is `kernel0`. */
export function numbered(layers: readonly StepLayer[]): Record<string, tf.Tensor> {
  return Object.fromEntries(
    layers.flatMap((layer, i) =>
      Object.entries(layer).map(([name, tensor]) => [`${name}${i}`, tensor])
    ),
  );
}

/** What a step works with. */
export interface CharStep {
  /** The character each text goes on with. */
  readonly ids: Int32Array;
  /** `[vocabularySize, 3 · rnnUnits]`: embedding · kernel + bias of the first layer. */
  readonly table: tf.Tensor2D;
  /** Their states are changed; both their kernels are packed, by {@linkcode packForSteps}. */
  readonly layers: readonly StepLayer[];
  /** `[rnnUnits, vocabularySize]` */
  readonly denseKernel: tf.Tensor2D;
  /** `[vocabularySize]` */
  readonly denseBias: tf.Tensor1D;
}

const kernelName = "FolioCharStep";
const packKernelName = "FolioPackForSteps";

/** Whether the current backend has the kernel. */
export function hasCharStep(): boolean {
  return tf.getKernel(kernelName, tf.getBackend()) !== undefined;
}

/**
 * Reads one character of each text.
 *
 * @returns the logits of the next, `[batch, vocabularySize]`
 */
export function charStep({ ids, layers, ...tensors }: CharStep): tf.Tensor2D {
  const inputs = { ...tensors, ...numbered(layers) };
  const attrs = { ids, layers: layers.length } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(kernelName, inputs as tf.NamedTensorMap, attrs) as tf.Tensor2D;
}

/**
 * Lays a kernel `[rnnUnits, 3 · rnnUnits]` out so that the states of `batch` texts are multiplied
 * by it fast.
 *
 * @param options.recurrent whether it is the recurrent kernel
 * @returns its numbers in the order that {@linkcode charStep} reads them in
 */
export function packForSteps(
  kernel: tf.Tensor,
  options: { readonly batch: number; readonly recurrent: boolean },
): tf.Tensor {
  return tf.engine().runKernel(packKernelName, { kernel }, options) as tf.Tensor;
}

/** Registers the kernels for WebAssembly's heap. */
export function registerHeapCharStep(tools: HeapTools): void {
  replaceWasmKernel(packKernelName, ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { kernel } = inputs as Record<"kernel", tf.TensorInfo>;
    const { batch, recurrent } = attrs as { batch: number; recurrent: boolean };
    const [units, n] = kernel.shape;
    const { steps, products } = tools;
    const sizes = { batch, time: 1, units };
    const product = { m: batch, n, k: units };
    const size = recurrent ? steps.forwardSize(sizes) : products.packedSize(product);
    const packed = backend.makeOutput([size], "float32");
    const [from, to] = [floats(backend, kernel), floats(backend, packed)];
    if (recurrent) steps.packForward(sizes, from, to);
    else products.pack(product, from, to);
    return packed;
  });
  replaceWasmKernel(kernelName, ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { ids, layers } = attrs as unknown as { ids: Int32Array; layers: number };
    return step(inputs as Record<string, tf.TensorInfo>, { ...tools, backend, ids, layers });
  });
}

function step(
  tensors: Record<string, tf.TensorInfo>,
  { products, steps, backend, ids, layers }: HeapTools & {
    readonly backend: WasmBackend;
    readonly ids: Int32Array;
    readonly layers: number;
  },
): tf.TensorInfo {
  const batch = ids.length;
  const [units, vocabularySize] = tensors.denseKernel.shape;
  const wide = 3 * units;
  const logits = backend.makeOutput([batch, vocabularySize], "float32");
  const gatesSize = steps.gatesSize({ batch, time: 1, units });
  const sizes = [batch * wide, batch * wide, batch * units, gatesSize, batch];
  const scratch = backend.makeOutput([sizes.reduce((sum, size) => sum + size)], "float32");
  // The heap has all it needs now: from here on its views stay valid.
  const room = floats(backend, scratch);
  let start = 0;
  const [above, recurrent, hidden, gates, rows] = sizes.map((size) =>
    room.subarray(start, start += size)
  );
  const tokens = new Int32Array(rows.buffer, rows.byteOffset, batch);
  tokens.set(ids);
  for (let layer = 0; layer < layers; layer++) {
    const view = (name: keyof StepLayer) => floats(backend, tensors[`${name}${layer}`]);
    const product = { m: batch, n: wide, k: units };
    if (layer > 0) {
      for (let b = 0; b < batch; b++) above.set(view("inputBias"), b * wide);
      products.multiplyPacked({ ...product, add: true }, hidden, view("kernel"), above);
    }
    const state = view("state");
    steps.forward({ batch, time: 1, units }, {
      ...{ kernel: view("recurrentKernel"), isPacked: true, recurrent, gateTime: 1 },
      bias: view("recurrentBias"),
      projected: layer > 0 ? above : floats(backend, tensors.table),
      ids: layer > 0 ? undefined : tokens,
      ...{ before: state, hidden, gates },
    });
    state.set(hidden);
  }
  const values = floats(backend, logits);
  const bias = floats(backend, tensors.denseBias);
  for (let b = 0; b < batch; b++) values.set(bias, b * vocabularySize);
  const product = { m: batch, n: vocabularySize, k: units, add: true };
  products.multiply(product, hidden, floats(backend, tensors.denseKernel), values);
  backend.disposeData(scratch.dataId);
  return logits;
}
