/**
 * `tune [--small]`: times the GRU's shaders and the products of a training step in each form that
 * they can be made in, beside the form that folio takes.
 *
 * What it cannot vary are the numbers inside the shaders: `unitsOfTile` and `depth` in
 * lib/kernels/webgpu/gru_*wgsl.ts, and the tiles there and in matmul_wgsl.ts.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { selectDevice } from "folio";
import { gruBackwardShader } from "../../lib/kernels/webgpu/gru_backward_wgsl.ts";
import { gruFewTextsShader, unitsOfGroup } from "../../lib/kernels/webgpu/gru_few_texts_wgsl.ts";
import { gruForwardShader } from "../../lib/kernels/webgpu/gru_forward_wgsl.ts";
import { forwardStep, tiling } from "../../lib/kernels/webgpu/gru.ts";
import {
  gpuTiles,
  type GruTile,
  softwareTile,
  unitsOfTile,
} from "../../lib/kernels/webgpu/gru_wgsl.ts";
import { multiply, planOf, type WebgpuProduct } from "../../lib/kernels/webgpu/matmul.ts";
import { tiles } from "../../lib/kernels/webgpu/matmul_wgsl.ts";
import {
  type CommandStream,
  commandStream,
  type Run,
} from "../../lib/kernels/webgpu/command_stream.ts";
import type { Shader } from "../../lib/kernels/webgpu/shader.ts";
import { gpuRows, type TrainJob, type WriteJob } from "../jobs.ts";
import { summarize, table } from "../statistics.ts";
import { timeShaders } from "./pass_times.ts";

const small = Deno.args.includes("--small");
const rounds = small ? 1 : 7;
/** How often a variant runs in a round. */
const repeats = small ? 1 : 5;
/** How many characters are written in a round. */
const characters = 100;
/** The largest result that is tried, in numbers: a smaller device has no room for more. */
const mostNumbers = 2 ** 25;

/** Zeros would do, but a GPU may run faster on them; larger numbers would grow step by step. */
function someNumbers(...shape: number[]): tf.Tensor {
  return tf.randomUniform(shape, -0.05, 0.05);
}

/** One form of one kernel. */
interface Variant {
  readonly form: string;
  /** Whether folio takes it. */
  readonly taken: boolean;
  record(): void;
}

/** Times variants in turn and prints them, the fastest first. */
async function compare(
  title: string,
  { variants, gigaflop }: { readonly variants: readonly Variant[]; readonly gigaflop: number },
): Promise<void> {
  const times = variants.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, { record }] of variants.entries()) {
      const milliseconds = await timeOf(record);
      // The first round compiles the shaders.
      if (round >= 0) times[i]!.push(milliseconds);
    }
  }
  const lines = variants.map(({ form, taken }, i) => ({ form, taken, ...summarize(times[i]!) }))
    .sort((a, b) => a.median - b.median);
  console.log(`\ntune, ${title}\n`);
  console.log(table(lines.map(({ form, taken, median, least }) => ({
    form,
    "median ms": median.toFixed(3),
    "least ms": least.toFixed(3),
    "GFLOP/s": (1000 * gigaflop / median).toFixed(0),
    "": taken ? "folio's" : "",
  }))));
}

/** How long the GPU takes for what `record` asks of it; where it has no clock, host and GPU. */
async function timeOf(record: () => void): Promise<number> {
  const { queue } = (tf.backend() as tf.KernelBackend & { readonly device: GPUDevice }).device;
  await queue.onSubmittedWorkDone();
  const start = performance.now();
  const times = await timeShaders(async () => {
    for (let time = 0; time < repeats; time++) record();
    await queue.onSubmittedWorkDone();
  });
  const all = times?.reduce((sum, { milliseconds }) => sum + milliseconds, 0) ??
    performance.now() - start;
  return all / repeats;
}

async function tuneGru(stream: CommandStream, { model, batch, length: time }: TrainJob) {
  const units = model.rnnUnits;
  const sizes = { batch, time, units };
  const rows = model.vocabularySize;
  const [table, kernel, bias] = [
    someNumbers(rows, 3 * units),
    someNumbers(units, 3 * units),
    someNumbers(3 * units),
  ];
  const ids = tf.randomUniform([batch, time], 0, rows, "int32");
  const state = someNumbers(batch, units);
  const [before, gates] = [someNumbers(batch, time, units), someNumbers(batch, time, 4 * units)];
  const [wide, wideToo] = [
    someNumbers(batch * time, 3 * units),
    someNumbers(batch * time, 3 * units),
  ];
  const hidden = someNumbers(batch, time, units);
  const { software } = stream;
  const variants = (
    { direction, steps }: { readonly direction: "forward" | "backward"; readonly steps: number },
    run: (tile: GruTile) => Omit<Run, "workgroups">,
  ) =>
    [softwareTile, ...gpuTiles].map((tile): Variant => ({
      form: `rowGroups ${tile.rowGroups}, ${tile.invocations} invocations`,
      taken: tile === tiling({ batch, units }, { direction, software }).tile,
      record: () => {
        const down = Math.ceil(batch / (8 * tile.rowGroups));
        const workgroups = [Math.ceil(units / unitsOfTile), down];
        stream.repeat(steps, [{ ...run(tile), workgroups }]);
      },
    }));
  const gigaflop = 2 * batch * time * units * 3 * units / 1e9;
  const label = `${units} units, ${batch} texts, ${time} steps`;
  await compare(`GRU forward, ${label}`, {
    gigaflop,
    variants: variants({ direction: "forward", steps: time }, (tile) => ({
      shader: gruForwardShader({ tile, training: true, lookup: true }),
      tensors: [table, kernel, bias, state, ids, hidden, before, gates],
      uniforms: { ...sizes, inputTime: time },
    })),
  });
  await compare(`GRU backward, ${label}`, {
    gigaflop,
    variants: variants({ direction: "backward", steps: time + 1 }, (tile) => ({
      shader: gruBackwardShader(tile),
      tensors: [kernel, gates, before, hidden, state, wide, wideToo],
      uniforms: sizes,
    })),
  });
  tf.dispose([table, kernel, bias, ids, state, before, gates, wide, wideToo, hidden]);
}

