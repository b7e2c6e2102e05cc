/**
 * What a model is and how it is trained: plain, readonly records of numbers.
 *
 * @module
 */

/** The sizes of a character model and the seed of its first weights. */
export interface ModelConfig {
  /** How many token ids there are, `[UNK]` included. */
  readonly vocabularySize: number;
  /** The width of the vector that stands for one character. */
  readonly embeddingDim: number;
  /** The width of the hidden state of each GRU layer. */
  readonly rnnUnits: number;
  /** How many GRU layers lie on each other. */
  readonly layers: number;
  /** The first embeddings are uniform in [−embeddingScale, embeddingScale). */
  readonly embeddingScale: number;
  /** The seed of the first weights, an integer in [0, 2³²). */
  readonly seed: number;
}

/** What a model is made from: what is left out is as in the preset `tutorial`. */
export type ModelOptions =
  & Pick<ModelConfig, "vocabularySize">
  & Partial<Omit<ModelConfig, "vocabularySize">>;

/** Options once what was left out has its default. */
export type Complete<Options> = {
  readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>;
};

/** How a model is taught. */
export interface TrainingConfig {
  /** How many times the training text is read. */
  readonly epochs: number;
  /** How many sequences a step learns from. */
  readonly batchSize: number;
  /** How many characters a sequence has. */
  readonly sequenceLength: number;
  /** How many sequences the shuffle chooses from; 0 keeps the text's order. */
  readonly shuffleBuffer: number;
  /** The learning rate after warm-up. */
  readonly learningRate: number;
  /** The learning rate of the last step when `decay` is `"cosine"`. */
  readonly finalLearningRate: number;
  /** Over how many steps the learning rate rises from near 0. */
  readonly warmupSteps: number;
  /** How the learning rate falls after warm-up. */
  readonly decay: "none" | "cosine";
  /** The largest norm all gradients may have together; null leaves them alone. */
  readonly clipNorm: number | null;
  /** Whether each epoch cuts its sequences at an offset of its own. */
  readonly randomOffset: boolean;
  /** The share of the text, at its end, that is held out for validation. */
  readonly validationFraction: number;
  /** The seed of the order of the sequences, an integer in [0, 2³²). */
  readonly seed: number;
}

/** The name of a preset. */
export type PresetName = "quick" | "tutorial";

/** A model and a way to teach it that go together. */
export interface Preset {
  /** What it is called. */
  readonly name: PresetName;
  /** The sizes of the model, but for the vocabulary's, which comes from the text. */
  readonly model: Omit<ModelConfig, "vocabularySize">;
  /** How the model is taught. */
  readonly training: TrainingConfig;
}

/**
 * The two ways to run the course: `quick` takes minutes on two CPU cores,
 * `tutorial` has the numbers of TensorFlow's tutorial.
 *
 * @example How large is the tutorial's hidden state?
 * ```ts
 * import { presets } from "folio";
 * import assert from "node:assert/strict";
 *
 * assert.equal(presets.tutorial.model.rnnUnits, 1024);
 * ```
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  quick: {
    name: "quick",
    model: {
      embeddingDim: 64,
      rnnUnits: 256,
      layers: 1,
      embeddingScale: 1,
      seed: 0,
    },
    training: {
      epochs: 4,
      batchSize: 64,
      sequenceLength: 100,
      shuffleBuffer: 20_000,
      learningRate: 0.008,
      finalLearningRate: 0.0004,
      warmupSteps: 30,
      decay: "cosine",
      clipNorm: 1,
      randomOffset: true,
      validationFraction: 0.1,
      seed: 0,
    },
  },
  tutorial: {
    name: "tutorial",
    model: {
      embeddingDim: 256,
      rnnUnits: 1024,
      layers: 1,
      embeddingScale: 0.05,
      seed: 0,
    },
    training: {
      epochs: 20,
      batchSize: 64,
      sequenceLength: 100,
      shuffleBuffer: 10_000,
      learningRate: 0.001,
      finalLearningRate: 0.001,
      warmupSteps: 0,
      decay: "none",
      clipNorm: null,
      randomOffset: false,
      validationFraction: 0,
      seed: 0,
    },
  },
};
