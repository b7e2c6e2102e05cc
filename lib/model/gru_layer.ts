/**
 * The GRU as a tfjs layer.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { gru } from "../kernels/mod.ts";

/** What a {@linkcode GruLayer} is made from. */
export interface GruLayerConfig {
  /** What tfjs calls it; default a name of its own. */
  readonly name?: string;
  /** The width of the hidden state. */
  readonly units: number;
}

/** What a {@linkcode GruLayer} reads. */
export interface GruSequences {
  /** `[batch, time, inputDim]`; with ids `[tokens, inputDim]`, the input each token stands for */
  readonly inputs: tf.Tensor;
  /** Token ids, int32 `[batch, time]`. */
  readonly ids?: tf.Tensor2D | undefined;
  /** `[batch, units]`; zeros if there is none */
  readonly initialState?: tf.Tensor2D | undefined;
}

/**
 * A GRU in Keras' `reset_after=True` form that returns the hidden state after every
 * step: `[batch, time, inputDim]` → `[batch, time, units]`.
 *
 * tfjs' own GRU refuses `resetAfter`, and runs each step as ops of its own; this
 * one is a single op with a single gradient. Its weights begin at zero: whoever
 * builds the model initializes or loads them.
 */
export class GruLayer extends tf.layers.Layer {
  /** tfjs' name for the class in saved models. */
  static className = "FolioGru";
  readonly #units: number;
  #variables: readonly tf.LayerVariable[] = [];

  /** Makes a layer without weights; they are made when it is connected. */
  constructor({ units, ...config }: GruLayerConfig) {
    super(config);
    this.#units = units;
  }

  /** Makes the weights, as tfjs asks: kernel, recurrent kernel, bias. */
  override build(inputShape: tf.Shape): void {
    const inputDim = inputShape[inputShape.length - 1] as number;
    const wide = 3 * this.#units;
    const zeros = tf.initializers.zeros();
    this.#variables = [
      this.addWeight("kernel", [inputDim, wide], "float32", zeros),
      this.addWeight("recurrent_kernel", [this.#units, wide], "float32", zeros),
      this.addWeight("bias", [2, wide], "float32", zeros),
    ];
    super.build(inputShape);
  }

  /** `[batch, time, inputDim]` → `[batch, time, units]` */
  override computeOutputShape([batch = null, time = null]: tf.Shape): tf.Shape {
    return [batch, time, this.#units];
  }

  /** What tfjs calls: sequences to the hidden state after each step. */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const sequence = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
    return tf.tidy(() => this.run({ inputs: sequence }));
  }

  /**
   * Runs the layer over sequences.
   *
   * @param sequences What it reads, and the states before.
   * @returns The hidden state after each step, `[batch, time, units]`.
   */
  run({ inputs, ids, initialState }: GruSequences): tf.Tensor3D {
    const [kernel, recurrentKernel, bias] = this.#variables.map((weight) => weight.read()) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const [inputBias, recurrentBias] = tf.unstack(bias) as [tf.Tensor1D, tf.Tensor1D];
    const projected = tf.fused.matMul({
      a: inputs.reshape([-1, inputs.shape.at(-1)!]) as tf.Tensor2D,
      b: kernel,
      bias: inputBias,
    }) as tf.Tensor2D; // [batch · time, 3 · units], or [tokens, 3 · units]
    const [batch = 0] = (ids ?? inputs).shape;
    return gru({
      projected,
      ids,
      initialState: initialState ?? tf.zeros([batch, this.#units]),
      recurrentKernel,
      recurrentBias,
    });
  }

  /** What tfjs saves of it. */
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), units: this.#units };
  }
}

tf.serialization.registerClass(GruLayer);
