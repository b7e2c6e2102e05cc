/**
 * The WebAssembly half of the CPU kernels, in AssemblyScript: a TypeScript dialect
 * whose functions become WebAssembly one to one, with 128-bit vectors.
 *
 * It has no memory of its own. It is given tfjs' heap, and every parameter that is
 * named after an array is that array's address. `deno task build:simd` compiles it,
 * once with fused multiply-add (relaxed SIMD) and once without, into simd_binary.ts.
 */

/**
 * The tile of C that stays in registers: 4 rows of two vectors, 8 accumulators, as many as two
 * units for products keep busy. An engine that compares each address with the memory's size, as
 * Deno's does, spends more on that than on the products: so a tile loads as little as it can.
 */
const tileRows: i32 = 4;
const tileColumns: i32 = 8;

// @ts-ignore: decorator
@inline
function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The address of the i-th float of an array. */
// @ts-ignore: decorator
@inline
function at(array: usize, i: i32): usize {
  return array + ((<usize>i) << 2);
}

/** Four floats, or only the first of them: loops end on single ones. */
// @ts-ignore: decorator
@inline
function read(address: usize, four: bool): v128 {
  return four ? v128.load(address) : v128.load32_zero(address);
}

// @ts-ignore: decorator
@inline
function write(address: usize, value: v128, four: bool): void {
  if (four) v128.store(address, value);
  else v128.store_lane<f32>(address, value, 0);
}

/**
 * eˣ to about one unit in the last place, for −87 ≤ x ≤ 88 (beyond, the value at that end):
 * x = n·ln 2 + r with |r| ≤ ln 2 / 2, a polynomial for eʳ, and n added to its exponent.
 * The coefficients are those of the Cephes library's expf (S. Moshier,
 * https://www.netlib.org/cephes/).
 *
 * To round x / ln 2 to n, 1.5 · 2²³ is added: the sum has no room for a fraction, and holds n in
 * its lowest bits.
 */
// @ts-ignore: decorator
@inline
function exp(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(88)), f32x4.splat(-87)); // NaN stays NaN
  const shifted = multiplyAdd(x, f32x4.splat(1.44269504088896341), f32x4.splat(12582912));
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  let r = multiplyAdd(n, f32x4.splat(-0.693359375), x);
  r = multiplyAdd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = multiplyAdd(p, r, f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/**
 * The hyperbolic tangent to 4·10⁻⁷: a polynomial of degree 13 over one of degree 6, which beyond
 * ±7.9 is 1 in float32. The coefficients are those of Eigen's generic_fast_tanh_float
 * (https://eigen.tuxfamily.org).
 */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(7.9053111)), f32x4.splat(-7.9053111)); // NaN stays NaN
  const s = f32x4.mul(x, x);
  let p = f32x4.splat(-2.76076847742355e-16);
  p = multiplyAdd(p, s, f32x4.splat(2.00018790482477e-13));
  p = multiplyAdd(p, s, f32x4.splat(-8.60467152213735e-11));
  p = multiplyAdd(p, s, f32x4.splat(5.12229709037114e-8));
  p = multiplyAdd(p, s, f32x4.splat(1.48572235717979e-5));
  p = multiplyAdd(p, s, f32x4.splat(6.37261928875436e-4));
  p = multiplyAdd(p, s, f32x4.splat(4.89352455891786e-3));
  let q = f32x4.splat(1.19825839466702e-6);
  q = multiplyAdd(q, s, f32x4.splat(1.18534705686654e-4));
  q = multiplyAdd(q, s, f32x4.splat(2.26843463243900e-3));
  q = multiplyAdd(q, s, f32x4.splat(4.89352518554385e-3));
  return f32x4.div(f32x4.mul(x, p), q);
}

/** 1 / (1 + e⁻ˣ) = (1 + tanh(x / 2)) / 2 */
// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return multiplyAdd(tanh(f32x4.mul(x, half)), half, half);
}

