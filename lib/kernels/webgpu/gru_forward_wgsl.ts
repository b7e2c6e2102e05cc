/**
 * The shader of a GRU's step forward; `gru_wgsl.ts` says how it is laid out.
 *
 * @module
 */
import { gpuTiles, type GruTile, logistic, sizes, softwareTile, unitsOfTile } from "./gru_wgsl.ts";
import { lines } from "./matmul_wgsl.ts";
import type { Shader } from "./shader.ts";

/** What a forward step is made for. */
export interface ForwardForm {
  readonly tile: GruTile;
  /** Whether to keep what the backward pass needs. */
  readonly training: boolean;
  /** Whether `projected` is a table, and `ids` says which row. */
  readonly lookup: boolean;
}

/**
 * One step forward: the recurrent product h·R of a tile, then its gates and its new state.
 *
 * ```text
 * z = σ(p_z + h·R_z + c_z)      r = σ(p_r + h·R_r + c_r)      q = h·R_h + c_h
 * ĥ = tanh(p_h + r ⊙ q)         h′ = z ⊙ h + (1 − z) ⊙ ĥ
 * ```
 *
 * Buffers: `projected` (p = x·W + b) `[batch, time, 3·units]`, or with a lookup `[rows,
 * 3·units]`, and after `initialState` then `ids` `[batch, time]`;
 * `recurrentKernel` (R) `[units, 3·units]`, `bias` (c) `[3·units]`, `initialState`
 * `[batch, units]`, `hidden` `[batch, time, units]`, which it reads at step t − 1 and
 * writes at t, and in training `before` (the state before each step) `[batch, time, units]`
 * and `gates` (z, r, ĥ, q) `[batch, time, 4·units]`. Dispatch, once for each step: x over
 * units by 16, y over texts by 8 · rowGroups.
 *
 * `projected`, or with a lookup `ids`, has `inputTime` rows for each text: `time` of them, or 1 for
 * texts that are being written, where it holds only the newest.
 */
export function gruForwardShader({ tile, training, lookup }: ForwardForm): Shader {
  const { rowGroups, invocations } = tile;
  const rows = 8 * rowGroups;
  const slices = invocations / (unitsOfTile * rowGroups);
  const depth = invocations / 8;
  const stride = rows / 4 + 1; // vectors
  const wide = 3 * unitsOfTile;
  const loads = depth * wide / invocations;
  const sums = rows * wide; // that a slice has
  const together = depth / rows; // slices whose sums are in workgroup memory at once
  const totals = Math.ceil(sums / invocations); // that an invocation adds up
  const gateNames = ["Z", "R", "C"]; // update, reset, candidate
  return {
    key: `gru forward ${JSON.stringify({ ...tile, training, lookup })}`,
    ...forwardInterface({ training, lookup }),
    code: () => `
var<workgroup> states: array<vec4<f32>, ${depth * stride}>; // [k][row / 4]
// [k][gate][unit]; after the product the sums, [row][gate][unit]
var<workgroup> weights: array<f32, ${depth * wide}>;
${logistic}
${stateOf}
fn weightOf(k: u32, gate: u32, unit: u32) -> f32 {
  if (k >= uniforms.units || unit >= uniforms.units) { return 0.0; }
  return recurrentKernel[(k * 3u + gate) * uniforms.units + unit];
}
@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let units = uniforms.units;
  let firstUnit = group.x * ${unitsOfTile}u;
  let firstRow = group.y * ${rows}u;
  let unit = localIndex % ${unitsOfTile}u;
  let rowGroup = localIndex / ${unitsOfTile}u % ${rowGroups}u;
  let slice = localIndex / ${unitsOfTile * rowGroups}u;
  // What this invocation copies: one vector of states, ${loads} weights.
  let stateDepth = localIndex % ${depth}u;
  let stateQuad = localIndex / ${depth}u;
  let copiesStates = stateQuad < ${rows / 4}u;
${
      lines(loads, (i) =>
        `  let column${i} = (localIndex + ${i * invocations}u) % ${wide}u;
  let depth${i} = (localIndex + ${i * invocations}u) / ${wide}u;`)
    }
${gateNames.map((g) => `  var sum${g}0 = vec4<f32>(); var sum${g}1 = vec4<f32>();`).join("\n")}
  var nextState = vec4<f32>();
${lines(loads, (i) => `  var nextWeight${i} = 0.0;`)}
  for (var k = 0u; k < units + ${depth}u; k += ${depth}u) {
    // The part fetched in the last turn goes to workgroup memory, the next one is fetched.
    if (k > 0u) {
      workgroupBarrier();
      if (copiesStates) { states[stateDepth * ${stride}u + stateQuad] = nextState; }
${lines(loads, (i) => `      weights[localIndex + ${i * invocations}u] = nextWeight${i};`)}
      workgroupBarrier();
    }
    if (k < units) {
      if (copiesStates) {
        let row = firstRow + 4u * stateQuad;
        nextState = vec4<f32>(
${lines(4, (i) => `          stateOf(row + ${i}u, k + stateDepth),`)}
        );
      }
${
      lines(loads, (i) =>
        `      nextWeight${i} = weightOf(k + depth${i}, column${i} / ${unitsOfTile}u, ` +
        `firstUnit + column${i} % ${unitsOfTile}u);`)
    }
    }
    if (k > 0u) {
      let d = slice * ${depth / slices}u;
${
      lines(depth / slices, (i) =>
        `      {
        let at = (d + ${i}u) * ${stride}u + 2u * rowGroup;
        let state0 = states[at];
        let state1 = states[at + 1u];
${
          gateNames.map((g, gate) =>
            `        let w${g} = weights[(d + ${i}u) * ${wide}u + ${gate * unitsOfTile}u + unit];
        sum${g}0 += state0 * w${g}; sum${g}1 += state1 * w${g};`
          ).join("\n")
        }
      }`)
    }
    }
  }
  // As many slices as there is room for put their sums down, each invocation adds up some columns
  // of them in the order of the slices, and so on: the result is always the same.
${lines(totals, (i) => `  var total${i} = 0.0;`)}
  let mine = (slice % ${together}u) * ${sums}u + 8u * rowGroup * ${wide}u + unit;
  for (var turn = 0u; turn < ${slices / together}u; turn++) {
    workgroupBarrier();
    if (slice / ${together}u == turn) {
${
      gateNames.map((g, gate) =>
        lines(
          8,
          (i) =>
            `      weights[mine + ${i * wide + gate * unitsOfTile}u] = sum${g}${i >> 2}[${i & 3}];`,
        )
      ).join("\n")
    }
    }
    workgroupBarrier();
${
      lines(totals, (i) => {
        const each = lines(
          together,
          (s) => `      total${i} += weights[localIndex + ${i * invocations + s * sums}u];`,
        );
        return `    if (localIndex < ${sums - i * invocations}u) {\n${each}\n    }`;
      })
    }
  }
  workgroupBarrier();
${
      lines(totals, (i) =>
        `  if (localIndex < ${sums - i * invocations}u) { ` +
        `weights[localIndex + ${i * invocations}u] = total${i}; }`)
    }
  workgroupBarrier();
${gates({ rows, units: unitsOfTile, invocations, training, lookup })}
}`,
  };
}

