import assert from "node:assert/strict";
import { CounterRandom, streams } from "../../lib/random.ts";
import { glorotUniform, orthogonal, uniformWeights } from "../../lib/model/initializers.ts";

const random = new CounterRandom({ seed: 3, stream: streams.weights });

Deno.test("the rows of an orthogonal matrix have length 1 and right angles", () => {
  for (
    const [rows, columns] of [[1, 3], [2, 4], [7, 21], [64, 192], [130, 390]]
  ) {
    const q = orthogonal(random, { rows: rows!, columns: columns! });
    for (let i = 0; i < rows!; i++) {
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < columns!; k++) {
          dot += q[i * columns! + k]! * q[j * columns! + k]!;
        }
        assert.ok(
          Math.abs(dot - (i === j ? 1 : 0)) < 1e-6,
          `rows ${i} and ${j}: ${dot}`,
        );
      }
    }
  }
});

Deno.test("an orthogonal matrix is the Gram–Schmidt result of its normal numbers", () => {
  const [rows, columns] = [5, 15];
  const basis: number[][] = [];
  for (let i = 0; i < rows; i++) {
    let row = Array.from(
      { length: columns },
      (_, j) => random.normal(i * columns + j),
    );
    for (const other of basis) {
      const dot = row.reduce((sum, value, k) => sum + value * other[k]!, 0);
      row = row.map((value, k) => value - dot * other[k]!);
    }
    const length = Math.hypot(...row);
    basis.push(row.map((value) => value / length));
  }
  const q = orthogonal(random, { rows, columns });
  basis.flat().forEach((value, i) => assert.ok(Math.abs(q[i]! - value) < 1e-6));
});

Deno.test("an orthogonal matrix that would be too high is refused", () => {
  assert.throws(
    () => orthogonal(random, { rows: 4, columns: 7 }),
    /4 × 7.*twice as many columns/,
  );
});

Deno.test("glorot-uniform numbers fill ±√(6 / (rows + columns))", () => {
  const values = glorotUniform(random, { rows: 100, columns: 50 });
  const limit = Math.sqrt(6 / 150);
  assert.equal(values.length, 5000);
  assert.ok(values.every((value) => Math.abs(value) < limit));
  assert.ok(
    Math.max(...values) > 0.99 * limit && Math.min(...values) < -0.99 * limit,
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.05 * limit);
});

Deno.test("uniform weights keep to their limit", () => {
  const values = uniformWeights(random, { size: 1000, limit: 0.05 });
  assert.ok(values.every((value) => Math.abs(value) < 0.05));
  assert.ok(Math.max(...values) > 0.045);
});
