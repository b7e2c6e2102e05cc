/**
 * A tfjs model whose training step is a method of its own.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * A `tf.LayersModel` from token ids `[batch, time]` to logits
 * `[batch, time, vocabularySize]`, all of whose methods work: `summary`, `compile`,
 * `fitDataset`, `evaluateDataset`, `save`.
 *
 * `fitDataset` trains by calling {@linkcode CharNetwork.trainStep}, so a subclass
 * that overrides it changes the step and keeps the rest.
 */
export class CharNetwork extends tf.LayersModel {
  /**
   * Learns from one batch: runs the model, takes the gradients of the compiled loss
   * and lets the compiled optimizer apply them.
   *
   * @param inputs token ids, int32 `[batch, time]`
   * @param targets the ids that follow them, int32 `[batch, time]`
   * @returns the loss before the step, a scalar that the caller disposes
   */
  trainStep(inputs: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
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

  /** What `fitDataset` calls for each batch. */
  protected override makeTrainFunction(): (data: tf.Tensor[]) => tf.Scalar[] {
    return ([inputs, targets]) => {
      const loss = this.trainStep(
        inputs as tf.Tensor2D,
        targets as tf.Tensor2D,
      );
      const metrics = tf.tidy(() => {
        if (this.metricsTensors.length === 0) return [];
        const logits = this.apply(inputs) as tf.Tensor;
        return this.metricsTensors.map(([metric]) => tf.mean(metric(targets, logits)) as tf.Scalar);
      });
      return [loss, ...metrics];
    };
  }
}
