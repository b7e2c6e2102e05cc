import assert from "node:assert/strict";
import { shuffledIndices } from "../../lib/text/shuffle.ts";
import fc from "../testdata/fast_check.ts";

const seed = fc.integer({ min: 0, max: 0xFFFFFFFF });

Deno.test("every index comes once, whatever the buffer", () => {
  const count = fc.integer({ min: 0, max: 200 });
  const size = fc.integer({ min: 0, max: 250 });
  fc.assert(fc.property(count, size, seed, (count, bufferSize, seed) => {
    const order = [...shuffledIndices(count, { bufferSize, seed, epoch: 0 })];
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i),
    );
  }));
});

Deno.test("what is drawn has been in the buffer: at place p nothing beyond p + buffer - 1", () => {
  const size = fc.integer({ min: 1, max: 50 });
  fc.assert(fc.property(size, seed, (bufferSize, seed) => {
    const order = [...shuffledIndices(100, { bufferSize, seed, epoch: 3 })];
    order.forEach((index, place) => assert(index < place + bufferSize));
  }));
});

Deno.test("no buffer and a buffer of one keep the order", () => {
  for (const bufferSize of [0, 1]) {
    const order = [...shuffledIndices(20, { bufferSize, seed: 1, epoch: 0 })];
    assert.deepEqual(order, Array.from({ length: 20 }, (_, i) => i));
  }
});

Deno.test("seed and epoch decide the order", () => {
  const order = (
    seed: number,
    epoch: number,
  ) => [...shuffledIndices(100, { bufferSize: 100, seed, epoch })];
  assert.deepEqual(order(1, 2), order(1, 2));
  assert.notDeepEqual(order(1, 2), order(1, 3));
  assert.notDeepEqual(order(1, 2), order(2, 2));
});

Deno.test("with a buffer for all, each index is as likely at each place", () => {
  const size = 6;
  const epochs = 6000;
  const counts = new Array<number>(size * size).fill(0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffledIndices(size, { bufferSize: size, seed: 0, epoch });
    [...order].forEach((index, place) => counts[place * size + index]!++);
  }
  // 1000 are expected in each cell, with a standard deviation of 29.
  for (const count of counts) {
    assert(Math.abs(count - epochs / size) < 145, `${counts}`);
  }
});
