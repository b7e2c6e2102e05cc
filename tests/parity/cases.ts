/**
 * What folio and its peers are given: a model's weights and batches, as safetensors files.
 *
 * @module
 */
import type { ModelConfig } from "folio";
import { CounterRandom } from "../../lib/random.ts";
import { encodeSafetensors, type TensorRecord } from "../../lib/files/safetensors.ts";
import { weightShapes } from "../../lib/model/weights.ts";
import { someNumbers } from "../testdata/numbers.ts";

/** One model, one or more batches, and what is asked of them. */
export interface ParityCase {
  readonly name: string;
  readonly config: ModelConfig;
  readonly batch: number;
  readonly time: number;
  /** `"values"`: logits, loss and gradients; `"adam"`: the losses of ten steps. */
  readonly asks: "values" | "adam";
  /** Whether it is too large for a device without a BLAS. */
  readonly large: boolean;
}

type Sizes = readonly [vocabularySize: number, embeddingDim: number, rnnUnits: number];

function parityCase(
  name: string,
  { sizes, batch, time, ...rest }: {
    readonly sizes: Sizes;
    readonly batch: number;
    readonly time: number;
    readonly layers?: number;
    readonly asks?: "adam";
    readonly large?: boolean;
  },
): ParityCase {
  const [vocabularySize, embeddingDim, rnnUnits] = sizes;
  const { layers = 1, asks = "values", large = false } = rest;
  const config = { vocabularySize, embeddingDim, rnnUnits, layers, embeddingScale: 0.05, seed: 0 };
  return { name, config, batch, time, asks, large };
}

/** Odd shapes, two layers, and the presets' own. */
export const parityCases: readonly ParityCase[] = [
  parityCase("one of everything", { sizes: [2, 1, 1], batch: 1, time: 1 }),
  parityCase("odd sizes", { sizes: [11, 5, 7], batch: 3, time: 2 }),
  parityCase("a long text", { sizes: [66, 9, 64], batch: 3, time: 101 }),
  parityCase("two layers", { sizes: [66, 16, 33], batch: 5, time: 17, layers: 2 }),
  parityCase("the tutorial's", { sizes: [66, 256, 1024], batch: 64, time: 100, large: true }),
  parityCase("ten steps, small", { sizes: [66, 16, 33], batch: 5, time: 17, asks: "adam" }),
  parityCase("ten steps, quick", {
    ...{ sizes: [66, 64, 256], batch: 64, time: 100 },
    ...{ asks: "adam", large: true },
  }),
  parityCase("ten steps, the tutorial's model", {
    ...{ sizes: [66, 256, 1024], batch: 16, time: 25 },
    ...{ asks: "adam", large: true },
  }),
];

/** How many steps of Adam are compared. */
export const adamSteps = 10;

/** The weights of a case, and `inputs` and `targets`, int32 `[steps, batch, time]`. */
export function caseTensors(parityCase: ParityCase): TensorRecord[] {
  const { config, batch, time, asks } = parityCase;
  const weights = someWeights(config, asks === "values" ? strongScale : firstScale);
  const steps = asks === "adam" ? adamSteps : 1;
  const shape = [steps, batch, time];
  const ids = skewedIds(steps * batch * time + 1, config.vocabularySize);
  return [
    ...weights,
    { name: "inputs", dtype: "I32", shape, data: ids.slice(0, -1) },
    { name: "targets", dtype: "I32", shape, data: ids.slice(1) },
  ];
}

/** The same as the bytes of a file. */
export function encodeCase(parityCase: ParityCase): Uint8Array {
  const { asks, config } = parityCase;
  return encodeSafetensors(caseTensors(parityCase), { asks, layers: String(config.layers) });
}

/** The weights of a model, each uniform between minus and plus its scale. */
export function someWeights(config: ModelConfig, scaleOf = strongScale): TensorRecord[] {
  return [...weightShapes(config)].map(([name, shape], text) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = Float32Array.from(someNumbers(size, { text, scale: scaleOf(name, shape) }));
    return { name, dtype: "F32", shape, data };
  });
}

/** Weights large enough that the gates leave their linear range and no bias is zero. */
function strongScale(name: string, [rows]: readonly number[]): number {
  if (name.endsWith("bias")) return 0.5;
  return name === "embedding.weight" ? 1 : 1.5 / Math.sqrt(rows!);
}

/** Weights as large as the tutorial's first ones. */
function firstScale(name: string, [rows, columns]: readonly number[]): number {
  if (name.endsWith("bias")) return 0;
  return name === "embedding.weight" ? 0.05 : Math.sqrt(6 / (rows! + columns!));
}

/** Ids of which small ones are more frequent, so that there is something to learn. */
function skewedIds(count: number, vocabularySize: number): Int32Array {
  const random = new CounterRandom({ seed: 7, stream: 9, index: 1000 });
  return Int32Array.from(
    { length: count },
    (_, i) => Math.floor(vocabularySize * random.uniform(i) ** 3),
  );
}