/** WGSL of the state before this step. */
export const stateOf = `
fn stateOf(row: u32, k: u32) -> f32 {
  if (row >= uniforms.batch || k >= uniforms.units) { return 0.0; }
  if (stepIndex.value == 0u) { return initialState[row * uniforms.units + k]; }
  return hidden[(row * uniforms.time + stepIndex.value - 1u) * uniforms.units + k];
}`;

/** What {@linkcode gates} is made for. */
export interface GatesForm extends Pick<ForwardForm, "training" | "lookup"> {
  /** How many texts and units a workgroup has. */
  readonly rows: number;
  readonly units: number;
  readonly invocations: number;
}

/** WGSL that makes the gates and the new state of the products `weights`, `[row][gate][unit]`. */
export function gates({ rows, units, invocations, training, lookup }: GatesForm): string {
  return `  for (var i = localIndex; i < ${rows * units}u; i += ${invocations}u) {
    let row = firstRow + i / ${units}u;
    let u = firstUnit + i % ${units}u;
    if (row >= uniforms.batch || u >= units) { continue; }
    let at = row * uniforms.time + stepIndex.value;
    let place = row * uniforms.inputTime + min(stepIndex.value, uniforms.inputTime - 1u);
    let input = ${lookup ? "u32(ids[place])" : "place"} * 3u * units + u;
    let sums = i / ${units}u * ${3 * units}u + i % ${units}u;
    let z = logistic(projected[input] + weights[sums] + bias[u]);
    let r = logistic(projected[input + units] + weights[sums + ${units}u] + bias[u + units]);
    let q = weights[sums + ${2 * units}u] + bias[u + 2u * units];
    let candidate = 2.0 * logistic(2.0 * (projected[input + 2u * units] + r * q)) - 1.0; // tanh
    let state = stateOf(row, u);
    hidden[at * units + u] = candidate + z * (state - candidate);
${
    training
      ? `    previousStates[at * units + u] = state;
    let gate = at * 4u * units + u;
    gates[gate] = z;
    gates[gate + units] = r;
    gates[gate + 2u * units] = candidate;
    gates[gate + 3u * units] = q;`
      : ""
  }
  }`;
}

/** The buffers and uniforms of a step forward. */
export function forwardInterface(
  { training, lookup }: Pick<ForwardForm, "training" | "lookup">,
): Pick<Shader, "buffers" | "uniforms"> {
  return {
    buffers: [
      ...["projected", "recurrentKernel", "bias", "initialState"].map((name) => (
        { name, access: "read" } as const
      )),
      ...(lookup ? [{ name: "ids", access: "read", type: "array<i32>" } as const] : []),
      ...["hidden", ...(training ? ["previousStates", "gates"] : [])].map((name) => (
        { name, access: "read_write" } as const
      )),
    ],
    uniforms: { ...sizes, inputTime: "u32" },
  };
}

/** All forms of {@linkcode gruForwardShader}. */
export function gruForwardShaders(): Shader[] {
  const either = [false, true];
  return [softwareTile, ...gpuTiles].flatMap((tile) =>
    either.flatMap((training) =>
      either.map((lookup) => gruForwardShader({ tile, training, lookup }))
    )
  );
}
