import assert from "node:assert/strict";
import { checkTemperature, sampleToken } from "../../lib/generation/sampling.ts";
import { CounterRandom, streams } from "../../lib/random.ts";
import fc from "../testdata/fast_check.ts";

const sampler = (seed: number, index = 0) =>
  new CounterRandom({ seed, stream: streams.sampling, index });

const row = fc.float32Array({
  minLength: 2,
  maxLength: 80,
  noNaN: true,
  min: -50,
  max: 50,
});

/** softmax(logits / temperature) over the ids from 1 on, in plain arithmetic. */
function probabilities(logits: Float32Array, temperature: number): number[] {
  const weights = Array.from(logits, (logit) => Math.exp(logit / temperature));
  weights[0] = 0;
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

for (const temperature of [0.5, 1, 2]) {
  Deno.test(`sampling: frequencies at temperature ${temperature} are softmax's`, () => {
    const logits = Float32Array.of(5, 1, -1, 0.5, 2, 0, -2, 1.5);
    const draws = 20_000, random = sampler(11);
    const counts = new Array<number>(logits.length).fill(0);
    for (let position = 0; position < draws; position++) {
      counts[sampleToken(logits, { temperature, random, position })]!++;
    }
    const expected = probabilities(logits, temperature);
    let chiSquare = 0;
    for (let id = 1; id < logits.length; id++) {
      chiSquare += (counts[id]! - draws * expected[id]!) ** 2 /
        (draws * expected[id]!);
    }
    // Six degrees of freedom: larger than 22.5 once in a thousand seeds.
    assert(chiSquare < 22.5, `chi-square ${chiSquare}, counts ${counts}`);
  });
}

Deno.test("sampling: the texts of a batch draw independently", () => {
  // Two fair coins, thrown together: each of the four outcomes is as likely.
  const logits = Float32Array.of(0, 1, 1), temperature = 1;
  const texts = [sampler(3, 0), sampler(3, 1)];
  const counts = [0, 0, 0, 0], draws = 8000;
  for (let position = 0; position < draws; position++) {
    const [a, b] = texts.map((random) =>
      sampleToken(logits, { temperature, random, position }) - 1
    );
    counts[2 * a! + b!]!++;
  }
  const chiSquare = counts.reduce(
    (sum, count) => sum + (count - draws / 4) ** 2 / (draws / 4),
    0,
  );
  assert(chiSquare < 16.3, `chi-square ${chiSquare}, counts ${counts}`);
});

Deno.test("sampling: the same seed and position draw the same token", () => {
  fc.assert(fc.property(row, fc.nat(), fc.nat(), (logits, seed, position) => {
    const draw = () => sampleToken(logits, { temperature: 1, random: sampler(seed), position });
    assert.equal(draw(), draw());
  }));
});

Deno.test("sampling: cold is argmax, however cold", () => {
  fc.assert(
    fc.property(row, fc.nat(), (logits, seed) => {
      const known = logits.subarray(1);
      const likeliest = 1 + known.indexOf(Math.max(...known));
      const rest = known.filter((_, id) => id !== likeliest - 1);
      fc.pre(Math.max(-60, ...rest) < logits[likeliest]! - 0.01);
      for (const temperature of [1e-4, 1e-300, Number.MIN_VALUE]) {
        const options = { temperature, random: sampler(seed), position: 0 };
        assert.equal(sampleToken(logits, options), likeliest);
      }
    }),
  );
});

Deno.test("sampling: hot is uniform, however hot", () => {
  const logits = Float32Array.of(0, -50, 0, 50, 12), counts = [0, 0, 0, 0, 0];
  const options = { temperature: Number.MAX_VALUE, random: sampler(5) };
  for (let position = 0; position < 8000; position++) {
    counts[sampleToken(logits, { ...options, position })]!++;
  }
  assert(counts.slice(1).every((n) => Math.abs(n - 2000) < 160), `${counts}`);
});

Deno.test("sampling: [UNK] is never drawn", () => {
  fc.assert(
    fc.property(
      row,
      fc.nat(),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      (
        logits,
        seed,
        temperature,
      ) => {
        for (const unknown of [1e9, Infinity, NaN]) {
          logits[0] = unknown;
          const options = { temperature, random: sampler(seed), position: 0 };
          const id = sampleToken(logits, options);
          assert(Number.isInteger(id) && id >= 1 && id < logits.length);
        }
      },
    ),
  );
});

Deno.test("sampling: a logit of minus infinity is a token masked out", () => {
  const logits = Float32Array.of(0, -Infinity, -200, -Infinity);
  for (let position = 0; position < 100; position++) {
    const options = { temperature: 1, random: sampler(1), position };
    assert.equal(sampleToken(logits, options), 2);
  }
});

Deno.test("sampling: logits that are no distribution are refused", () => {
  const draw = (...logits: number[]) => () =>
    sampleToken(Float32Array.from(logits), {
      temperature: 1,
      random: sampler(0),
      position: 0,
    });
  assert.throws(draw(0, 1, NaN), /the logit of id 2 is NaN/);
  assert.throws(draw(0, Infinity, 1), /the logit of id 1 is Infinity/);
  assert.throws(draw(0, -Infinity), /no token but \[UNK\]/);
  assert.throws(draw(0), /no token but \[UNK\]/);
});

Deno.test("sampling: a bad temperature is named", () => {
  for (const value of [0, -0, -1, NaN, Infinity, -Infinity]) {
    assert.throws(() => checkTemperature(value), {
      name: "RangeError",
      message: new RegExp(`^Cannot use temperature ${value}: it must be`),
    });
  }
  for (const value of ["1", null, undefined, 1n, {}]) {
    assert.throws(() => checkTemperature(value), {
      name: "TypeError",
      message: /^Cannot use temperature .*: it is not a number/,
    });
  }
  const options = { random: sampler(0), position: 0, temperature: 0 };
  assert.throws(() => sampleToken(Float32Array.of(0, 1), options), RangeError);
});
