/**
 * A tfjs model whose training step is a method of its own.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { recoverEngine } from "../kernels/mod.ts";
import { GruLayer, type GruSequences } from "./gru_layer.ts";

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

  override call(...args: Parameters<tf.LayersModel["call"]>): tf.Tensor | tf.Tensor[] {
    recoverEngine();
    const [inputs] = args;
    const ids = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor2D;
    return this.#parts() ? tf.tidy(() => this.run(ids).logits) : super.call(...args);
  }

  /**
   * Runs the layers on token ids, in fewer ops than one by one.
   *
   * @param ids token ids, int32 `[batch, time]`
   * @param state the states to begin with, one for each GRU layer; without them, zero
   * @returns the logits, and the hidden states of each GRU layer after each step
   * @throws {Error} if a subclass has other layers than embedding, GRU layers and dense
   */
  run(ids: tf.Tensor2D, state: readonly tf.Tensor2D[] = []): NetworkOutput {
    const parts = this.#parts();
    if (!parts) throw new Error(`Cannot run "${this.name}": its layers are not a CharModel's`);
    const embedding = parts.embedding.weights[0].read(); // [vocabularySize, embeddingDim]
    // What a token makes of the first layer's gates is worked out once for each token or
    // once for each character, whichever is less work.
    const tokens = embedding.shape[0] <= ids.size;
    let inputs: GruSequences = tokens
      ? { inputs: embedding, ids }
      : { inputs: tf.gather(embedding, ids) };
    const hidden = parts.grus.map((gru, i) => {
      const sequence = gru.run({ ...inputs, initialState: state[i] });
      inputs = { inputs: sequence };
      return sequence; // [batch, time, rnnUnits]
    });
    const logits = parts.dense.apply(inputs.inputs) as tf.Tensor3D; // [batch, time, vocabularySize]
    return { logits, hidden };
  }

  /** The layers by what they do, if they are those of a character model. */
  #parts() {
    const [, embedding, ...grus] = this.layers;
    const dense = grus.pop();
    const fits = embedding?.getClassName() === "Embedding" && dense?.getClassName() === "Dense" &&
      grus.length > 0 && grus.every((layer) => layer instanceof GruLayer);
    return fits ? { embedding, grus: grus as GruLayer[], dense } : undefined;
  }

  /**
   * Learns from one batch: runs the model, takes the gradients of the compiled loss
   * and lets the compiled optimizer apply them.
   *
   * @param inputs token ids, int32 `[batch, time]`
   * @param targets the ids that follow them, int32 `[batch, time]`
   * @returns the loss before the step, a scalar that the caller disposes
   */
  trainStep(inputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
    recoverEngine();
    return tf.tidy(() => {
      const loss = () => this.lossFunctions[0](targets, this.apply(inputs) as tf.Tensor);
      const { value, grads } = tf.variableGrads(
        loss as () => tf.Scalar,
        this.variables(),
      );
      this.optimizer.applyGradients(grads);
      return value;
    });
  }

  /** The variables that training changes. */
  variables(): tf.Variable[] {
    return this.trainableWeights.map((weight) => weight.read() as tf.Variable);
  }

  override fitDataset(...args: Parameters<tf.LayersModel["fitDataset"]>): Promise<tf.History> {
    return this.#begin(() => super.fitDataset(...args));
  }

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

  #fitStep([inputs, targets]: tf.Tensor[]): tf.Scalar[] {
    const loss = this.trainStep(inputs as tf.Tensor2D, targets as tf.Tensor2D);
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
