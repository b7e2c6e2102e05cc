/**
 * A tfjs model whose training step is a method of its own.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { recoverEngine } from "../kernels/mod.ts";
import type { GruLayer, GruSequences } from "./gru_layer.ts";

/** The layers of a {@linkcode CharNetwork}, in the order in which they run. */
export interface CharLayers {
  /** Token ids `[batch, time]` → vectors `[batch, time, embeddingDim]`. */
  readonly embedding: tf.layers.Layer;
  /** One GRU layer or more, → hidden states `[batch, time, rnnUnits]`. */
  readonly grus: readonly GruLayer[];
  /** → logits `[batch, time, vocabularySize]`. */
  readonly dense: tf.layers.Layer;
}

/** What a {@linkcode CharNetwork} makes of token ids. */
export interface NetworkOutput {
  /** `[batch, time, vocabularySize]` */
  readonly logits: tf.Tensor3D;
  /** For each GRU layer the hidden state after each step, `[batch, time, rnnUnits]`. */
  readonly hidden: readonly tf.Tensor3D[];
}

/**
 * A `tf.LayersModel` from token ids `[batch, time]` to logits
 * `[batch, time, vocabularySize]`, all of whose methods work: `summary`, `compile`,
 * `fitDataset`, `evaluateDataset`, `save`.
 *
 * `fitDataset` trains by calling {@linkcode CharNetwork.trainStep}, so a subclass
 * that overrides it changes the step and keeps the rest.
 */
export class CharNetwork extends tf.LayersModel implements Disposable {
  /** The fit that was begun last; collected once it has ended or was stopped. */
  #fit: WeakRef<Promise<tf.History>> | undefined;
  #isInFitStep = false;
  /** Its layers by what they do; a subclass may be made of those of another network. */
  readonly parts: CharLayers;

  /** Connects the layers. */
  constructor(parts: CharLayers) {
    const { embedding, grus, dense } = parts;
    const inputs = tf.input({ shape: [null], dtype: "int32", name: "token_ids" });
    let outputs = inputs;
    for (const layer of [embedding, ...grus, dense]) {
      outputs = layer.apply(outputs) as tf.SymbolicTensor;
    }
    super({ inputs, outputs, name: "char_model" });
    this.parts = parts;
  }

  /** What tfjs calls: ids, or a list that begins with ids, to logits. */
  override call(...args: Parameters<tf.LayersModel["call"]>): tf.Tensor | tf.Tensor[] {
    recoverEngine();
    const [inputs] = args;
    const ids = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor2D;
    return tf.tidy(() => this.run(ids).logits);
  }

  /**
   * Runs the layers on token ids, in fewer ops than one by one.
   *
   * @param ids Token ids, int32 `[batch, time]`.
   * @param state The states to begin with, one for each GRU layer; without them, zero.
   * @returns The logits, and the hidden states of each GRU layer after each step.
   */
  run(ids: tf.Tensor2D, state: readonly tf.Tensor2D[] = []): NetworkOutput {
    const { embedding, grus, dense } = this.parts;
    const [vectors] = embedding.weights.map((weight) => weight.read()) as [tf.Tensor2D];
    // What a token makes of the first layer's gates is worked out once for each token or
    // once for each character, whichever is less work.
    const isPerToken = vectors.shape[0] <= ids.size; // [vocabularySize, embeddingDim]
    let inputs: GruSequences = isPerToken
      ? { inputs: vectors, ids }
      : { inputs: tf.gather(vectors, ids) };
    const hidden = grus.map((gru, i) => {
      const sequence = gru.run({ ...inputs, initialState: state[i] });
      inputs = { inputs: sequence };
      return sequence; // [batch, time, rnnUnits]
    });
    const logits = dense.apply(inputs.inputs) as tf.Tensor3D; // [batch, time, vocabularySize]
    return { logits, hidden };
  }

  /**
   * Learns from one batch: runs the model, takes the gradients of the compiled loss
   * and lets the compiled optimizer apply them.
   *
   * @param inputs Token ids, int32 `[batch, time]`.
   * @param targets The ids that follow them, int32 `[batch, time]`.
   * @returns The loss before the step, a scalar that the caller disposes.
   */
  trainStep(inputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
    recoverEngine();
    return tf.tidy(() => {
      const [lossFunction] = this.lossFunctions;
      if (lossFunction === undefined) {
        throw new Error("Cannot train: the network has no loss. Call compile first");
      }
      const loss = () => lossFunction(targets, this.apply(inputs) as tf.Tensor) as tf.Scalar;
      const { value, grads } = tf.variableGrads(loss, this.variables());
      this.optimizer.applyGradients(grads);
      return value;
    });
  }

  /** The variables that training changes. */
  variables(): tf.Variable[] {
    return this.trainableWeights.map((weight) => weight.read() as tf.Variable);
  }

  /** As `tf.LayersModel.fitDataset`, and it also begins where another was stopped. */
  override fitDataset(...args: Parameters<tf.LayersModel["fitDataset"]>): Promise<tf.History> {
    return this.#begin(() => super.fitDataset(...args));
  }

  /** As `tf.LayersModel.fit`, and it also begins where another was stopped. */
  override fit(...args: Parameters<tf.LayersModel["fit"]>): Promise<tf.History> {
    return this.#begin(() => super.fit(...args));
  }

  /** Begins to fit, unless another fit is under way, which one that was stopped is not. */
  #begin(fit: () => Promise<tf.History>): Promise<tf.History> {
    recoverEngine();
    const wasStopped = this.#isInFitStep || this.#fit?.deref() === undefined;
    if (wasStopped) this.isTraining = this.#isInFitStep = false;
    const isOngoing = this.isTraining;
    const begun = fit();
    if (!isOngoing) this.#fit = new WeakRef(begun);
    return begun;
  }

  /** What `fitDataset` calls for each batch. */
  protected override makeTrainFunction(): (data: tf.Tensor[]) => tf.Scalar[] {
    return (data) => {
      this.#isInFitStep = true;
      try {
        return this.#fitStep(data);
      } finally {
        this.#isInFitStep = false;
      }
    };
  }

  #fitStep(data: tf.Tensor[]): tf.Scalar[] {
    const [inputs, targets] = data as [tf.Tensor2D, tf.Tensor2D];
    const loss = this.trainStep(inputs, targets);
    const metrics = tf.tidy(() => {
      if (this.metricsTensors.length === 0) return [];
      const logits = this.apply(inputs) as tf.Tensor;
      return this.metricsTensors.map(([metric]) => tf.mean(metric(targets, logits)) as tf.Scalar);
    });
    return [loss, ...metrics];
  }

  /** What `dispose` does, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