/** The products of a training step outside the GRU's loop. */
function products({ model, batch, length }: TrainJob): Record<string, WebgpuProduct> {
  const { vocabularySize, embeddingDim, rnnUnits } = model;
  const [rows, wide] = [batch * length, 3 * rnnUnits];
  return {
    "embedding · kernel": { m: vocabularySize, n: wide, k: embeddingDim },
    "table's gradient · kernelᵀ": { m: vocabularySize, n: embeddingDim, k: wide, transposeB: true },
    "embeddingᵀ · table's gradient": {
      m: embeddingDim,
      n: wide,
      k: vocabularySize,
      transposeA: true,
    },
    "second layer, states · kernel": { m: rows, n: wide, k: rnnUnits },
    "statesᵀ · gates' gradient": { m: rnnUnits, n: wide, k: rows, transposeA: true },
    "states · dense": { m: rows, n: vocabularySize, k: rnnUnits },
    "logits' gradient · denseᵀ": { m: rows, n: rnnUnits, k: vocabularySize, transposeB: true },
    "statesᵀ · logits' gradient": { m: rnnUnits, n: vocabularySize, k: rows, transposeA: true },
  };
}

async function tuneProduct(stream: CommandStream, name: string, product: WebgpuProduct) {
  const { m, n, k, transposeA = false, transposeB = false } = product;
  const a = someNumbers(...transposeA ? [k, m] : [m, k]);
  const b = someNumbers(...transposeB ? [n, k] : [k, n]);
  const plan = planOf(product, stream);
  const chunkCounts = [1, 2, 4, 8, 16, 32, plan.chunks];
  const variants = Object.values(tiles).flatMap((tile) =>
    [...new Set(chunkCounts)].filter((chunks) =>
      chunks === 1 || (k / chunks >= 64 && m * n * chunks <= mostNumbers)
    )
      .sort((a, b) => a - b)
      .map((chunks): Variant => ({
        form: `tile ${tile.side}, k in ${chunks}`,
        taken: tile === plan.tile && chunks === plan.chunks,
        record: () => {
          stream.free(multiply(stream, { ...product, plan: { tile, chunks } }, { a, b }));
          stream.submit();
        },
      }))
  );
  await compare(`${name}: m ${m}, n ${n}, k ${k}`, { gigaflop: 2 * m * n * k / 1e9, variants });
  tf.dispose([a, b]);
}

/** A step forward of few texts, as they are written, in tiles and by the shader for few. */
async function tuneWriting(stream: CommandStream, { model, texts }: WriteJob) {
  const units = model.rnnUnits;
  const rows = model.vocabularySize;
  const tensors = [
    someNumbers(rows, 3 * units),
    someNumbers(units, 3 * units),
    someNumbers(3 * units),
    someNumbers(texts, units),
    tf.randomUniform([texts, 1], 0, rows, "int32"),
    someNumbers(texts, characters, units),
  ];
  const uniforms = { batch: texts, time: characters, units, inputTime: 1 };
  const form = { training: false, lookup: true };
  const taken = forwardStep({ batch: texts, units }, form, stream).shader.key;
  const variant = (shader: Shader, workgroups: number[]): Variant => ({
    form: shader.key,
    taken: shader.key === taken,
    record: () => stream.repeat(characters, [{ shader, tensors, uniforms, workgroups }]),
  });
  const few = ([1, 4] as const).map((rows) => {
    const shader = gruFewTextsShader({ rows, lookup: true, invocations: 256 });
    return variant(shader, [Math.ceil(units / unitsOfGroup), Math.ceil(texts / rows)]);
  });
  const inTiles = [softwareTile, gpuTiles[0]].map((tile) =>
    variant(gruForwardShader({ tile, ...form }), [Math.ceil(units / unitsOfTile), 1])
  );
  await compare(`GRU forward, ${units} units, ${texts} texts, ${characters} steps`, {
    gigaflop: 2 * texts * characters * units * 3 * units / 1e9,
    variants: [...few, ...inTiles],
  });
  tf.dispose(tensors);
}

await selectDevice({ name: "webgpu" });
const stream = commandStream(tf.backend());
const jobs = gpuRows({ characters, small }).filter(({ id }) => !id.endsWith("-queued"))
  .map(({ job }) => job);
const training = jobs.filter((job) => job.task === "train");
for (const job of training) await tuneGru(stream, job);
for (const job of jobs) if (job.task === "write") await tuneWriting(stream, job);
for (const job of training) {
  for (const [name, product] of Object.entries(products(job))) {
    await tuneProduct(stream, name, product);
  }
}
// tfjs keeps a GPU device open.
Deno.exit();