/** Gates and next state of some units of one row; gru.ts has the equations. */
// @ts-ignore: decorator
@inline
function forwardUnits(
  u: i32, units: i32, projected: usize, recurrent: usize, bias: usize,
  previousStates: usize, hidden: usize, gates: usize, four: bool,
): void {
  const v = u + units;
  const w = v + units;
  const z = sigmoid(f32x4.add(
    f32x4.add(read(at(recurrent, u), four), read(at(bias, u), four)),
    read(at(projected, u), four),
  ));
  const r = sigmoid(f32x4.add(
    f32x4.add(read(at(recurrent, v), four), read(at(bias, v), four)),
    read(at(projected, v), four),
  ));
  const q = f32x4.add(read(at(recurrent, w), four), read(at(bias, w), four));
  const candidate = tanh(multiplyAdd(r, q, read(at(projected, w), four)));
  const old = read(at(previousStates, u), four);
  write(at(hidden, u), multiplyAdd(z, f32x4.sub(old, candidate), candidate), four);
  write(at(gates, u), z, four);
  write(at(gates, v), r, four);
  write(at(gates, w), candidate, four);
  write(at(gates, w + units), q, four);
}

/** Which row of the input side a step of a text takes: its own, or the one its id names. */
// @ts-ignore: decorator
@inline
function inputRow(ids: usize, row: i32): i32 {
  return ids == 0 ? row : load<i32>(at(ids, row));
}

/**
 * Step t of the forward pass, for all rows of the batch.
 *
 * before is [time, batch, units], hidden [batch, time, units]; projected is [rows, 3·units], and
 * ids, [batch, time], say which row is whose, or it is 0; recurrent is [batch, 3·units]; gates is
 * [time, batch, 4·units], or [1, batch, 4·units] with gateTime 1.
 */
export function gruForward(
  batch: i32, time: i32, units: i32, t: i32, gateTime: i32, ids: usize, projected: usize,
  recurrent: usize, bias: usize, previousStates: usize, hidden: usize, gates: usize,
): void {
  for (let b: i32 = 0; b < batch; b++) {
    const row = b * time + t;
    const p = at(projected, inputRow(ids, row) * 3 * units);
    const h = at(recurrent, b * 3 * units);
    const old = at(previousStates, (t * batch + b) * units);
    const next = at(hidden, row * units);
    const g = at(gates, (t % gateTime * batch + b) * 4 * units);
    let u: i32 = 0;
    for (; u + 4 <= units; u += 4) forwardUnits(u, units, p, h, bias, old, next, g, true);
    for (; u < units; u++) forwardUnits(u, units, p, h, bias, old, next, g, false);
    // The state after this step is the state before the next one.
    if (t + 1 < time) memory.copy(at(old, batch * units), next, (<usize>units) << 2);
  }
}

// @ts-ignore: decorator
@inline
function addTo(address: usize, value: v128, four: bool): void {
  write(address, f32x4.add(read(address, four), value), four);
}

/** The gradients at some units of one row; gru.ts has the equations. */
// @ts-ignore: decorator
@inline
function backwardUnits(
  u: i32, units: i32, gates: usize, previousStates: usize, gradient: usize, gradHidden: usize,
  gradProjected: usize, gradRecurrent: usize, bias: usize, four: bool,
): void {
  const one = f32x4.splat(1);
  const v = u + units;
  const w = v + units;
  const z = read(at(gates, u), four);
  const r = read(at(gates, v), four);
  const candidate = read(at(gates, w), four);
  const q = read(at(gates, w + units), four);
  const g = f32x4.add(read(at(gradient, u), four), read(at(gradHidden, u), four));
  const rest = f32x4.mul(g, f32x4.sub(one, z));
  const dCandidate = f32x4.mul(rest, f32x4.sub(one, f32x4.mul(candidate, candidate)));
  const dz = f32x4.mul(f32x4.mul(rest, z), f32x4.sub(read(at(previousStates, u), four), candidate));
  const dr = f32x4.mul(f32x4.mul(dCandidate, q), f32x4.mul(r, f32x4.sub(one, r)));
  const dq = f32x4.mul(dCandidate, r);
  addTo(at(gradProjected, u), dz, four);
  addTo(at(gradProjected, v), dr, four);
  addTo(at(gradProjected, w), dCandidate, four);
  write(at(gradRecurrent, u), dz, four);
  write(at(gradRecurrent, v), dr, four);
  write(at(gradRecurrent, w), dq, four);
  addTo(at(bias, u), dz, four);
  addTo(at(bias, v), dr, four);
  addTo(at(bias, w), dq, four);
  write(at(gradHidden, u), f32x4.mul(g, z), four);
}

