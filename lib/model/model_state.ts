/**
 * What a model is given and gives: states, logits, weights by name.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";

/** The hidden states of a model: one `[batch, rnnUnits]` for each GRU layer. */
export type ModelState = readonly tf.Tensor2D[];

/** What a model makes of a batch of token ids. */
export interface ModelOutput {
  /** `[batch, time, vocabularySize]` */
  readonly logits: tf.Tensor3D;
  /** The state after the last character, to go on from. */
  readonly state: ModelState;
}

/** A weight and the name it has in files. */
export interface NamedWeight {
  /** Such as `gru.0.kernel`. */
  readonly name: string;
  /** Its numbers, which training changes. */
  readonly variable: tf.Variable;
}
