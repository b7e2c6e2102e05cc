import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { gru, type GruInputs } from "../../../lib/kernels/mod.ts";
import { tiling } from "../../../lib/kernels/webgpu/gru.ts";
import { gpuTiles } from "../../../lib/kernels/webgpu/gru_wgsl.ts";
import { type TestDevice, testGpuTiles, testOnDevices } from "../../testdata/devices.ts";
import {
  type GruArrays,
  gruBackward,
  gruForward,
  type GruShape,
  gruShapes,
} from "../../testdata/gru_float64.ts";
import { casesInRun } from "../../testdata/extent.ts";
import { withGpuTiles } from "../../testdata/gpu_tiles.ts";
import { relativeError, someNumbers } from "../../testdata/numbers.ts";

const shapes: readonly GruShape[] = [
  { batch: 1, time: 1, inputDim: 1, units: 1 },
  { batch: 3, time: 2, inputDim: 5, units: 7 },
  { batch: 1, time: 101, inputDim: 3, units: 7 },
  { batch: 3, time: 5, inputDim: 9, units: 64 },
  { batch: 64, time: 2, inputDim: 4, units: 7 },
  { batch: 2, time: 3, inputDim: 16, units: 200 },
  { batch: 64, time: 1, inputDim: 3, units: 200 },
  { batch: 1, time: 2, inputDim: 3, units: 1 },
  { batch: 3, time: 101, inputDim: 2, units: 1 },
  // Whole vectors of machine code: parts of several blocks, a narrow last block, tiles of all sizes.
  { batch: 9, time: 3, inputDim: 3, units: 208 },
  { batch: 67, time: 4, inputDim: 3, units: 320 },
  { batch: 700, time: 2, inputDim: 2, units: 33 },
];

const names = [
  "inputs",
  "initialState",
  "kernel",
  "recurrentKernel",
  "bias",
] as const;

function arraysFor(shape: GruShape): GruArrays {
  const sizes = gruShapes(shape);
  const scale = { kernel: shape.inputDim, recurrentKernel: shape.units };
  return Object.fromEntries(names.map((name, text) => [
    name,
    someNumbers(tf.util.sizeFromShape(sizes[name]), {
      text,
      scale: 1.5 / Math.sqrt(scale[name as "kernel"] ?? 1),
    }),
  ])) as unknown as GruArrays;
}

function tensorsFor(shape: GruShape, arrays: GruArrays): tf.Tensor[] {
  const sizes = gruShapes(shape);
  return names.map((name) => tf.tensor(Float32Array.from(arrays[name]), sizes[name]));
}

/** Shapes of lookups: as many tokens as a text has, one, and more than there are steps. */
const lookups = [
  { batch: 3, time: 5, units: 7, tokens: 4 },
  { batch: 64, time: 2, units: 9, tokens: 66 },
  { batch: 1, time: 1, units: 1, tokens: 1 },
  { batch: 2, time: 3, units: 5, tokens: 40 },
];

function run(tensors: tf.Tensor[], ids?: tf.Tensor2D): tf.Tensor3D {
  const [inputs, initialState, kernel, recurrentKernel, bias] = tensors;
  return tf.tidy(() => {
    const [inputBias, recurrentBias] = tf.unstack(bias!) as tf.Tensor1D[];
    const rows = inputs!.reshape([-1, kernel!.shape[0]]);
    const projected = tf.add(tf.matMul(rows, kernel!), inputBias!);
    return gru({ projected, ids, initialState, recurrentKernel, recurrentBias } as GruInputs);
  });
}

Deno.test("the float64 reference's gradients are those of finite differences", () => {
  const shape = { batch: 2, time: 3, inputDim: 2, units: 3 };
  const arrays = arraysFor(shape);
  const weights = someNumbers(2 * 3 * 3, { text: 9 });
  const loss = () =>
    gruForward(shape, arrays).hidden.reduce((sum, h, i) => sum + h * weights[i]!, 0);
  const gradients = gruBackward(shape, arrays, { weights, states: gruForward(shape, arrays) });
  const step = 1e-6;
  for (const name of names) {
    const differences = arrays[name].map((_, i, array) => {
      const value = array[i]!;
      array[i] = value + step;
      const above = loss();
      array[i] = value - step;
      const below = loss();
      array[i] = value;
      return (above - below) / (2 * step);
    });
    assert.ok(relativeError(gradients[name], differences) < 1e-8, name);
  }
});

