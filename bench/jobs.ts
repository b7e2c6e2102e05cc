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

/** Training steps on one batch, from handing it over to reading the loss. */
export interface TrainJob extends Amounts {
  readonly task: "train";
  /** After how many steps a loss is read; default 1, each. The last one of a round always is. */
  readonly lossEvery?: number;
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

/** How many steps a round trains. */
interface Steps {
  readonly tutorial: number;
  readonly quick: number;
}

const cpuSteps: Steps = { tutorial: 1, quick: 4 };
/** A GPU needs a while to reach its full clock, and its steps take milliseconds. */
const gpuSteps: Steps = { tutorial: 20, quick: 50 };

function trainJob(preset: PresetName, steps: number): TrainJob {
  const { batchSize, sequenceLength, clipNorm } = presets[preset].training;
  return {
    task: "train",
    model: sizesOf(preset),
    batch: batchSize,
    length: sequenceLength,
    clipNorm,
    amount: steps,
    warmUp: Math.ceil(steps / 4),
  };
}

function trainingRows(
  { small, steps }: Pick<RowOptions, "small"> & { readonly steps: Steps },
): Row[] {
  return (["tutorial", "quick"] as const).map((preset) => {
    const job = trainJob(preset, small ? 2 : steps[preset]);
    return {
      id: `train-${preset}`,
      title: `training step, ${preset === "tutorial" ? "tutorial's" : preset} size`,
      job: small ? { ...job, batch: 4, length: 10 } : job,
    };
  });
}

function writingRows({ characters, small }: Omit<RowOptions, "textPath">): Row[] {
  return [1, 5].map((texts) => ({
    id: `write-${texts}`,
    title: `writing ${texts === 1 ? "" : "five times "}${characters} characters`,
    job: {
      task: "write",
      model: sizesOf(small ? "quick" : "tutorial"),
      texts,
      promptLength: 6,
      amount: characters,
      warmUp: Math.min(100, characters),
    },
  }));
}

/** The rows of the benchmark. */
export function benchmarkRows({ textPath, characters, small }: RowOptions): Row[] {
  const { batchSize, sequenceLength, shuffleBuffer } = presets.tutorial.training;
  const corpus = { textPath, amount: 1, warmUp: 1 };
  const batches = { batch: batchSize, length: sequenceLength, shuffleBuffer };
  return [
    ...trainingRows({ small, steps: cpuSteps }),
    ...writingRows({ characters, small }),
    { id: "vectorize", title: "vectorizing the corpus", job: { task: "vectorize", ...corpus } },
    {
      id: "batches",
      title: "preparing an epoch of batches",
      job: { task: "batches", ...corpus, ...batches },
    },
  ];
}

/**
 * The rows for a GPU: the same without the corpus, and once more training in which the host
 * does not wait for each loss, as `train` does.
 */
export function gpuRows({ characters, small }: Omit<RowOptions, "textPath">): Row[] {
  const training = trainingRows({ small, steps: gpuSteps });
  const queued = training.map(({ id, title, job }) => ({
    id: `${id}-queued`,
    title: `${title}, a loss read every ${job.amount} steps`,
    job: { ...job, lossEvery: job.amount } as Job,
  }));
  return [...training, ...writingRows({ characters, small }), ...queued];
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
export function sweepRows(
  { small, gpu = false }: Pick<RowOptions, "small"> & { readonly gpu?: boolean },
): Row[] {
  const base = trainJob("tutorial", gpu && !small ? 10 : 1);
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
