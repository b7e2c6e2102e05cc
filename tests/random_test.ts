import assert from "node:assert/strict";
import { CounterRandom, hash4, streams, uniform } from "../lib/random.ts";
import fc from "./testdata/fast_check.ts";

/** The published function again, word for word, in integers of any size. */
function pcg4d(input: readonly bigint[]): bigint[] {
  const word = (value: bigint) => value & 0xFFFFFFFFn;
  let v = input.map((value) => word(value * 1664525n + 1013904223n));
  const mix = () => {
    v[0] = word(v[0]! + v[1]! * v[3]!);
    v[1] = word(v[1]! + v[2]! * v[0]);
    v[2] = word(v[2]! + v[0] * v[1]);
    v[3] = word(v[3]! + v[1] * v[2]);
  };
  mix();
  v = v.map((value) => value ^ (value >> 16n));
  mix();
  return v;
}

function hashed(a: number, b: number, c: number, d: number): number[] {
  const out = new Uint32Array(4);
  hash4(a, b, c, d, out);
  return [...out];
}

/** Pearson's statistic in standard deviations from what even cells give on average. */
function deviation(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const expected = total / counts.length;
  const chiSquare = counts.reduce(
    (sum, count) => sum + (count - expected) ** 2 / expected,
    0,
  );
  const freedom = counts.length - 1;
  return (chiSquare - freedom) / Math.sqrt(2 * freedom);
}

function countCells(
  cells: number,
  draws: number,
  draw: (i: number) => number,
): number[] {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < draws; i++) counts[draw(i)]!++;
  return counts;
}

const anyWord = fc.integer({ min: 0, max: 0xFFFFFFFF });

Deno.test("hash4 gives the bits of the published pcg4d", () => {
  fc.assert(fc.property(anyWord, anyWord, anyWord, anyWord, (a, b, c, d) => {
    const expected = pcg4d([a, b, c, d].map(BigInt)).map(Number);
    assert.deepEqual(hashed(a, b, c, d), expected);
  }));
});

Deno.test("hash4 does not change from version to version", () => {
  // Texts and weights that people have noted down with their seed hang on these very numbers.
  assert.deepEqual(hashed(0, 0, 0, 0), [
    0x0F02F829,
    0x2D568769,
    0x32B0C43B,
    0xD32548EA,
  ]);
  assert.deepEqual(hashed(1, 2, 3, 4), [
    0x3622CD16,
    0xF11471D8,
    0xE1109B3F,
    0x02B94C2F,
  ]);
  assert.deepEqual(hashed(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF), [
    0x974ED892,
    0xC015DC67,
    0x9F955760,
    0xA1BBA208,
  ]);
});

Deno.test("the key goes into the words as the contract says", () => {
  const random = new CounterRandom({
    seed: 12345,
    stream: streams.sampling,
    index: 6,
  });
  const stream = Number(
    (BigInt(streams.sampling) * 0x9E3779B1n + 6n) & 0xFFFFFFFFn,
  );
  assert.equal(random.bits(1000, 65), hashed(12345, stream, 1000, 65)[0]);
});

Deno.test("uniform stays inside 0 and 1 and follows the word", () => {
  assert(uniform(0) > 0);
  assert(uniform(0xFFFFFFFF) < 1);
  fc.assert(fc.property(anyWord, (word) => {
    assert(Math.abs(uniform(word) - word / 2 ** 32) < 2 ** -24);
  }));
});

for (const stream of Object.values(streams)) {
  for (const seed of [0, 1, 0xFFFFFFFF]) {
    Deno.test(`numbers of stream ${stream}, seed ${seed} fill their range evenly`, () => {
      const random = new CounterRandom({ seed, stream });
      const byPosition = countCells(
        256,
        50_000,
        (i) => Math.floor(random.uniform(i) * 256),
      );
      const byLane = countCells(
        256,
        50_000,
        (i) => Math.floor(random.uniform(9, i) * 256),
      );
      const lowBits = countCells(
        256,
        50_000,
        (i) => (random.bits(i) >>> 8) & 0xFF,
      );
      const pairs = countCells(
        256,
        50_000,
        (i) => (random.bits(i) >>> 28) * 16 + (random.bits(i + 1) >>> 28),
      );
      for (const counts of [byPosition, byLane, lowBits, pairs]) {
        assert(
          Math.abs(deviation(counts)) < 4.5,
          `${deviation(counts)} standard deviations`,
        );
      }
    });
  }
}

