/**
 * Sums of products in float64, row by row, so that a reference of thousands of numbers takes no
 * minutes: four rows of a matrix at a time, from beginning to end.
 *
 * @module
 */

/** A matrix of which one row lies behind the other. */
export interface Matrix {
  readonly values: Float64Array;
  readonly columns: number;
}

/** Some numbers of an array. */
export interface Part {
  readonly values: Float64Array;
  /** Where they begin; default 0. */
  readonly first?: number;
}

/** to[j] += Σ_v row[v] · matrix[v][j] */
export function addProduct(
  to: Float64Array,
  { matrix, row: { values: row, first = 0 } }: { readonly matrix: Matrix; readonly row: Part },
): void {
  const { values, columns } = matrix;
  const rows = values.length / columns;
  let v = 0;
  for (; v + 3 < rows; v += 4) {
    const [a, b, c, d] = [
      row[first + v],
      row[first + v + 1],
      row[first + v + 2],
      row[first + v + 3],
    ];
    const [r, s, t, u] = [v * columns, (v + 1) * columns, (v + 2) * columns, (v + 3) * columns];
    for (let j = 0; j < columns; j++) {
      to[j]! += a! * values[r + j]! + b! * values[s + j]! + c! * values[t + j]! +
        d! * values[u + j]!;
    }
  }
  for (; v < rows; v++) {
    for (let j = 0; j < columns; j++) to[j]! += row[first + v]! * values[v * columns + j]!;
  }
}

/** to[first + v] += Σ_j row[j] · matrix[v][j] */
export function addTransposedProduct(
  { values: to, first = 0 }: Part,
  { matrix, row }: { readonly matrix: Matrix; readonly row: Float64Array },
): void {
  const { values, columns } = matrix;
  const rows = values.length / columns;
  let v = 0;
  for (; v + 3 < rows; v += 4) {
    const [r, s, t, u] = [v * columns, (v + 1) * columns, (v + 2) * columns, (v + 3) * columns];
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let j = 0; j < columns; j++) {
      const factor = row[j];
      a += factor! * values[r + j]!;
      b += factor! * values[s + j]!;
      c += factor! * values[t + j]!;
      d += factor! * values[u + j]!;
    }
    to[first + v]! += a;
    to[first + v + 1]! += b;
    to[first + v + 2]! += c;
    to[first + v + 3]! += d;
  }
  for (; v < rows; v++) {
    for (let j = 0; j < columns; j++) to[first + v]! += row[j]! * values[v * columns + j]!;
  }
}

/** matrix[v][j] += column[v] · row[j] */
export function addOuterProduct(
  { values, columns }: Matrix,
  { column: { values: column, first = 0 }, row }: {
    readonly column: Part;
    readonly row: Float64Array;
  },
): void {
  const rows = values.length / columns;
  for (let v = 0; v < rows; v++) {
    const factor = column[first + v];
    for (let j = 0, at = v * columns; j < columns; j++, at++) values[at]! += factor! * row[j]!;
  }
}