/**
 * Step t of the backward pass, for all rows of the batch.
 *
 * gradHidden is [batch, units], gradRecurrent [time, batch, 3·units]; gradProjected is [rows, 3·units]
 * and bias [3·units]: to both is added.
 */
export function gruBackward(
  batch: i32, time: i32, units: i32, t: i32, ids: usize, gates: usize, previousStates: usize,
  gradient: usize, gradHidden: usize, gradProjected: usize, gradRecurrent: usize, bias: usize,
): void {
  for (let b: i32 = 0; b < batch; b++) {
    const row = b * time + t;
    const timeMajor = t * batch + b;
    const g = at(gates, timeMajor * 4 * units);
    const old = at(previousStates, timeMajor * units);
    const by = at(gradient, row * units);
    const c = at(gradHidden, b * units);
    const d = at(gradProjected, inputRow(ids, row) * 3 * units);
    const e = at(gradRecurrent, timeMajor * 3 * units);
    let u: i32 = 0;
    for (; u + 4 <= units; u += 4) backwardUnits(u, units, g, old, by, c, d, e, bias, true);
    for (; u < units; u++) backwardUnits(u, units, g, old, by, c, d, e, bias, false);
  }
}

/**
 * The cross-entropy of rows of logits and its gradient; crossentropy.ts has the equations.
 *
 * sums[i] ← Σⱼ exp(xⱼ − max), chosen[i] ← x at the row's id − max, and gradient, of the
 * logits' size, ← scale · (exp(xⱼ − max) / sums[i] − [j = id]).
 */
