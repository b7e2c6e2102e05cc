/**
 * Large matrix products and sums over rows on WebGPU.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { productForm, productShader, sumRowsShader, type Tile, tiles } from "./matmul_wgsl.ts";
import type { CommandStream } from "./command_stream.ts";

/** The sizes of C = A·B, all dense and row by row. */
export interface WebgpuProduct {
  /** The rows of A and C. */
  readonly m: number;
  /** The columns of B and C. */
  readonly n: number;
  /** The columns of A and the rows of B. */
  readonly k: number;
  /** Whether A is stored as k rows of m. */
  readonly transposeA?: boolean;
  /** Whether B is stored as n rows of k. */
  readonly transposeB?: boolean;
  /** How it is cut up; default: as {@linkcode planOf} says. */
  readonly plan?: ProductPlan;
}

/** How a product is cut up. */
export interface ProductPlan {
  readonly tile: Tile;
  /** Into how many parts k is cut, whose products are summed up afterwards. */
  readonly chunks: number;
}

/** The tensors of a product. */
export interface Factors {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
  /** n numbers that are added to every row; more may follow them. */
  readonly bias?: tf.TensorInfo;
}

/**
 * So many workgroups keep a large device busy, and a small one too. The largest that a
 * browser may find itself on has some 140 cores.
 */
const enoughWorkgroups = 128;
/** A product over less than this much of k is not worth a second dispatch to sum it up. */
const shortestChunk = 256;
/**
 * Where k is long, more workgroups than that pay too: the last of them keep fewer cores waiting. On an
 * H200, statesᵀ · gradient of the tutorial's size took 4.1 ms in 192 workgroups, 3.3 ms in four times
 * as many.
 */
const manyWorkgroups = 512, longChunk = 1024;

/** The plan that should suit a product's sizes, on a GPU or on one in software. */
export function planOf(
  { m, n, k }: Pick<WebgpuProduct, "m" | "n" | "k">,
  { software }: { readonly software: boolean },
): ProductPlan {
  const count = (side: number) => Math.ceil(m / side) * Math.ceil(n / side);
  const gpuTile = count(tiles.large.side) >= enoughWorkgroups ? tiles.large : tiles.small;
  const tile = software ? tiles.software : gpuTile;
  const chunksFor = (workgroups: number, shortest: number) =>
    Math.floor(Math.min(Math.ceil(workgroups / count(tile.side)), k / shortest));
  const few = chunksFor(enoughWorkgroups, shortestChunk);
  return { tile, chunks: Math.max(1, few, software ? 1 : chunksFor(manyWorkgroups, longChunk)) };
}

/**
 * Records C = A·B, or A·B + bias: one dispatch, or two where C is so small that k has to
 * be cut up to keep the device busy.
 *
 * @returns C.
 */
export function multiply(
  stream: CommandStream,
  { m, n, k, transposeA = false, transposeB = false, plan = planOf({ m, n, k }, stream) }:
    WebgpuProduct,
  { a, b, bias }: Factors,
): tf.TensorInfo {
  const { tile } = plan;
  const chunk = plan.chunks === 1 ? k : Math.ceil(k / plan.chunks / tile.depth) * tile.depth;
  const chunks = Math.ceil(k / chunk) || 1;
  const whole = chunks === 1;
  const form = { m, n, transposeA, transposeB, tile, bias: whole && bias !== undefined };
  const c = stream.tensor(whole ? [m, n] : [chunks, m, n]);
  stream.run({
    shader: productShader(productForm(form)),
    tensors: whole && bias ? [a, b, bias, c] : [a, b, c],
    uniforms: { m, n, k, chunk },
    workgroups: [Math.ceil(n / tile.side), Math.ceil(m / tile.side), chunks],
  });
  if (whole) return c;
  const sum = stream.tensor([m, n]);
  sumRows(stream, { rows: chunks, columns: m * n }, { from: c, bias, period: n, to: sum });
  stream.free(c);
  return sum;
}

/** Where sums are read from and written to. */
export interface SumTensors {
  /** `[rows, columns]` */
  readonly from: tf.TensorInfo;
  /** What is added. */
  readonly bias?: tf.TensorInfo | undefined;
  /** How many numbers of the bias repeat along the columns; default: one for each column. */
  readonly period?: number;
  readonly to: tf.TensorInfo;
  /** Where in `to` the first sum goes; default 0. */
  readonly first?: number;
}

/** Records the sum of all rows: one dispatch. */
export function sumRows(
  stream: CommandStream,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { from, bias, period = columns, to, first = 0 }: SumTensors,
): void {
  const groups = Math.ceil(columns / 16);
  const x = Math.min(groups, 32768); // a device counts no further than 65535
  stream.run({
    shader: sumRowsShader({ bias: bias !== undefined }),
    tensors: bias ? [from, bias, to] : [from, to],
    uniforms: { rows, columns, first, period },
    workgroups: [x, Math.ceil(groups / x)],
  });
}
