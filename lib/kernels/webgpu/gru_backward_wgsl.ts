/**
 * The shader of a GRU's step backward; `gru_wgsl.ts` says how it is laid out.
 *
 * @module
 */
import { gpuTiles, type GruTile, sizes, softwareTile, unitsOfTile } from "./gru_wgsl.ts";
import { lines } from "./matmul_wgsl.ts";
import type { Shader } from "./shader.ts";

/**
 * One step backward: the product E·Rᵀ of a tile at step t + 1, which completes the
 * gradient that comes back from there, then the gradients of the gates at step t.
 *
 * ```text
 * g  = gradient[t] + carried + E[t+1]·Rᵀ          carried ← g ⊙ z
 * dĥ = g ⊙ (1 − z) ⊙ (1 − ĥ²)      dz = g ⊙ (h − ĥ) ⊙ z ⊙ (1 − z)
 * dr = dĥ ⊙ q ⊙ r ⊙ (1 − r)        D = [dz, dr, dĥ]      E = [dz, dr, dĥ ⊙ r]
 * ```
 *
 * Buffers: `recurrentKernel` `[units, 3·units]`, `gates` `[batch, time, 4·units]`, `before`
 * and `gradient` `[batch, time, units]`, `carried` `[batch, units]`, and `inputSide` (D)
 * and `recurrentSide` (E) `[batch, time, 3·units]`. Dispatch, once for each step and once
 * more: x over units by 16, y over texts by 8 · rowGroups. The s-th is for t = time − 1 − s.
 * The first has no later step to multiply; the last has no gates, and leaves in `carried`
 * the gradient of the state before the sequence.
 */
