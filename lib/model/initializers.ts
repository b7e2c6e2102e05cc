/**
 * The first weights of a model: the same numbers on every device for the same seed.
 *
 * @module
 */
import { type MatrixSize, orthogonalizeRows } from "../kernels/mod.ts";
import type { CounterRandom } from "../random.ts";

/**
 * Numbers uniform in (−limit, limit).
 *
 * @param random Where the numbers come from.
 * @param options.size How many.
 * @param options.limit The largest they can be.
 */
export function uniformWeights(
  random: CounterRandom,
  { size, limit }: { readonly size: number; readonly limit: number },
): Float32Array {
  return Float32Array.from(
    { length: size },
    (_, i) => (2 * random.uniform(i) - 1) * limit,
  );
}

/**
 * A matrix of `rows` inputs and `columns` outputs whose signals neither grow nor
 * shrink: uniform in ±√(6 / (rows + columns)). Source: Glorot and Bengio 2010,
 * https://proceedings.mlr.press/v9/glorot10a.html.
 */
export function glorotUniform(
  random: CounterRandom,
  { rows, columns }: MatrixSize,
): Float32Array {
  return uniformWeights(random, {
    size: rows * columns,
    limit: Math.sqrt(6 / (rows + columns)),
  });
}

/**
 * A random matrix whose rows have length 1 and stand at right angles to each other,
 * as Keras' `orthogonal` initializer draws them.
 *
 * @param random Where the numbers come from.
 * @param size `columns` at least twice `rows`.
 * @returns The matrix, row by row.
 * @throws {RangeError} If there are fewer columns than twice the rows.
 */
export function orthogonal(random: CounterRandom, { rows, columns }: MatrixSize): Float32Array {
  if (columns < 2 * rows) {
    throw new RangeError(
      `Cannot draw an orthogonal matrix of ${rows} × ${columns}: it takes twice as many columns as rows`,
    );
  }
  const normal = Float32Array.from({ length: rows * columns }, (_, i) => random.normal(i));
  return orthogonalizeRows(normal, { rows, columns });
}
