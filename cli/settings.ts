/**
 * The settings of a training: a preset's, and those that the command line gives instead.
 *
 * @module
 */
import { type ModelConfig, type PresetName, presets, type TrainingConfig } from "../lib/config.ts";
import { decimal, integer } from "./argument.ts";
import { UsageError } from "./exit.ts";

/** Everything that decides what a model becomes, but for the text. */
export type Settings = Omit<ModelConfig, "vocabularySize"> & TrainingConfig;

/** How the command line gives a setting. */
export interface SettingOption {
  readonly key: keyof Settings;
  readonly flags: string;
  readonly description: string;
  readonly parse?: ((text: string) => number | string) | undefined;
  readonly choices?: readonly string[] | undefined;
}

const size = integer({ min: 1, max: 65_536 });
const count = integer({ min: 0, max: 2 ** 31 });
const rate = decimal({ min: 0, above: true, max: 10 });
const clipNorm = decimal({ min: 0, above: true, max: 1e6 });

/** The option of every setting. */
export const settingOptions: readonly SettingOption[] = [
  { key: "rnnUnits", flags: "--units <n>", description: "units of each GRU layer", parse: size },
  {
    key: "layers",
    flags: "--layers <n>",
    description: "GRU layers",
    parse: integer({ min: 1, max: 100 }),
  },
  {
    key: "embeddingDim",
    flags: "--embedding <n>",
    description: "width of the embedding",
    parse: size,
  },
  {
    key: "embeddingScale",
    flags: "--embedding-scale <x>",
    description: "the first embeddings lie within ±x",
    parse: decimal({ min: 0, above: true, max: 100 }),
  },
  {
    key: "epochs",
    flags: "--epochs <n>",
    description: "how many times the text is read",
    parse: integer({ min: 1, max: 1_000_000 }),
  },
  { key: "batchSize", flags: "--batch-size <n>", description: "sequences in a step", parse: size },
  {
    key: "sequenceLength",
    flags: "--sequence-length <n>",
    description: "characters in a sequence",
    parse: size,
  },
  {
    key: "shuffleBuffer",
    flags: "--shuffle-buffer <n>",
    description: "sequences the shuffle draws from; 0 keeps the order",
    parse: count,
  },
  { key: "learningRate", flags: "--learning-rate <x>", description: "after warm-up", parse: rate },
  {
    key: "finalLearningRate",
    flags: "--final-learning-rate <x>",
    description: "at the end of a cosine decay",
    parse: rate,
  },
  {
    key: "warmupSteps",
    flags: "--warmup-steps <n>",
    description: "steps in which the learning rate rises",
    parse: count,
  },
  {
    key: "decay",
    flags: "--decay <how>",
    description: "how the learning rate falls",
    choices: ["none", "cosine"],
  },
  {
    key: "clipNorm",
    flags: "--clip-norm <x>",
    description: 'largest norm of all gradients together, or "none"',
    parse: (text) => text === "none" ? text : clipNorm(text),
  },
  {
    key: "randomOffset",
    flags: "--random-offset",
    description: "cut each epoch's sequences elsewhere",
  },
  {
    key: "validationFraction",
    flags: "--validation <x>",
    description: "part of the text that is held out, at its end",
    parse: decimal({ min: 0, max: 0.99 }),
  },
  {
    key: "seed",
    flags: "--seed <n>",
    description: "seed of the first weights and of the order",
    parse: integer({ min: 0, max: 2 ** 32 - 1 }),
  },
];

/**
 * The settings of a preset.
 *
 * @param name The preset.
 * @returns Its numbers, in one record.
 */
export function presetSettings(name: PresetName): Settings {
  const { model, training } = presets[name];
  return { ...model, ...training };
}

/**
 * Puts the settings of a new training together.
 *
 * @param preset The preset to start from.
 * @param given What the command line says instead.
 * @returns All settings.
 * @throws {UsageError} If they contradict each other.
 */
export function newSettings(preset: PresetName, given: Partial<Settings>): Settings {
  const settings = { ...presetSettings(preset), ...given };
  const { learningRate, finalLearningRate, decay } = settings;
  if (decay === "cosine" && finalLearningRate > learningRate) {
    throw new UsageError(
      `The learning rate of ${learningRate} cannot fall to ${finalLearningRate}: ` +
        "give a smaller --final-learning-rate, or --decay none",
    );
  }
  return settings;
}

/** What may be another when a run is gone on with. */
const changeable: readonly (keyof Settings)[] = [
  ...["epochs", "learningRate", "finalLearningRate", "clipNorm"] as const,
];

/**
 * The settings to go on with: those of the run, of which only some may change.
 *
 * @param stored The settings that the run was begun with.
 * @param given What the command line says.
 * @returns All settings.
 * @throws {UsageError} If the command line wants others.
 */
export function resumedSettings(stored: Settings, given: Partial<Settings>): Settings {
  const changes: Partial<Settings> = {};
  for (const { key, flags } of settingOptions) {
    const value = given[key];
    if (value === undefined || value === stored[key]) continue;
    if (!changeable.includes(key)) {
      throw new UsageError(
        `Cannot resume with ${flags.split(" ")[0]} ${value ?? "none"}: this run has ` +
          `${stored[key] ?? "none"}. Leave the option out, or train into another folder`,
      );
    }
    Object.assign(changes, { [key]: value });
  }
  return { ...stored, ...changes };
}
