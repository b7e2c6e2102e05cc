/**
 * The GRU on WebGPU: one dispatch a time step, and the large products outside the loop.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { gruBackward, gruForward, type GruInputs } from "./gru.ts";
import { gruBackwardShader } from "./gru_backward_wgsl.ts";
import { gruForwardShader } from "./gru_forward_wgsl.ts";
import { type RowGroups, unitsOfTile } from "./gru_wgsl.ts";
import { multiply, sumRows } from "./products_webgpu.ts";
import { type CommandStream, replaceWebgpuKernel } from "./webgpu_device.ts";

/** Makes the shaders the WebGPU backend's GRU. */
export function registerWebgpuGru(): void {
  replaceWebgpuKernel(gruForward, ({ inputs, attrs, stream }) => {
    const { training } = attrs as { training: boolean };
    return forward(stream, inputs as GruInputs, { training });
  });
  replaceWebgpuKernel(gruBackward, ({ inputs, stream }) => {
    return backward(stream, inputs as GradientInputs);
  });
}

/**
 * So many workgroups keep a large device busy. A tile with fewer texts reads the weights
 * more often, so it is only for what would make fewer tiles than that.
 */
const enoughWorkgroups = 128;

/** How the workgroups of a step lie over units and texts. */
export function tiling(batch: number, units: number) {
  const across = Math.ceil(units / unitsOfTile);
  const down = (rowGroups: RowGroups) => Math.ceil(batch / (8 * rowGroups));
  const choices = [4, 2] as const;
  const rowGroups: RowGroups = choices.find((rowGroups) => {
    return batch > 4 * rowGroups && across * down(rowGroups) >= enoughWorkgroups;
  }) ?? 1;
  return { rowGroups, workgroups: [across, down(rowGroups)] };
}

function forward(
  stream: CommandStream,
  { inputs, initialState, kernel, recurrentKernel, bias }: GruInputs,
  { training }: { readonly training: boolean },
): tf.TensorInfo[] {
  const [batch, time, inputDim] = inputs.shape;
  const units = initialState.shape[1];
  const projected = multiply(
    stream,
    { m: batch * time, n: 3 * units, k: inputDim },
    { a: inputs, b: kernel, bias },
  ); // [batch·time, 3·units]
  const outputs = [
    stream.tensor([batch, time, units]),
    ...(training
      ? [stream.tensor([batch, time, units]), stream.tensor([batch, time, 4 * units])]
      : []),
  ];
  const { rowGroups, workgroups } = tiling(batch, units);
  stream.repeat(time, [{
    shader: gruForwardShader({ rowGroups, training, from: "sequence" }),
    tensors: [projected, recurrentKernel, bias, initialState, ...outputs],
    uniforms: { batch, time, units },
    workgroups,
  }]);
  stream.free(projected);
  return outputs;
}

interface GradientInputs extends GruInputs {
  readonly gradient: tf.Tensor3D;
  /** `[batch, time, units]`: the state before each step */
  readonly saved0: tf.Tensor3D;
  /** `[batch, time, 4 · units]`: z, r, ĥ, q */
  readonly saved1: tf.Tensor3D;
}

function backward(stream: CommandStream, gru: GradientInputs): tf.TensorInfo[] {
  const { inputs, kernel, recurrentKernel, gradient, saved0: before, saved1: gates } = gru;
  const [batch, time, inputDim] = inputs.shape;
  const units = gru.initialState.shape[1];
  const [rows, wide] = [batch * time, 3 * units];
  const inputSide = stream.tensor([rows, wide]); // D
  const recurrentSide = stream.tensor([rows, wide]); // E
  const initialState = stream.tensor([batch, units]);
  const { rowGroups, workgroups } = tiling(batch, units);
  stream.repeat(time + 1, [{
    shader: gruBackwardShader({ rowGroups }),
    tensors: [
      ...[recurrentKernel, gates, before, gradient],
      ...[initialState, inputSide, recurrentSide],
    ],
    uniforms: { batch, time, units },
    workgroups,
  }]);
  const byInputs = multiply(
    stream,
    { m: rows, n: inputDim, k: wide, transposeB: true },
    { a: inputSide, b: kernel },
  );
  const byKernel = multiply(
    stream,
    { m: inputDim, n: wide, k: rows, transposeA: true },
    { a: inputs, b: inputSide },
  );
  const byRecurrentKernel = multiply(
    stream,
    { m: units, n: wide, k: rows, transposeA: true },
    { a: before, b: recurrentSide },
  );
  const byBias = stream.tensor([2, wide]);
  [inputSide, recurrentSide].forEach((from, row) => {
    sumRows(stream, { rows, columns: wide }, { from, to: byBias, first: row * wide });
  });
  stream.free(inputSide, recurrentSide);
  return [
    { ...byInputs, shape: [batch, time, inputDim] },
    initialState,
    byKernel,
    byRecurrentKernel,
    byBias,
  ];
}