/** Holds the states and the gradients of one shape, and the tensors, against the reference. */
async function checkShape(shape: GruShape, device: TestDevice): Promise<void> {
  const arrays = arraysFor(shape);
  const tensors = tensorsFor(shape, arrays);
  const weights = someNumbers(shape.batch * shape.time * shape.units, {
    text: 9,
  });
  const before = tf.memory().numTensors;
  const hidden = run(tensors);
  const byHand = tf.tensor(Float32Array.from(weights), hidden.shape);
  const gradients = tf.tidy(() =>
    tf.grads((...args) => tf.sum(tf.mul(run(args), byHand)))(tensors)
  );
  const label = JSON.stringify(shape);
  const states = gruForward(shape, arrays);
  const forwardError = relativeError(await hidden.data(), states.hidden);
  assert.ok(
    forwardError <= device.tolerance,
    `${label}: states are ${forwardError} off`,
  );
  const expected = gruBackward(shape, arrays, { weights, states });
  for (const [i, name] of names.entries()) {
    const error = relativeError(await gradients[i]!.data(), expected[name]);
    assert.ok(
      error <= device.tolerance,
      `${label}: the gradient of ${name} is ${error} off`,
    );
  }
  tf.dispose([hidden, byHand, ...gradients]);
  assert.equal(
    tf.memory().numTensors,
    before,
    `${label}: tensors are left behind`,
  );
  tf.dispose(tensors);
}

testOnDevices("a GRU gives the float64 reference's states and gradients", async (device) => {
  // Large shapes take plain JavaScript and a GPU in software seconds.
  const isSmall = ({ batch, time, units }: GruShape) => batch * time * units < 5000;
  const isFast = device.name.startsWith("wasm");
  for (const shape of isFast ? shapes : casesInRun(shapes, isSmall)) {
    await checkShape(shape, device);
  }
});

testGpuTiles("a GRU in each of a GPU's tiles gives them too", async (device) => {
  await withGpuTiles(async () => {
    const taken = [[3, 0, 0], [700, 1, 0], [1400, 2, 1], [2800, 2, 2]] as const;
    for (const [batch, forward, backward] of taken) {
      const shape = { batch, time: 2, units: 33 };
      const tile = (direction: "forward" | "backward") =>
        tiling(shape, { direction, software: false }).tile;
      assert.equal(tile("forward"), gpuTiles[forward]);
      assert.equal(tile("backward"), gpuTiles[backward]);
      await checkShape({ ...shape, inputDim: 2 }, device);
    }
  });
});

testOnDevices(
  "a GRU that looks its input side up gives the states and gradients of one that does not",
  async (device) => {
    for (const { batch, time, units, tokens } of lookups) {
      const shape = { batch, time, inputDim: 2, units };
      const [, ...rest] = tensorsFor(shape, arraysFor(shape));
      const table = tf.tensor(Float32Array.from(someNumbers(tokens * 2, { text: 8 })), [tokens, 2]);
      const ids = tf.tensor2d(
        Int32Array.from({ length: batch * time }, (_, i) => i * 7 % Math.max(tokens - 1, 1)),
        [batch, time],
        "int32",
      ); // the last token occurs nowhere
      const byHand = tf.tensor(
        Float32Array.from(someNumbers(batch * time * units, { text: 9 })),
        [batch, time, units],
      );
      const gradients = (looksUp: boolean) =>
        tf.tidy(() =>
          tf.grads((table, ...rest) => {
            const hidden = looksUp
              ? run([table, ...rest], ids)
              : run([tf.gather(table, ids), ...rest]);
            return tf.sum(tf.mul(hidden, byHand));
          })([table, ...rest])
        );
      const before = tf.memory().numTensors;
      const [ours, theirs] = [gradients(true), gradients(false)];
      for (const [i, gradient] of ours.entries()) {
        const error = relativeError(await gradient.data(), await theirs[i]!.data());
        assert.ok(error <= device.tolerance, `${names[i]} at ${tokens} tokens is ${error} off`);
      }
      tf.dispose([...ours, ...theirs]);
      assert.equal(tf.memory().numTensors, before, "tensors are left behind");
      const missing = tf.tidy(() => tf.add(ids, tokens)) as tf.Tensor2D;
      // A GPU cannot throw for what it finds in a buffer.
      if (device.name !== "webgpu") assert.throws(() => run([table, ...rest], missing), Error);
      tf.dispose([table, ids, byHand, missing, ...rest]);
    }
  },
);

testOnDevices(
  "a GRU read in two pieces is a GRU read in one",
  async (device) => {
    const shape = { batch: 2, time: 6, inputDim: 3, units: 5 };
    const [inputs, ...rest] = tensorsFor(shape, arraysFor(shape));
    const whole = run([inputs!, ...rest]);
    const first = run([inputs!.slice([0, 0, 0], [2, 4, 3]), ...rest]);
    const state = first.slice([0, 3, 0], [2, 1, 5]).reshape([2, 5]);
    const second = run([
      inputs!.slice([0, 4, 0], [2, 2, 3]),
      state,
      ...rest.slice(1),
    ]);
    const joined = await tf.concat([first, second], 1).data();
    assert.ok(relativeError(joined, await whole.data()) <= device.tolerance);
  },
);