export function gruBackwardShader(tile: GruTile): Shader {
  const { rowGroups, invocations } = tile;
  const rows = 8 * rowGroups;
  const quads = unitsOfTile / 4;
  const slices = invocations / (quads * rowGroups);
  const depth = invocations / quads;
  const stride = rows / 4 + 1; // vectors
  const weightStride = quads + 1;
  const together = invocations / 64; // slices whose sums are in workgroup memory at once
  const sums = rows * quads; // vectors that a slice has
  return {
    key: `gru backward ${JSON.stringify(tile)}`,
    buffers: [
      ...["recurrentKernel", "gates", "before", "gradient"].map((name) => (
        { name, access: "read" } as const
      )),
      ...["carried", "inputSide", "recurrentSide"].map((name) => (
        { name, access: "read_write" } as const
      )),
    ],
    uniforms: sizes,
    code: () => `
// E as [k][row / 4]; after the product the sums of ${together} slices, [slice][row][unit / 4]
var<workgroup> sides: array<vec4<f32>, ${depth * stride}>;
// Rᵀ as [k][unit / 4]; after the product the sums, [row][unit / 4]
var<workgroup> weights: array<vec4<f32>, ${depth * weightStride}>;
// E at the step after this one.
fn sideOf(row: u32, k: u32) -> f32 {
  let wide = 3u * numbers.units;
  if (row >= numbers.batch || k >= wide) { return 0.0; }
  return recurrentSide[(row * numbers.time + numbers.time - now.step) * wide + k];
}
fn weightOf(unit: u32, k: u32) -> f32 {
  let wide = 3u * numbers.units;
  if (unit >= numbers.units || k >= wide) { return 0.0; }
  return recurrentKernel[unit * wide + k];
}
@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let units = numbers.units;
  let firstUnit = group.x * ${unitsOfTile}u;
  let firstRow = group.y * ${rows}u;
  let quad = lane % ${quads}u;
  let rowGroup = lane / ${quads}u % ${rowGroups}u;
  let slice = lane / ${quads * rowGroups}u;
  // Which vectors this invocation copies.
  let copyDepth = lane % ${depth}u;
  let copyQuad = lane / ${depth}u;
${lines(8, (i) => `  var sum${i} = vec4<f32>();`)}
${lines(Math.ceil(rows / 16), (i) => `  var nextSide${i} = vec4<f32>();`)}
  var nextWeight = vec4<f32>();
  let end = select(3u * units, 0u, now.step == 0u);
  for (var k = 0u; k < end + ${depth}u; k += ${depth}u) {
    // The part fetched in the last turn goes to workgroup memory, the next one is fetched.
    if (k > 0u) {
      workgroupBarrier();
${
      lines(Math.ceil(rows / 16), (i) =>
        `      if (copyQuad + ${4 * i}u < ${rows / 4}u) {
        sides[copyDepth * ${stride}u + copyQuad + ${4 * i}u] = nextSide${i};
      }`)
    }
      weights[copyDepth * ${weightStride}u + copyQuad] = nextWeight;
      workgroupBarrier();
    }
    if (k < end) {
      let d = k + copyDepth;
${
      lines(Math.ceil(rows / 16), (i) =>
        `      let row${i} = firstRow + 4u * (copyQuad + ${4 * i}u);
      nextSide${i} = vec4<f32>(
${lines(4, (j) => `        sideOf(row${i} + ${j}u, d),`)}
      );`)
    }
      let unit = firstUnit + 4u * copyQuad;
      nextWeight = vec4<f32>(
${lines(4, (j) => `        weightOf(unit + ${j}u, d),`)}
      );
    }
    if (k > 0u) {
      let d = slice * ${depth / slices}u;
${
      lines(depth / slices, (i) =>
        `      {
        let at = (d + ${i}u) * ${stride}u + 2u * rowGroup;
        let side0 = sides[at];
        let side1 = sides[at + 1u];
        let weight = weights[(d + ${i}u) * ${weightStride}u + quad];
${lines(8, (i) => `        sum${i} += side${i >> 2}.${"xyzw"[i & 3]} * weight;`)}
      }`)
    }
    }
  }
  var total = vec4<f32>();
  for (var turn = 0u; turn < ${slices}u; turn += ${together}u) {
    workgroupBarrier();
    if (slice / ${together}u == turn / ${together}u) {
${
      lines(8, (i) =>
        `      sides[(slice - turn) * ${sums}u + (8u * rowGroup + ${i}u) * ${quads}u + quad] = sum${i};`)
    }
    }
    workgroupBarrier();
    if (lane < ${sums}u) {
${lines(together, (i) => `      total += sides[${i * sums}u + lane];`)}
    }
  }
  if (lane < ${sums}u) { weights[lane] = total; }
  workgroupBarrier();
  for (var i = lane; i < ${rows * unitsOfTile}u; i += ${invocations}u) {
    let row = firstRow + i / ${unitsOfTile}u;
    let u = firstUnit + i % ${unitsOfTile}u;
    if (row >= numbers.batch || u >= units) { continue; }
    var g = weights[i / 4u][i % 4u];
    if (now.step > 0u) { g += carried[row * units + u]; }
    if (now.step == numbers.time) {
      carried[row * units + u] = g;
      continue;
    }
    let at = row * numbers.time + numbers.time - 1u - now.step;
    g += gradient[at * units + u];
    let gate = at * 4u * units + u;
    let z = gates[gate];
    let r = gates[gate + units];
    let candidate = gates[gate + 2u * units];
    let q = gates[gate + 3u * units];
    let dCandidate = g * (1.0 - z) * (1.0 - candidate * candidate);
    let dz = g * (before[at * units + u] - candidate) * z * (1.0 - z);
    let dr = dCandidate * q * r * (1.0 - r);
    carried[row * units + u] = g * z;
    let side = at * 3u * units + u;
    inputSide[side] = dz;
    inputSide[side + units] = dr;
    inputSide[side + 2u * units] = dCandidate;
    recurrentSide[side] = dz;
    recurrentSide[side + units] = dr;
    recurrentSide[side + 2u * units] = dCandidate * r;
  }
}`,
  };
}

/** All forms of {@linkcode gruBackwardShader}. */
export function gruBackwardShaders(): Shader[] {
  return [softwareTile, ...gpuTiles].map(gruBackwardShader);
}
