import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createCharModel, presets } from "folio";
import { CounterRandom, streams } from "../../../lib/random.ts";
import { DeviceSampler } from "../../../lib/model/device_sampler.ts";
import { sampleToken } from "../../../lib/generation/sampling.ts";
import { testGpuTiles, testOnWebgpu } from "../../testdata/devices.ts";
import { countCalls } from "../../testdata/dispatches.ts";
import { withGpuTiles } from "../../testdata/gpu_tiles.ts";
import { someNumbers } from "../../testdata/numbers.ts";

interface Setting {
  readonly batch: number;
  readonly vocabularySize: number;
  readonly temperature: number;
  readonly layers?: number;
  readonly logits?: (logits: Float64Array) => void;
}

/** Calls `act` with a writer that begins at logits of our own, and holds the tensors. */
async function withWriter(
  { batch, vocabularySize, temperature, layers = 1, logits: change = () => {} }: Setting,
  act: (writer: DeviceSampler, logits: Float64Array, randoms: CounterRandom[]) => Promise<void>,
): Promise<void> {
  const sizes = { ...presets.quick.model, embeddingDim: 4, rnnUnits: 8, layers };
  const model = createCharModel({ ...sizes, vocabularySize });
  const before = tf.memory().numTensors;
  const logits = someNumbers(batch * vocabularySize, { scale: 3 });
  change(logits);
  const randoms = Array.from(
    { length: batch },
    (_, index) => new CounterRandom({ seed: 0xfedcba98, stream: streams.sampling, index }),
  );
  const start = tf.tensor2d(Float32Array.from(logits), [batch, vocabularySize]);
  const state = Array.from({ length: layers }, () => tf.zeros<tf.Rank.R2>([batch, 8]));
  const words = randoms.map(({ words }) => words);
  const writer = new DeviceSampler(model, { logits: start, state, words, temperature });
  tf.dispose([start, ...state]);
  await act(writer, logits, randoms);
  writer.dispose();
  assert.equal(tf.memory().numTensors, before);
  model.dispose();
}

/** Holds draws of a vocabulary's size at a temperature against those on the host. */
async function checkDraws(settings: readonly (readonly [number, number])[]): Promise<void> {
  for (const [vocabularySize, temperature] of settings) {
    const batch = 64;
    await withWriter({ batch, vocabularySize, temperature }, async (writer, logits, randoms) => {
      const [ids] = await writer.draw(1);
      const expected = randoms.map((random, text) => {
        const row = logits.subarray(text * vocabularySize, (text + 1) * vocabularySize);
        return sampleToken(Float32Array.from(row), { temperature, random, position: 0 });
      });
      assert.deepEqual([...ids!], expected);
    });
  }
}

testOnWebgpu("drawing: the ids are those that are drawn on the host", async () => {
  await checkDraws([[66, 1], [700, 0.6], [2, 1], [300, 1e-40]]);
});

testGpuTiles("drawing: so they are with a GPU's tiles", async () => {
  await withGpuTiles(() => checkDraws([[66, 1], [700, 0.6]]));
});

testOnWebgpu("drawing: a masked id is never drawn, one that is no number is told", async () => {
  const size = 5;
  const values = [[0, NaN, -Infinity, 1, -Infinity], [1, 2, Infinity, NaN, 0], [0, 1, 2, 3, 4]];
  values.push([NaN, -Infinity, -Infinity, -Infinity, 2], [3, ...new Array(4).fill(-Infinity)]);
  const logits = (all: Float64Array) => all.set(values.flat());
  const setting = { batch: values.length, vocabularySize: size, temperature: 1, logits };
  await withWriter(setting, async (writer) => {
    const [first, second, third, fourth, fifth] = (await writer.draw(1))[0]!;
    assert.equal(first, -2);
    assert.equal(second, -3);
    assert.ok(third! >= 1 && third! < size);
    assert.equal(fourth, 4);
    assert.equal(fifth, 0);
  });
});

testOnWebgpu("drawing: draws one by one are the draws of one go", async () => {
  const setting = { batch: 3, vocabularySize: 20, temperature: 1, layers: 2 };
  const texts: number[][][] = [];
  for (const pieces of [[9], [1, 3, 5]]) {
    await withWriter(setting, async (writer) => {
      const drawn: Int32Array[] = [];
      for (const count of pieces) drawn.push(...await writer.draw(count));
      texts.push(drawn.map((ids) => [...ids]));
    });
  }
  assert.equal(texts[0]!.length, 9);
  assert.deepEqual(texts[1], texts[0]);
});

testOnWebgpu(
  "drawing: a character takes six dispatches at most, and many are read at once",
  async () => {
    for (const [layers, most] of [[1, 3], [2, 5]] as const) {
      const setting = { batch: 2, vocabularySize: 66, temperature: 1, layers };
      await withWriter(setting, async (writer) => {
        await writer.draw(1);
        const calls = await countCalls(async () => void await writer.draw(64));
        assert.deepEqual(calls, { dispatches: 64 * most!, readings: 1, errors: [] });
      });
    }
  },
);
