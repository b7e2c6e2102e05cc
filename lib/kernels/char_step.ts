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
 * @returns its numbers in the order that {@linkcode charStep} reads them in
 */
export function packForSteps(kernel: tf.Tensor, batch: number): tf.Tensor {
  return tf.engine().runKernel(packKernelName, { kernel }, { batch }) as tf.Tensor;
}

/** Registers the kernels for WebAssembly's heap. */
export function registerHeapCharStep(tools: HeapTools): void {
  replaceWasmKernel(packKernelName, ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { kernel } = inputs as Record<"kernel", tf.TensorInfo>;
    const [k, n] = kernel.shape;
    const product = { m: (attrs as { batch: number }).batch, n, k };
    const packed = backend.makeOutput([tools.products.packedSize(product)], "float32");
    tools.products.pack(product, floats(backend, kernel), floats(backend, packed));
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
  { products, simd, backend, ids, layers }: HeapTools & {
    readonly backend: WasmBackend;
    readonly ids: Int32Array;
    readonly layers: number;
  },
): tf.TensorInfo {
  const batch = ids.length;
  const [units, vocabularySize] = tensors.denseKernel.shape;
  const wide = 3 * units;
  const logits = backend.makeOutput([batch, vocabularySize], "float32");
  const scratch = backend.makeOutput([batch, 2 * wide + 5 * units + 1], "float32");
  // The heap has all it needs now: from here on its views stay valid.
  const room = floats(backend, scratch);
  const sizes = [wide, wide, units, 4 * units, 1];
  let start = 0;
  const [above, recurrent, hidden, gates, rows] = sizes.map((size) =>
    room.subarray(start, start += batch * size)
  );
  const { byteOffset: tokens } = rows;
  new Int32Array(rows.buffer, tokens, batch).set(ids);
  for (let layer = 0; layer < layers; layer++) {
    const view = (name: keyof StepLayer) => floats(backend, tensors[`${name}${layer}`]);
    const product = { m: batch, n: wide, k: units };
    if (layer > 0) {
      for (let b = 0; b < batch; b++) above.set(view("inputBias"), b * wide);
      products.multiplyPacked({ ...product, add: true }, hidden, view("kernel"), above);
    }
    const { byteOffset: projected } = layer > 0 ? above : floats(backend, tensors.table);
    const state = view("state");
    products.multiplyPacked(product, state, view("recurrentKernel"), recurrent);
    // deno-fmt-ignore
    simd.gruForward(
      batch, 1, units, 0, 1, layer > 0 ? 0 : tokens, projected, recurrent.byteOffset,
      view("recurrentBias").byteOffset, state.byteOffset, hidden.byteOffset, gates.byteOffset,
    );
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
