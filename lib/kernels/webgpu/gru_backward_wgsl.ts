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
 * g  = gradient[t] + gradHidden + E[t+1]·Rᵀ          gradHidden ← g ⊙ z
 * dĥ = g ⊙ (1 − z) ⊙ (1 − ĥ²)      dz = g ⊙ (h − ĥ) ⊙ z ⊙ (1 − z)
 * dr = dĥ ⊙ q ⊙ r ⊙ (1 − r)        D = [dz, dr, dĥ]      E = [dz, dr, dĥ ⊙ r]
 * ```
 *
 * Buffers: `recurrentKernel` `[units, 3·units]`, `gates` `[batch, time, 4·units]`, `before`
 * and `gradient` `[batch, time, units]`, `gradHidden` `[batch, units]`, and `gradProjected` (D)
 * and `gradRecurrent` (E) `[batch, time, 3·units]`. Dispatch, once for each step and once
 * more: x over units by 16, y over texts by 8 · rowGroups. The s-th is for t = time − 1 − s.
 * The first has no later step to multiply; the last has no gates, and leaves in `gradHidden`
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
      ...["recurrentKernel", "gates", "previousStates", "gradient"].map((name) => (
        { name, access: "read" } as const
      )),
      ...["gradHidden", "gradProjected", "gradRecurrent"].map((name) => (
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
  let wide = 3u * uniforms.units;
  if (row >= uniforms.batch || k >= wide) { return 0.0; }
  return gradRecurrent[(row * uniforms.time + uniforms.time - stepIndex.value) * wide + k];
}
fn weightOf(unit: u32, k: u32) -> f32 {
  let wide = 3u * uniforms.units;
  if (unit >= uniforms.units || k >= wide) { return 0.0; }
  return recurrentKernel[unit * wide + k];
}
@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let units = uniforms.units;
  let firstUnit = group.x * ${unitsOfTile}u;
  let firstRow = group.y * ${rows}u;
  let quad = localIndex % ${quads}u;
  let rowGroup = localIndex / ${quads}u % ${rowGroups}u;
  let slice = localIndex / ${quads * rowGroups}u;
  // Which vectors this invocation copies.
  let copyDepth = localIndex % ${depth}u;
  let copyQuad = localIndex / ${depth}u;
${lines(8, (i) => `  var sum${i} = vec4<f32>();`)}
${lines(Math.ceil(rows / 16), (i) => `  var nextSide${i} = vec4<f32>();`)}
  var nextWeight = vec4<f32>();
  let end = select(3u * units, 0u, stepIndex.value == 0u);
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
    if (localIndex < ${sums}u) {
${lines(together, (i) => `      total += sides[${i * sums}u + localIndex];`)}
    }
  }
  if (localIndex < ${sums}u) { weights[localIndex] = total; }
  workgroupBarrier();
  for (var i = localIndex; i < ${rows * unitsOfTile}u; i += ${invocations}u) {
    let row = firstRow + i / ${unitsOfTile}u;
    let u = firstUnit + i % ${unitsOfTile}u;
    if (row >= uniforms.batch || u >= units) { continue; }
    var g = weights[i / 4u][i % 4u];
    if (stepIndex.value > 0u) { g += gradHidden[row * units + u]; }
    if (stepIndex.value == uniforms.time) {
      gradHidden[row * units + u] = g;
      continue;
    }
    let at = row * uniforms.time + uniforms.time - 1u - stepIndex.value;
    g += gradient[at * units + u];
    let gate = at * 4u * units + u;
    let z = gates[gate];
    let r = gates[gate + units];
    let candidate = gates[gate + 2u * units];
    let q = gates[gate + 3u * units];
    let dCandidate = g * (1.0 - z) * (1.0 - candidate * candidate);
    let dz = g * (previousStates[at * units + u] - candidate) * z * (1.0 - z);
    let dr = dCandidate * q * r * (1.0 - r);
    gradHidden[row * units + u] = g * z;
    let side = at * 3u * units + u;
    gradProjected[side] = dz;
    gradProjected[side + units] = dr;
    gradProjected[side + 2u * units] = dCandidate;
    gradRecurrent[side] = dz;
    gradRecurrent[side + units] = dr;
    gradRecurrent[side + 2u * units] = dCandidate * r;
  }
}`,
  };
}

/** All forms of {@linkcode gruBackwardShader}. */
export function gruBackwardShaders(): Shader[] {
  return [softwareTile, ...gpuTiles].map(gruBackwardShader);
}
