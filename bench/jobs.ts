/**
 * What is measured: the jobs that workers are given, and the rows of the benchmark.
 *
 * @module
 */
import { type ModelConfig, type PresetName, presets } from "folio";

/** The model of a job; all have 66 characters, as many as Shakespeare and `[UNK]`. */
export type ModelSizes = Pick<
  ModelConfig,
  "vocabularySize" | "embeddingDim" | "rnnUnits" | "layers"
>;

interface Amounts {
  /** How much a round does: steps, or characters of each text. */
  readonly amount: number;
  /** How much a warm-up does. */
  readonly warmUp: number;
  /** How often a worker warms up; default 2. */
  readonly warmUps?: number;
  /** The mode to take, where a worker has several; without it, it takes the fastest. */
  readonly mode?: string;
}

/** Training steps on one batch, each from handing it over to reading the loss. */
export interface TrainJob extends Amounts {
  readonly task: "train";
  readonly model: ModelSizes;
  readonly batch: number;
  readonly length: number;
  readonly clipNorm: number | null;
}

/** Writing `amount` characters for each of several texts at once. */
export interface WriteJob extends Amounts {
  readonly task: "write";
  readonly model: ModelSizes;
  readonly texts: number;
  readonly promptLength: number;
}

/** Turning a corpus into ids. */
export interface VectorizeJob extends Amounts {
  readonly task: "vectorize";
  readonly textPath: string;
}

/** Preparing one epoch of shuffled batches of a corpus' ids. */
export interface BatchesJob extends Amounts {
  readonly task: "batches";
  readonly textPath: string;
  readonly batch: number;
  readonly length: number;
  readonly shuffleBuffer: number;
}

/** What a worker is given. */
export type Job = TrainJob | WriteJob | VectorizeJob | BatchesJob;

/** One line of the benchmark: the same job for each contender. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly job: Job;
}

/** What {@linkcode benchmarkRows} is made for. */
export interface RowOptions {
  /** The file with the corpus. */
  readonly textPath: string;
  /** How many characters are written. */
  readonly characters: number;
  /** Whether everything is shrunk until it takes seconds: to try the benchmark, not to measure. */
  readonly small: boolean;
}

const vocabularySize = 66;

function sizesOf(preset: PresetName): ModelSizes {
  const { embeddingDim, rnnUnits, layers } = presets[preset].model;
  return { vocabularySize, embeddingDim, rnnUnits, layers };
}

function trainJob(preset: PresetName, steps: number): TrainJob {
  const { batchSize, sequenceLength, clipNorm } = presets[preset].training;
  return {
    task: "train",
    model: sizesOf(preset),
    batch: batchSize,
    length: sequenceLength,
    clipNorm,
    amount: steps,
    warmUp: 1,
  };
}

/** The rows of the benchmark. */
export function benchmarkRows({ textPath, characters, small }: RowOptions): Row[] {
  const shrink = (job: TrainJob): TrainJob =>
    small ? { ...job, batch: 4, length: 10, amount: 1 } : job;
  const write = (texts: number): WriteJob => ({
    task: "write",
    model: sizesOf(small ? "quick" : "tutorial"),
    texts,
    promptLength: 6,
    amount: characters,
    warmUp: Math.min(100, characters),
  });
  const { batchSize, sequenceLength, shuffleBuffer } = presets.tutorial.training;
  const corpus = { textPath, amount: 1, warmUp: 1 };
  const batches = { batch: batchSize, length: sequenceLength, shuffleBuffer };
  return [
    {
      id: "train-tutorial",
      title: "training step, tutorial's size",
      job: shrink(trainJob("tutorial", 1)),
    },
    { id: "train-quick", title: "training step, quick size", job: shrink(trainJob("quick", 4)) },
    { id: "write-1", title: `writing ${characters} characters`, job: write(1) },
    { id: "write-5", title: `writing five times ${characters} characters`, job: write(5) },
    { id: "vectorize", title: "vectorizing the corpus", job: { task: "vectorize", ...corpus } },
    {
      id: "batches",
      title: "preparing an epoch of batches",
      job: { task: "batches", ...corpus, ...batches },
    },
  ];
}

const axes = {
  units: [128, 256, 512, 1024, 2048],
  batch: [16, 32, 64, 128, 256],
  length: [25, 50, 100, 200, 400],
} as const;

/** What a sweep goes along. */
export type Axis = keyof typeof axes;

/** The axes of the sweep. */
export const sweepAxes = Object.keys(axes) as readonly Axis[];

/** Training steps of the tutorial's size in which one number changes at a time. */
export function sweepRows({ small }: Pick<RowOptions, "small">): Row[] {
  const base = trainJob("tutorial", 1);
  const start: TrainJob = small
    ? { ...base, model: { ...base.model, rnnUnits: 64 }, batch: 4, length: 10 }
    : base;
  return sweepAxes.flatMap((axis) =>
    (small ? axes[axis].slice(0, 2) : axes[axis]).map((value) => ({
      id: `${axis}-${value}`,
      title: `training step, ${axis} ${value}`,
      job: axis === "units"
        ? { ...start, model: { ...start.model, rnnUnits: value } }
        : { ...start, [axis]: value },
    }))
  );
}

/** How many weights a model of one or more GRU layers has. */
export function parameterCount(model: ModelSizes): number {
  const { vocabularySize, embeddingDim, rnnUnits, layers } = model;
  const gru = (inputs: number) => 3 * rnnUnits * (inputs + rnnUnits + 2);
  return vocabularySize * embeddingDim + gru(embeddingDim) + (layers - 1) * gru(rnnUnits) +
    (rnnUnits + 1) * vocabularySize;
}

/** What a training step computes: 6 · parameters · characters, in GFLOP. */
export function gigaflop({ model, batch, length }: TrainJob): number {
  return 6 * parameterCount(model) * batch * length / 1e9;
}
