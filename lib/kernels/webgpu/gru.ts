/**
 * The GRU on WebGPU: one dispatch a time step, and the large products outside the loop.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import {
  gruBackward,
  gruForward,
  type GruGradientInputs,
  type GruInputs,
  gruSizes,
} from "../ops/gru.ts";
import { gruBackwardShader } from "./gru_backward_wgsl.ts";
import { gruForwardShader } from "./gru_forward_wgsl.ts";
import { gpuTiles, type GruTile, softwareTile, unitsOfTile } from "./gru_wgsl.ts";
import { segmentSum } from "./tfjs_kernels.ts";
import { multiply, sumRows } from "./matmul.ts";
import { type CommandStream, replaceWebgpuKernel } from "./command_stream.ts";

/** Makes the shaders the WebGPU backend's GRU. */
export function registerWebgpuGru(): void {
  replaceWebgpuKernel(gruForward, ({ inputs, attrs, stream }) => {
    const { training } = attrs as { training: boolean };
    return forward(stream, inputs as GruInputs, { training });
  });
  replaceWebgpuKernel(gruBackward, ({ inputs, attrs, stream }) => {
    return backward(stream, inputs as GruGradientInputs, attrs as { rows: number });
  });
}

/**
 * So many workgroups keep a large device busy. A tile with fewer texts reads the weights
 * more often, so it is only for what would make fewer tiles than that.
 */
const enoughWorkgroups = 128;

/** How the workgroups of a step lie over units and texts, on a GPU or on one in software. */
export function tiling(
  { batch, units }: { readonly batch: number; readonly units: number },
  { software }: { readonly software: boolean },
): { readonly tile: GruTile; readonly workgroups: readonly number[] } {
  const across = Math.ceil(units / unitsOfTile);
  const down = ({ rowGroups }: GruTile) => Math.ceil(batch / (8 * rowGroups));
  const isWorthIt = (tile: GruTile) =>
    batch > 4 * tile.rowGroups && across * down(tile) >= enoughWorkgroups;
  const tile = software ? softwareTile : gpuTiles.findLast(isWorthIt) ?? gpuTiles[0];
  return { tile, workgroups: [across, down(tile)] };
}

function forward(
  stream: CommandStream,
  gru: GruInputs,
  { training }: { readonly training: boolean },
): tf.TensorInfo[] {
  const { projected, ids, initialState, recurrentKernel, recurrentBias } = gru;
  const { batch, time, units } = gruSizes(gru);
  const outputs = [
    stream.tensor([batch, time, units]),
    ...(training
      ? [stream.tensor([batch, time, units]), stream.tensor([batch, time, 4 * units])]
      : []),
  ];
  const { tile, workgroups } = tiling({ batch, units }, stream);
  stream.repeat(time, [{
    shader: gruForwardShader({ tile, training, lookup: ids !== undefined }),
    tensors: [
      ...[projected, recurrentKernel, recurrentBias, initialState],
      ...(ids ? [ids] : []),
      ...outputs,
    ],
    uniforms: { batch, time, units, inputTime: time },
    workgroups,
  }]);
  return outputs;
}

/** With `saved0` `[batch, time, units]`, the states before, and `saved1` `[batch, time, 4 · units]`. */
function backward(
  stream: CommandStream,
  { ids, recurrentKernel, gradient, saved0: previousStates, saved1: gates }: GruGradientInputs,
  { rows }: { readonly rows: number },
): tf.TensorInfo[] {
  const [batch, time, units] = gradient.shape;
  const [all, wide] = [batch * time, 3 * units];
  const gradProjected = stream.tensor([all, wide]); // D
  const gradRecurrent = stream.tensor([all, wide]); // E
  const initialState = stream.tensor([batch, units]);
  const { tile, workgroups } = tiling({ batch, units }, stream);
  stream.repeat(time + 1, [{
    shader: gruBackwardShader(tile),
    tensors: [
      ...[recurrentKernel, gates, previousStates, gradient],
      ...[initialState, gradProjected, gradRecurrent],
    ],
    uniforms: { batch, time, units },
    workgroups,
  }]);
  const byProjected = ids
    ? segmentSum(stream, { x: gradProjected, ids: { ...ids, shape: [all] }, segments: rows })
    : gradProjected;
  const byRecurrentKernel = multiply(
    stream,
    { m: units, n: wide, k: all, transposeA: true },
    { a: previousStates, b: gradRecurrent },
  );
  const byBias = stream.tensor([wide]);
  sumRows(stream, { rows: all, columns: wide }, { from: gradRecurrent, to: byBias });
  stream.free(gradRecurrent, ...(ids ? [gradProjected] : []));
  return [byProjected, initialState, byRecurrentKernel, byBias];
}
