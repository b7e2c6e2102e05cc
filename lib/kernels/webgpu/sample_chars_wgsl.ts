/**
 * The shaders that draw characters on the device.
 *
 * @module
 */
import { lines } from "./matmul_wgsl.ts";
import type { Shader } from "./shader.ts";
import { addColumn, reduceTree } from "./reduction_wgsl.ts";

/** How many columns a workgroup of {@linkcode rowTimesMatrixShader} computes. */
export const columnsOfGroup = 16;

/** How many products an invocation of {@linkcode rowTimesMatrixShader} asks for at a time. */
const inFlight = 16;

/**
 * A row of `out` is the state of a text at this step times a matrix, plus the bias.
 *
 * Buffers: `hidden` `[batch, time, depth]`, `matrix` `[depth, columns]`, `bias`, of which
 * the first `columns` numbers count, and `out` `[batch, columns]`. Dispatch: x over the
 * columns by 16, y over the texts. 16 × 16 invocations: each adds up every 16th product of
 * a column, sixteen in flight at a time, then the 16 sums are added. Each number of the matrix
 * is read once, next to its neighbors.
 */
export const rowTimesMatrixShader: Shader = {
  key: "row times matrix",
  buffers: [
    { name: "hidden", access: "read" },
    { name: "matrix", access: "read" },
    { name: "bias", access: "read" },
    { name: "out", access: "read_write" },
  ],
  uniforms: { time: "u32", depth: "u32", columns: "u32" },
  code: () => `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let depth = uniforms.depth;
  let columns = uniforms.columns;
  let column = min(group.x * ${columnsOfGroup}u + localIndex % 16u, columns - 1u);
  let row = (group.y * uniforms.time + stepIndex.value) * depth;
  var sum = vec4<f32>();
  for (var k = localIndex / 16u; k < depth; k += ${16 * inFlight}u) {
${
    lines(inFlight, (i) =>
      `    let k${i} = min(k + ${16 * i}u, depth - 1u);
    let product${i} = hidden[row + k${i}] * matrix[k${i} * columns + column];`)
  }
${lines(inFlight, (i) => `    sum[${i % 4}] += select(0.0, product${i}, k + ${16 * i}u < depth);`)}
  }
  parts[localIndex] = sum.x + sum.y + sum.z + sum.w;
  workgroupBarrier();
  if (localIndex >= 16u || group.x * ${columnsOfGroup}u + localIndex >= columns) { return; }
  var total = bias[column];
  ${addColumn("total", { count: 16, width: 16 })}
  out[group.y * columns + column] = total;
}`,
};

/**
 * Draws the next token of each text: the largest of logit / T − log(−log u) over all ids
 * but 0, u uniform, as `sampleToken` does.
 *
 * Buffers: `logits` `[batch, size]`, `words` `[batch, 2]`, the first two words of each text's
 * random numbers, `ids` `[batch]`, for the shaders that read the token, and `drawn` `[time,
 * batch]`. Dispatch: one workgroup for each text. Its invocations, 64 for few ids and in
 * software (`gru_wgsl.ts` says why) and else 256, share the ids; the best of all is found by halves. Where two
 * scores are equal, as near temperature 0, the larger logit wins, then the smaller id, so the order
 * of comparing does not matter.
 *
 * The random word is `hash4(words, position, id)`, by the same integer arithmetic as in
 * `random.ts`. log u loses its digits where u is nearly 1; there we take the series in 1 − u.
 * A logit that is NaN or ∞ is told by its bits, since WGSL may take it that there are none.
 */
export function drawShader({ invocations }: { readonly invocations: 64 | 256 }): Shader {
  return {
    key: `draw ${invocations}`,
    buffers: [
      { name: "logits", access: "read" },
      { name: "words", access: "read", type: "array<u32>" },
      { name: "ids", access: "read_write", type: "array<i32>" },
      { name: "drawn", access: "read_write", type: "array<i32>" },
    ],
    uniforms: { batch: "u32", size: "u32", position: "u32", temperature: "f32" },
    code: () => `
struct Choice { score: f32, logit: f32, id: u32 }
var<workgroup> choices: array<Choice, ${invocations}>;
var<workgroup> bad: array<u32, ${invocations}>;
fn hash4(words: vec4<u32>) -> u32 {
  var v = words * 1664525u + 1013904223u;
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  v ^= v >> vec4<u32>(16u);
  v.x += v.y * v.w;
  return v.x;
}
// -log(-log u), u = (n + 1/2) / 2^24
fn gumbel(word: u32) -> f32 {
  let n = word >> 8u;
  let u = (f32(n) + 0.5) / 16777216.0;
  let rest = (f32(16777215u - n) + 0.5) / 16777216.0; // 1 - u
  var minusLog = -log(u);
  if (rest < 0.125) {
    minusLog = ${series(9)};
  }
  return -log(minusLog);
}
fn better(a: Choice, b: Choice) -> bool {
  if (a.id == 0u || b.id == 0u) { return b.id == 0u; }
  if (a.score != b.score) { return a.score > b.score; }
  if (a.logit != b.logit) { return a.logit > b.logit; }
  return a.id < b.id;
}
@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let text = group.x;
  var best = Choice(0.0, 0.0, 0u);
  var worst = 0xffffffffu;
  for (var id = localIndex + 1u; id < uniforms.size; id += ${invocations}u) {
    let logit = logits[text * uniforms.size + id];
    let bits = bitcast<u32>(logit);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
      if (bits != 0xff800000u) { worst = min(worst, id); } // -infinity is never drawn
      continue;
    }
    let random = hash4(vec4<u32>(
      words[2u * text], words[2u * text + 1u], uniforms.position + stepIndex.value, id,
    ));
    let choice = Choice(logit / uniforms.temperature + gumbel(random), logit, id);
    if (better(choice, best)) { best = choice; }
  }
  choices[localIndex] = best;
  bad[localIndex] = worst;${
      reduceTree({ size: invocations, within: "localIndex", combine: takeBetter })
    }
  if (localIndex == 0u) {
    let id = choices[0].id;
    ids[text] = i32(id);
    drawn[stepIndex.value * uniforms.batch + text] =
      select(i32(id), -1 - i32(bad[0]), bad[0] != 0xffffffffu);
  }
}`,
  };
}

/** WGSL that takes the better of two choices, and the smaller of two ids whose logit is no number. */
const takeBetter = (own: string, other: string) =>
  `if (better(choices[${other}], choices[${own}])) { choices[${own}] = choices[${other}]; }
      bad[${own}] = min(bad[${own}], bad[${other}]);`;

/** Both forms of {@linkcode drawShader}. */
export function drawShaders(): Shader[] {
  return ([64, 256] as const).map((invocations) => drawShader({ invocations }));
}

/** rest + rest² / 2 + … + restⁿ / n, which is −log(1 − rest). */
function series(terms: number): string {
  let text = `${1 / terms}`;
  for (let i = terms - 1; i > 0; i--) text = `${1 / i}${i === 1 ? ".0" : ""} + rest * (${text})`;
  return `rest * (${text})`;
}