Deno.test("seeds, streams and texts differ in about half of their bits", () => {
  const keys = [
    { seed: 1, stream: 1 },
    { seed: 2, stream: 1 },
    { seed: 1, stream: 2 },
    { seed: 1, stream: 1, index: 1 },
  ].map((key) => new CounterRandom(key));
  for (let a = 0; a < keys.length; a++) {
    for (let b = 0; b < a; b++) {
      let different = 0;
      for (let position = 0; position < 1000; position++) {
        let bits = keys[a]!.bits(position) ^ keys[b]!.bits(position);
        for (; bits !== 0; bits &= bits - 1) different++;
      }
      assert(
        different > 15_500 && different < 16_500,
        `${different} of 32000 bits differ`,
      );
    }
  }
});

Deno.test("below stays below, reaches every number and prefers none", () => {
  fc.assert(
    fc.property(
      anyWord,
      anyWord,
      fc.integer({ min: 1, max: 0xFFFFFFFF }),
      (seed, position, n) => {
        const drawn = new CounterRandom({ seed, stream: streams.shuffle })
          .below(position, n);
        assert(Number.isInteger(drawn) && drawn >= 0 && drawn < n);
      },
    ),
  );
  const random = new CounterRandom({ seed: 3, stream: streams.shuffle });
  assert.equal(random.below(17, 1), 0);
  for (const n of [2, 7, 66, 1000]) {
    const counts = countCells(n, 100_000, (i) => random.below(i, n));
    assert(counts.every((count) => count > 0));
    assert(
      Math.abs(deviation(counts)) < 4.5,
      `${n}: ${deviation(counts)} standard deviations`,
    );
  }
});

Deno.test("below refuses what is no number of choices", () => {
  const random = new CounterRandom({ seed: 0, stream: streams.shuffle });
  for (const n of [0, -1, 1.5, NaN, 2 ** 32]) {
    assert.throws(() => random.below(0, n), {
      name: "RangeError",
      message: new RegExp(`below ${n}`),
    });
  }
});

Deno.test("normal has the moments of the normal distribution", () => {
  const random = new CounterRandom({ seed: 5, stream: streams.weights });
  const draws = Array.from({ length: 100_000 }, (_, i) => random.normal(i));
  const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / draws.length;
  assert(Math.abs(moment(1)) < 0.02, `mean ${moment(1)}`);
  assert(Math.abs(moment(2) - 1) < 0.03, `variance ${moment(2)}`);
  assert(Math.abs(moment(3)) < 0.06, `skew ${moment(3)}`);
  assert(Math.abs(moment(4) - 3) < 0.2, `kurtosis ${moment(4)}`);
  const within = draws.filter((x) => Math.abs(x) < 1).length / draws.length;
  assert(
    Math.abs(within - 0.6827) < 0.01,
    `${within} within one standard deviation`,
  );
  assert(draws.every((x) => Math.abs(x) < 6));
});

Deno.test("a key that is not made of 32-bit integers is refused by name", () => {
  for (const value of [-1, 2 ** 32, 0.5, NaN, Infinity]) {
    assert.throws(() => new CounterRandom({ seed: value, stream: 1 }), {
      name: "RangeError",
      message: `Cannot use ${value} as seed: it must be an integer from 0 to 4294967295 (2^32 - 1)`,
    });
    assert.throws(
      () => new CounterRandom({ seed: 0, stream: value }),
      /as stream/,
    );
    assert.throws(
      () => new CounterRandom({ seed: 0, stream: 1, index: value }),
      /as index/,
    );
  }
});
