import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { clipScale } from "../../../lib/kernels/ops/clip.ts";
import { testOnDevices } from "../../testdata/devices.ts";
import { someNumbers } from "../../testdata/numbers.ts";

testOnDevices(
  "the scale of clipped gradients is right however many numbers they have",
  async () => {
    // A sum of so many squares in float32, one after the other, is wrong by a thousandth.
    const lists = [3_000_001, 1, 6, 65_537].map((size, text) =>
      Float32Array.from(someNumbers(size, { text }))
    );
    const squares = lists.map((list) => list.reduce((sum, x) => sum + x * x, 0));
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square));
    const gradients = lists.map((list) => tf.tensor1d(list));
    for (const clipNorm of [0.1, norm / 2, 2 * norm]) {
      const scale = clipScale(gradients, clipNorm);
      const [actual = NaN] = await scale.data();
      const expected = Math.min(1, clipNorm / norm);
      assert.ok(Math.abs(actual / expected - 1) <= 1e-6, `${actual} instead of ${expected}`);
      scale.dispose();
    }
    const zeros = tf.zeros([5]);
    const scale = clipScale([zeros], 1);
    assert.deepEqual([...await scale.data()], [1]);
    tf.dispose([scale, zeros, ...gradients]);
  },
);
