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
import { gruFewTextsShader, unitsOfGroup } from "./gru_few_texts_wgsl.ts";
import { type ForwardForm, gruForwardShader } from "./gru_forward_wgsl.ts";
import { gpuTiles, type GruTile, softwareTile, unitsOfTile } from "./gru_wgsl.ts";
import { segmentSum } from "./tfjs_kernels.ts";
import { multiply, sumRows } from "./matmul.ts";
import { type CommandStream, replaceWebgpuKernel, type Run } from "./command_stream.ts";

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
 * more often, so it is only for what would make fewer tiles than that. A step backward waits more, and
 * wants two workgroups for each core: on an H200, with 1024 units and 64 texts, a hundred steps
 * forward in 512, 256 and 128 workgroups took 6.2, 4.6 and 3.8 ms, backward 5.3, 3.9 and 5.4.
 */
const enoughWorkgroups = { forward: 128, backward: 256 } as const;

/** How the workgroups of a step lie over units and texts, on a GPU or on one in software. */
export function tiling(
  { batch, units }: { readonly batch: number; readonly units: number },
  { direction, software }: {
    readonly direction: keyof typeof enoughWorkgroups;
    readonly software: boolean;
  },
): { readonly tile: GruTile; readonly workgroups: readonly number[] } {
  const across = Math.ceil(units / unitsOfTile);
  const down = ({ rowGroups }: GruTile) => Math.ceil(batch / (8 * rowGroups));
  const isWorthIt = (tile: GruTile) =>
    batch > 4 * tile.rowGroups && across * down(tile) >= enoughWorkgroups[direction];
  const tile = software ? softwareTile : gpuTiles.findLast(isWorthIt) ?? gpuTiles[0];
  return { tile, workgroups: [across, down(tile)] };
}

/** Of more texts a tile of eight at a time is no longer mostly empty. */
const fewTexts = 16;

/** The shader of a step forward for these sizes, and its workgroups. */
export function forwardStep(
  { batch, units }: { readonly batch: number; readonly units: number },
  { training, lookup }: Pick<ForwardForm, "training" | "lookup">,
  { software }: { readonly software: boolean },
): Pick<Run, "shader" | "workgroups"> {
  if (training || batch > fewTexts) {
    const { tile, workgroups } = tiling({ batch, units }, { direction: "forward", software });
    return { shader: gruForwardShader({ tile, training, lookup }), workgroups };
  }
  const rows = software || batch < 4 ? 1 : 4;
  const shader = gruFewTextsShader({ rows, lookup, invocations: software ? 64 : 256 });
  return { shader, workgroups: [Math.ceil(units / unitsOfGroup), Math.ceil(batch / rows)] };
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
  stream.repeat(time, [{
    ...forwardStep({ batch, units }, { training, lookup: ids !== undefined }, stream),
    tensors: [
      ...[projected, recurrentKernel, recurrentBias, initialState],
      ...(ids ? [ids] : []),
      ...outputs,
    ],
    uniforms: { batch, time, units, inputTime: time },
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
  const { software } = stream;
  const { tile, workgroups } = tiling({ batch, units }, { direction: "backward", software });
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
