/**
 * Drawing characters on WebGPU: for each character one dispatch to draw it, one for each
 * layer to read it, one more for each layer above the first, and one for the logits.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sampleCharsName } from "../ops/sample_chars.ts";
import { columnsOfGroup, drawShader, rowTimesMatrixShader } from "./sample_chars_wgsl.ts";
import type { StepLayer } from "../ops/char_step.ts";
import { matrixShape } from "../ops/matrix_shape.ts";
import { forwardStep } from "./gru.ts";
import { type CommandStream, replaceWebgpuKernel, type Run } from "./command_stream.ts";

/** What the kernel reads; each layer's tensors have its number at the end of their names. */
type Inputs =
  & Readonly<Record<"logits" | "words" | "table" | "denseKernel" | "denseBias", tf.TensorInfo>>
  & Readonly<Record<`${keyof StepLayer}${number}`, tf.TensorInfo>>;

interface Attributes {
  readonly layers: number;
  readonly count: number;
  readonly position: number;
  readonly temperature: number;
}

/** Makes the shaders the WebGPU backend's way to draw. */
export function registerWebgpuSampleChars(): void {
  replaceWebgpuKernel(sampleCharsName, ({ inputs, attrs, stream }) => {
    return draw(stream, inputs as Inputs, attrs as Attributes);
  });
}

function draw(
  stream: CommandStream,
  tensors: Inputs,
  { layers, count, position, temperature }: Attributes,
): tf.TensorInfo[] {
  const [batch, size] = matrixShape(tensors.logits);
  const [, units] = matrixShape(tensors.state0!);
  const drawn = stream.tensor([count, batch], "int32");
  const ids = stream.tensor([batch], "int32");
  // The logits change from character to character, those we were given do not.
  const logits = stream.copy(tensors.logits);
  const scratch = [ids];
  const make = (...shape: number[]) => {
    const tensor = stream.tensor(shape);
    scratch.push(tensor);
    return tensor;
  };
  const runs: Run[] = [{
    shader: drawShader({ invocations: stream.software || size <= 256 ? 64 : 256 }),
    tensors: [logits, tensors.words, ids, drawn],
    // In float32 a smaller temperature would be 0, a larger one ∞.
    uniforms: { batch, size, position, temperature: Math.min(Math.max(temperature, 1e-30), 1e30) },
    workgroups: [batch],
  }];
  const times = (
    hidden: tf.TensorInfo,
    { matrix, bias, out }: Record<"matrix" | "bias" | "out", tf.TensorInfo>,
  ) => {
    const [, columns] = matrixShape(matrix);
    runs.push({
      shader: rowTimesMatrixShader,
      tensors: [hidden, matrix, bias, out],
      uniforms: { time: count, depth: units, columns },
      workgroups: [Math.ceil(columns / columnsOfGroup), batch],
    });
  };
  let below: tf.TensorInfo | undefined;
  const hiddens = Array.from({ length: layers }, (_, i) => {
    const layer = (name: keyof StepLayer) => tensors[`${name}${i}`]!;
    const hidden = make(batch, count, units);
    let projected = tensors.table;
    if (below !== undefined) {
      projected = make(batch, 3 * units);
      times(below, { matrix: layer("kernel"), bias: layer("inputBias"), out: projected });
    }
    runs.push({
      ...forwardStep({ batch, units }, { training: false, lookup: below === undefined }, stream),
      tensors: [
        ...[projected, layer("recurrentKernel"), layer("recurrentBias"), layer("state")],
        ...(below === undefined ? [ids] : []),
        hidden,
      ],
      uniforms: { batch, time: count, units, inputTime: 1 },
    });
    below = hidden;
    return hidden;
  });
  times(below!, { matrix: tensors.denseKernel, bias: tensors.denseBias, out: logits });
  stream.repeat(count, runs);
  const states = hiddens.map((hidden) => stream.copy(hidden, { row: count - 1, size: units }));
  stream.free(...scratch);
  return [drawn, logits, ...states];
}