export function crossentropy(
  rows: i32, width: i32, logits: usize, ids: usize, scale: f32, sums: usize, chosen: usize,
  gradient: usize,
): void {
  for (let i: i32 = 0; i < rows; i++) {
    const x = at(logits, i * width);
    const d = at(gradient, i * width);
    let largest = f32x4.splat(load<f32>(x));
    let j: i32 = 0;
    for (; j + 4 <= width; j += 4) largest = f32x4.max(largest, v128.load(at(x, j)));
    for (; j < width; j++) largest = f32x4.max(largest, v128.load32_splat(at(x, j)));
    largest = f32x4.splat(max<f32>(
      max<f32>(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
      max<f32>(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
    ));
    let total = f32x4.splat(0);
    for (j = 0; j + 4 <= width; j += 4) {
      const e = exp(f32x4.sub(v128.load(at(x, j)), largest));
      v128.store(at(d, j), e);
      total = f32x4.add(total, e);
    }
    let sum = sumOf(total);
    for (; j < width; j++) {
      const e = f32x4.extract_lane(exp(f32x4.sub(v128.load32_splat(at(x, j)), largest)), 0);
      store<f32>(at(d, j), e);
      sum += e;
    }
    const by = f32x4.splat(scale / sum);
    for (j = 0; j + 4 <= width; j += 4) v128.store(at(d, j), f32x4.mul(v128.load(at(d, j)), by));
    for (; j < width; j++) store<f32>(at(d, j), load<f32>(at(d, j)) * (scale / sum));
    const id = load<i32>(at(ids, i));
    store<f32>(at(d, id), load<f32>(at(d, id)) - scale);
    store<f32>(at(sums, i), sum);
    store<f32>(at(chosen, i), load<f32>(at(x, id)) - f32x4.extract_lane(largest, 0));
  }
}

/** sum[j] ← Σ matrix[i][j], over rows of `width` floats. */
export function sumRows(rows: i32, width: i32, matrix: usize, sum: usize): void {
  memory.fill(sum, 0, (<usize>width) << 2);
  for (let i: i32 = 0; i < rows; i++) {
    const row = at(matrix, i * width);
    let j: i32 = 0;
    for (; j + 4 <= width; j += 4) {
      v128.store(at(sum, j), f32x4.add(v128.load(at(sum, j)), v128.load(at(row, j))));
    }
    for (; j < width; j++) store<f32>(at(sum, j), load<f32>(at(sum, j)) + load<f32>(at(row, j)));
  }
}

// @ts-ignore: decorator
@inline
function adamUnits(
  i: i32, weight: usize, mean: usize, meanSquare: usize, gradient: usize,
  scale: f32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, four: bool,
): void {
  const g = f32x4.mul(read(at(gradient, i), four), f32x4.splat(scale));
  let m = read(at(mean, i), four);
  let v = read(at(meanSquare, i), four);
  m = f32x4.add(m, f32x4.mul(f32x4.splat(<f32>1 - beta1), f32x4.sub(g, m)));
  v = f32x4.add(v, f32x4.mul(f32x4.splat(<f32>1 - beta2), f32x4.sub(f32x4.mul(g, g), v)));
  const down = f32x4.div(
    f32x4.mul(f32x4.splat(rate), m),
    f32x4.add(f32x4.sqrt(v), f32x4.splat(epsilon)),
  );
  write(at(mean, i), m, four);
  write(at(meanSquare, i), v, four);
  write(at(weight, i), f32x4.sub(read(at(weight, i), four), down), four);
}

/** One step of Adam on `size` weights; adam.ts has the equations. */
export function adam(
  size: i32, weight: usize, mean: usize, meanSquare: usize, gradient: usize,
  scale: f32, rate: f32, beta1: f32, beta2: f32, epsilon: f32,
): void {
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4) {
    adamUnits(i, weight, mean, meanSquare, gradient, scale, rate, beta1, beta2, epsilon, true);
  }
  for (; i < size; i++) {
    adamUnits(i, weight, mean, meanSquare, gradient, scale, rate, beta1, beta2, epsilon, false);
  }
}

/**
 * Σ x², added up in float64: in float32 a sum over millions of numbers grows so much larger than
 * what is added to it that a thousandth gets lost.
 */
export function sumSquares(size: i32, x: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i: i32 = 0;
  for (; i + 4 <= size; i += 4) {
    const four = v128.load(at(x, i));
    const a = f64x2.promote_low_f32x4(four);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; i < size; i++) {
    const a = <f64>load<f32>(at(x, i));
    total += a * a;
  }
  return total;
}

/** Four columns of a panel from four rows that lie straight on: 4 × 4 numbers at a time. */
function packColumns(k: i32, strideTo: i32, source: usize, stride: i32, panel: usize): void {
  const s1 = at(source, stride), s2 = at(s1, stride), s3 = at(s2, stride);
  let p: i32 = 0;
  for (; p + 4 <= k; p += 4) {
    const a = v128.load(at(source, p)), b = v128.load(at(s1, p));
    const c = v128.load(at(s2, p)), d = v128.load(at(s3, p));
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5), CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(at(panel, p * strideTo), v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(at(panel, (p + 1) * strideTo), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
    v128.store(at(panel, (p + 2) * strideTo), v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
    v128.store(at(panel, (p + 3) * strideTo), v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
  }
  for (; p < k; p++) {
    const to = at(panel, p * strideTo);
    store<f32>(to, load<f32>(at(source, p)));
    store<f32>(to, load<f32>(at(s1, p)), 4);
    store<f32>(to, load<f32>(at(s2, p)), 8);
    store<f32>(to, load<f32>(at(s3, p)), 12);
  }
}

/**
 * Copies a matrix into panels of `width` neighbouring columns, a multiple of 4, row by row within
 * a panel, the last panel filled up with zeros, so that a product reads memory straight on.
 *
 * Element (p, j) of the k × n matrix lies at source[p·strideRow + j·strideColumn]; the rows of a
 * panel lie `strideTo` floats apart.
 */
export function pack(
  k: i32, n: i32, width: i32, source: usize, strideRow: i32, strideColumn: i32, panels: usize,
  strideTo: i32,
): void {
  for (let j: i32 = 0; j < n; j += width) {
    const columns = min(width, n - j);
    const panel = at(panels, j * k);
    if (strideColumn == 1 && columns == width) {
      for (let p: i32 = 0; p < k; p++) {
        const from = at(source, p * strideRow + j);
        const to = at(panel, p * strideTo);
        for (let c: i32 = 0; c < width; c += 4) v128.store(at(to, c), v128.load(at(from, c)));
      }
    } else if (strideRow == 1 && columns == width) {
      for (let c: i32 = 0; c < width; c += 4) {
        packColumns(k, strideTo, at(source, (j + c) * strideColumn), strideColumn, at(panel, c));
      }
    } else {
      for (let c: i32 = 0; c < columns; c++) {
        const from = at(source, (j + c) * strideColumn);
        for (let p: i32 = 0; p < k; p++) {
          store<f32>(at(panel, p * strideTo + c), load<f32>(at(from, p * strideRow)));
        }
      }
      for (let c: i32 = columns; c < width; c++) {
        for (let p: i32 = 0; p < k; p++) store<f32>(at(panel, p * strideTo + c), 0);
      }
    }
  }
}

/** C ← C·beta + sum, on a tile's two vectors of one row. */
// @ts-ignore: decorator
@inline
function writeTile(c: usize, left: v128, right: v128, add: bool): void {
  v128.store(c, add ? f32x4.add(v128.load(c), left) : left);
  v128.store(c, add ? f32x4.add(v128.load(c, 16), right) : right, 16);
}

/** One 4 × 8 tile of C from a panel of A (k × 4) and a panel of B (k × 8). */
function tile(k: i32, a: usize, b: usize, c: usize, strideC: i32, add: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let p: i32 = 0; p < k; p++) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    const four = v128.load(a);
    let x = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
    c00 = multiplyAdd(x, left, c00), c01 = multiplyAdd(x, right, c01);
    x = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
    c10 = multiplyAdd(x, left, c10), c11 = multiplyAdd(x, right, c11);
    x = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
    c20 = multiplyAdd(x, left, c20), c21 = multiplyAdd(x, right, c21);
    x = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
    c30 = multiplyAdd(x, left, c30), c31 = multiplyAdd(x, right, c31);
    a += 16;
    b += 32;
  }
  const row = (<usize>strideC) << 2;
  writeTile(c, c00, c01, add);
  writeTile(c + row, c10, c11, add);
  writeTile(c + 2 * row, c20, c21, add);
  writeTile(c + 3 * row, c30, c31, add);
}

/**
 * C ← A·B, or C + A·B if `add`, with both factors in panels: A of m × k in panels of 4 rows,
 * B of k × n in panels of 8 columns. `edge` is room for one tile: where C ends inside a
 * tile, the tile is made there and only what belongs to C is taken over.
 */
export function multiplyPanels(
  m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, strideC: i32, add: bool, edge: usize,
): void {
  for (let j: i32 = 0; j < n; j += tileColumns) {
    const panelB = at(b, j * k);
    const columns = min(tileColumns, n - j);
    for (let i: i32 = 0; i < m; i += tileRows) {
      const panelA = at(a, i * k);
      const rows = min(tileRows, m - i);
      const corner = at(c, i * strideC + j);
      if (rows == tileRows && columns == tileColumns) {
        tile(k, panelA, panelB, corner, strideC, add);
        continue;
      }
      tile(k, panelA, panelB, edge, tileColumns, false);
      for (let p: i32 = 0; p < rows; p++) {
        for (let q: i32 = 0; q < columns; q++) {
          const to = at(corner, p * strideC + q);
          const value = load<f32>(at(edge, p * tileColumns + q));
          store<f32>(to, add ? load<f32>(to) + value : value);
        }
      }
    }
  }
}

/** The sum of the four numbers of a vector. */
// @ts-ignore: decorator
@inline
function sumOf(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
function put(y: usize, sum: f32, add: bool): void {
  store<f32>(y, add ? load<f32>(y) + sum : sum);
}

/** The product of one row and a vector, in the same order of sums as four rows at a time. */
// @ts-ignore: decorator
@inline
function dot(columns: i32, row: usize, x: usize): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  let j: i32 = 0;
  for (; j + 8 <= columns; j += 8) {
    s0 = multiplyAdd(v128.load(at(row, j)), v128.load(at(x, j)), s0);
    s1 = multiplyAdd(v128.load(at(row, j), 16), v128.load(at(x, j), 16), s1);
  }
  let sum = sumOf(f32x4.add(s0, s1));
  for (; j < columns; j++) sum += load<f32>(at(row, j)) * load<f32>(at(x, j));
  return sum;
}

/**
 * y ← A·x, or y + A·x if `add`, with A of rows × columns: four rows at a time, each straight
 * on, since a sum that waits for the one before would leave the processor idle.
 */
export function dotRows(
  rows: i32, columns: i32, a: usize, strideA: i32, x: usize, y: usize, add: bool,
): void {
  let i: i32 = 0;
  for (; i + 4 <= rows; i += 4) {
    const r0 = at(a, i * strideA), r1 = at(r0, strideA), r2 = at(r1, strideA), r3 = at(r2, strideA);
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
    let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    let j: i32 = 0;
    for (; j + 8 <= columns; j += 8) {
      const x0 = v128.load(at(x, j)), x1 = v128.load(at(x, j), 16);
      s00 = multiplyAdd(v128.load(at(r0, j)), x0, s00);
      s01 = multiplyAdd(v128.load(at(r0, j), 16), x1, s01);
      s10 = multiplyAdd(v128.load(at(r1, j)), x0, s10);
      s11 = multiplyAdd(v128.load(at(r1, j), 16), x1, s11);
      s20 = multiplyAdd(v128.load(at(r2, j)), x0, s20);
      s21 = multiplyAdd(v128.load(at(r2, j), 16), x1, s21);
      s30 = multiplyAdd(v128.load(at(r3, j)), x0, s30);
      s31 = multiplyAdd(v128.load(at(r3, j), 16), x1, s31);
    }
    let t0 = sumOf(f32x4.add(s00, s01)), t1 = sumOf(f32x4.add(s10, s11));
    let t2 = sumOf(f32x4.add(s20, s21)), t3 = sumOf(f32x4.add(s30, s31));
    for (; j < columns; j++) {
      const value = load<f32>(at(x, j));
      t0 += load<f32>(at(r0, j)) * value;
      t1 += load<f32>(at(r1, j)) * value;
      t2 += load<f32>(at(r2, j)) * value;
      t3 += load<f32>(at(r3, j)) * value;
    }
    put(at(y, i), t0, add);
    put(at(y, i + 1), t1, add);
    put(at(y, i + 2), t2, add);
    put(at(y, i + 3), t3, add);
  }
  for (; i < rows; i++) put(at(y, i), dot(columns, at(a, i * strideA), x), add);
}

/** y ← xᵀ·B (y holds 0 or what is to be added to), reading each row of B straight on, once. */
export function addRowsTimes(
  k: i32, n: i32, x: usize, b: usize, strideB: i32, y: usize,
): void {
  let p: i32 = 0;
  for (; p + 4 <= k; p += 4) {
    const row = at(b, p * strideB);
    const next = (<usize>strideB) << 2;
    const x0 = v128.load32_splat(at(x, p)), x1 = v128.load32_splat(at(x, p), 4);
    const x2 = v128.load32_splat(at(x, p), 8), x3 = v128.load32_splat(at(x, p), 12);
    let j: i32 = 0;
    for (; j + 4 <= n; j += 4) {
      let sum = multiplyAdd(x0, v128.load(at(row, j)), v128.load(at(y, j)));
      sum = multiplyAdd(x1, v128.load(at(row + next, j)), sum);
      sum = multiplyAdd(x2, v128.load(at(row + 2 * next, j)), sum);
      v128.store(at(y, j), multiplyAdd(x3, v128.load(at(row + 3 * next, j)), sum));
    }
    for (; j < n; j++) {
      store<f32>(at(y, j), load<f32>(at(y, j)) +
        load<f32>(at(x, p)) * load<f32>(at(row, j)) +
        load<f32>(at(x, p + 1)) * load<f32>(at(row + next, j)) +
        load<f32>(at(x, p + 2)) * load<f32>(at(row + 2 * next, j)) +
        load<f32>(at(x, p + 3)) * load<f32>(at(row + 3 * next, j)));
    }
  }
  for (; p < k; p++) {
    const row = at(b, p * strideB);
    const factor = load<f32>(at(x, p));
    for (let j: i32 = 0; j < n; j++) {
      store<f32>(at(y, j), load<f32>(at(y, j)) + factor * load<f32>(at(row, j)));
    }
  }
}
