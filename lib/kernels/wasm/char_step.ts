/**
 * One character for each text on tfjs' WebAssembly heap, past tfjs.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { registerKernel } from "../ops/register_kernel.ts";
import {
  type CharSteps,
  type CharStepWeights,
  packKernelName,
  registerCharSteps,
} from "../ops/char_step.ts";
import { matrixShape } from "../ops/matrix_shape.ts";
import { floats, type WasmBackend } from "./backend.ts";
import type { WasmTools } from "./gru.ts";

/** Makes them the WebAssembly backend's. */
export function registerWasmCharStep(tools: WasmTools): void {
  registerKernel(packKernelName, "wasm", ({ inputs, attrs, backend: any }) => {
    const backend = any as WasmBackend;
    const { kernel } = inputs as Record<"kernel", tf.TensorInfo>;
    const { batch, recurrent } = attrs as { batch: number; recurrent: boolean };
    const [units, n] = matrixShape(kernel);
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
  registerCharSteps("wasm", (weights) => new WasmCharSteps(tools, weights));
}

/** Steps that touch nothing but the heap: tfjs' bookkeeping takes as long as a small model's step. */
class WasmCharSteps implements CharSteps {
  readonly #tools: WasmTools;
  readonly #weights: CharStepWeights;
  readonly #backend = tf.backend() as unknown as WasmBackend;
  readonly #batch: number;
  readonly #units: number;
  readonly #vocabularySize: number;
  /** Room for the arrays of {@linkcode view}, one behind the other. */
  readonly scratch: tf.Tensor1D;
  readonly #gatesSize: number;
  #views: ReturnType<WasmCharSteps["view"]> | undefined;

  constructor(tools: WasmTools, weights: CharStepWeights) {
    const [batch, units] = matrixShape(weights.layers[0]!.state);
    const [vocabularySize] = weights.denseBias.shape;
    this.#tools = tools;
    this.#weights = weights;
    [this.#batch, this.#units, this.#vocabularySize] = [batch, units, vocabularySize];
    this.#gatesSize = tools.steps.gatesSize({ batch, time: 1, units });
    this.scratch = tf.zeros([this.#gatesSize + batch * (7 * units + vocabularySize + 1)]);
  }

  step(ids: Int32Array): Float32Array[] {
    try {
      return this.#compute(ids);
    } catch (error) {
      // A thread that was given up may still write into the scratch memory: it is never freed.
      this.#backend.incRef(this.scratch.dataId);
      throw error;
    }
  }

  #compute(ids: Int32Array): Float32Array[] {
    const { products, steps } = this.#tools;
    const [batch, units, vocabularySize] = [this.#batch, this.#units, this.#vocabularySize];
    // A heap that has grown since has another buffer, and the old one's views have come to nothing.
    if (this.#views?.buffer !== this.#backend.wasm.HEAPU8.buffer) this.#views = this.view();
    const { tokens, layers, above, hidden, denseKernel, denseBias, logits, rows } = this.#views;
    tokens.set(ids);
    for (const { kernel, inputBias, state, arrays } of layers) {
      if (kernel !== undefined) {
        for (let b = 0; b < batch; b++) above.set(inputBias!, b * 3 * units);
        const product = { m: batch, n: 3 * units, k: units, accumulate: true };
        products.multiplyPacked(product, hidden, kernel, above);
      }
      steps.forward({ batch, time: 1, units }, arrays);
      state.set(hidden);
    }
    for (const row of rows) row.set(denseBias);
    const product = { m: batch, n: vocabularySize, k: units, accumulate: true };
    products.multiply(product, hidden, denseKernel, logits);
    return rows;
  }

  /** All arrays, on the heap as it is now. */
  view() {
    const of = (tensor: tf.Tensor) => floats(this.#backend, tensor);
    const { table, layers, denseKernel, denseBias } = this.#weights;
    const scratch = of(this.scratch);
    let start = 0;
    const take = (size: number) => scratch.subarray(start, start += size);
    const [batch, units] = [this.#batch, this.#units];
    const gates = take(this.#gatesSize);
    const [above, recurrent] = [take(batch * 3 * units), take(batch * 3 * units)];
    const [hidden, logits] = [take(batch * units), take(batch * this.#vocabularySize)];
    const numbers = take(batch);
    const tokens = new Int32Array(numbers.buffer, numbers.byteOffset, this.#batch);
    return {
      buffer: scratch.buffer,
      ...{ tokens, above, hidden, logits },
      layers: layers.map(({ kernel, inputBias, recurrentKernel, recurrentBias, state }, i) => ({
        kernel: kernel && of(kernel),
        inputBias: inputBias && of(inputBias),
        state: of(state),
        arrays: {
          ...{ kernel: of(recurrentKernel), isPacked: true, recurrent, gateTime: 1 },
          bias: of(recurrentBias),
          projected: i > 0 ? above : of(table),
          ids: i > 0 ? undefined : tokens,
          ...{ previousStates: of(state), hidden, gates },
        },
      })),
      denseKernel: of(denseKernel),
      denseBias: of(denseBias),
      rows: Array.from(
        { length: this.#batch },
        (_, b) => logits.subarray(b * this.#vocabularySize, (b + 1) * this.#vocabularySize),
      ),
    };
  }
}
