/**
 * The character model: embedding, GRU layers, dense.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type ModelConfig, type ModelOptions, presets } from "../config.ts";
import { CounterRandom, streams } from "../random.ts";
import { assertReady, recoverEngine } from "../kernels/mod.ts";
import { CharNetwork } from "./char_network.ts";
import { GruLayer } from "./gru_layer.ts";
import { HeldTensors } from "./held_tensors.ts";
import type { ModelOutput, ModelState, NamedWeight } from "./model_state.ts";
import { glorotUniform, orthogonal, uniformWeights } from "./initializers.ts";
import { parameterCount } from "./weights.ts";

/**
 * Builds a character model: token ids → embedding → GRU layers → dense → logits.
 *
 * @param options The sizes and the seed of the first weights; what is left out is as in the
 * preset `tutorial`.
 * @param options.initialize Whether to draw first weights (default true); false
 * leaves them zero, for a model that is about to be loaded.
 * @returns The model; its owner disposes it.
 * @throws {RangeError} If a size is not a positive integer.
 * @throws {Error} If no device was selected.
 *
 * @example The tutorial's model in small
 * ```ts
 * import { createCharModel, selectDevice } from "folio";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await selectDevice({ name: "cpu" });
 * const model = createCharModel({ vocabularySize: 66, embeddingDim: 8, rnnUnits: 16 });
 * const { logits, state } = model.forward(tf.tensor2d([[1, 2, 3]], [1, 3], "int32"));
 * assert.deepEqual(logits.shape, [1, 3, 66]);
 * assert.deepEqual(state.map(({ shape }) => shape), [[1, 16]]);
 * ```
 */
export function createCharModel(
  options: ModelOptions,
  { initialize = true }: { readonly initialize?: boolean } = {},
): CharModel {
  const config = completeConfig(options);
  assertReady();
  const held = new HeldTensors(); // It takes long, and who stops it never gets the model.
  try {
    const model = held.add(new CharModel(config));
    if (initialize) initializeWeights(model);
    return held.release(model);
  } catch (cause) {
    const parameters = parameterCount(config).toLocaleString("en-US");
    const reason = (cause as Error).message;
    throw new Error(
      `Cannot make so large a model: its ${parameters} parameters do not fit (${reason}). ` +
        "Give it fewer units or layers",
      { cause },
    );
  } finally {
    held.dispose();
  }
}

/** A character model; {@linkcode createCharModel} makes one. */
export class CharModel implements Disposable {
  /** The sizes it was built with. */
  readonly config: ModelConfig;
  /** The model as a `tf.LayersModel`: for `summary`, `compile`, `fitDataset`, `save`. */
  readonly network: CharNetwork;
  #disposed = false;

  /** Builds the layers with weights of zero. */
  constructor(options: ModelOptions) {
    this.config = completeConfig(options);
    assertReady();
    recoverEngine();
    const { vocabularySize, embeddingDim, rnnUnits, layers } = this.config;
    const parts = {
      embedding: tf.layers.embedding({
        name: "embedding",
        inputDim: vocabularySize,
        outputDim: embeddingDim,
        embeddingsInitializer: "zeros",
      }),
      grus: Array.from({ length: layers }, (_, i) => {
        return new GruLayer({ name: layers === 1 ? "gru" : `gru_${i}`, units: rnnUnits });
      }),
      dense: tf.layers.dense({
        name: "dense",
        units: vocabularySize,
        kernelInitializer: "zeros",
      }),
    };
    try {
      this.network = new CharNetwork(parts);
    } catch (error) {
      // Of layers that found no memory nobody frees the weights that they have.
      for (const { weights } of [parts.embedding, ...parts.grus, parts.dense]) {
        for (const weight of weights) weight.dispose();
      }
      throw error;
    }
  }

  /**
   * Runs the model and returns where its state ended, so that a text can be read, or
   * written, in pieces.
   *
   * @param ids Token ids, int32 `[batch, time]`.
   * @param state Where to begin; without one, at zero.
   * @returns Logits and the new state, which the caller disposes.
   */
  forward(ids: tf.Tensor2D, state?: ModelState): ModelOutput {
    recoverEngine();
    return tf.tidy(() => {
      const { logits, hidden } = this.network.run(ids, state);
      return { logits, state: hidden.map(lastStep) };
    });
  }

  /** All weights in a fixed order, under the names they have in files. */
  weights(): readonly NamedWeight[] {
    recoverEngine();
    const { embedding, grus, dense } = this.network.parts;
    const named = (layer: tf.layers.Layer, names: readonly string[]) =>
      names.map((name, i) => ({ name, variable: layer.weights[i]!.read() as tf.Variable }));
    return [
      ...named(embedding, ["embedding.weight"]),
      ...grus.flatMap((gru, i) =>
        named(gru, [`gru.${i}.kernel`, `gru.${i}.recurrent_kernel`, `gru.${i}.bias`])
      ),
      ...named(dense, ["dense.kernel", "dense.bias"]),
    ];
  }

  /** Frees the weights; a second call does nothing. */
  dispose(): void {
    if (!this.#disposed) this.network.dispose();
    this.#disposed = true;
  }

  /** The same, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** `[batch, time, rnnUnits]` → `[batch, rnnUnits]`, the state after the last character. */
function lastStep(sequence: tf.Tensor3D): tf.Tensor2D {
  const [batch, time, units] = sequence.shape;
  if (time === 1) return sequence.reshape([batch, units]);
  return sequence.slice([0, time - 1, 0], [batch, 1, units]).reshape([
    batch,
    units,
  ]);
}

/** All sizes, and nothing else that the options may hold; throws where one cannot be. */
function completeConfig(options: ModelOptions): ModelConfig {
  const { vocabularySize, embeddingDim, rnnUnits, layers, embeddingScale, seed } = {
    ...presets.tutorial.model,
    ...options,
  };
  const config = { vocabularySize, embeddingDim, rnnUnits, layers, embeddingScale, seed };
  for (
    const key of [
      "vocabularySize",
      "embeddingDim",
      "rnnUnits",
      "layers",
    ] as const
  ) {
    const value = config[key];
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot build a model with ${key} ${value}: it must be an integer of 1 or more`,
      );
    }
  }
  if (!Number.isFinite(embeddingScale) || embeddingScale < 0) {
    throw new RangeError(
      `Cannot build a model with embeddingScale ${embeddingScale}: it must be a number of 0 or more`,
    );
  }
  new CounterRandom({ seed, stream: streams.weights }); // Made for its check of the seed.
  return config;
}

/** Keras' first weights: embedding uniform, kernels glorot, recurrent orthogonal, biases 0. */
function initializeWeights(model: CharModel): void {
  const { embeddingScale, seed } = model.config;
  model.weights().forEach(({ name, variable }, index) => {
    const random = new CounterRandom({ seed, stream: streams.weights, index });
    const [rows, columns] = variable.shape;
    const kind = name.split(".").pop();
    if (kind === "bias" || rows === undefined || columns === undefined) return;
    const values = kind === "weight"
      ? uniformWeights(random, { size: rows * columns, limit: embeddingScale })
      : kind === "recurrent_kernel"
      ? orthogonal(random, { rows, columns })
      : glorotUniform(random, { rows, columns });
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  });
}
