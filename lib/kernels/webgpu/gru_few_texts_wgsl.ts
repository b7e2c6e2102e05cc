/**
 * The shader of a GRU's step forward for few texts, as they are written.
 *
 * With one text a step is a row times a matrix: each weight is used once, and copying it to workgroup
 * memory first, as `gru_forward_wgsl.ts` does, would only make the others wait. Here an invocation
 * asks for as many weights as it can hold at a time, multiplies them as they come, and there is no
 * barrier until all are added up.
 *
 * @module
 */
import { forwardInterface, gates, stateOf } from "./gru_forward_wgsl.ts";
import { logistic } from "./gru_wgsl.ts";
import { lines } from "./matmul_wgsl.ts";
import type { Shader } from "./shader.ts";

/** How many units a workgroup computes: as many weights as memory hands over at a time. */
export const unitsOfGroup = 8;

/** What the shader is made for. */
export interface FewTextsForm {
  /** How many texts a workgroup computes; in software 1. */
  readonly rows: 1 | 4;
  /** Whether `projected` is a table, and `ids` says which row. */
  readonly lookup: boolean;
  /** 256 on a GPU, 64 in software (`gru_wgsl.ts` says why). */
  readonly invocations: 64 | 256;
}

/**
 * One step forward, as `gruForwardShader` makes it, with the same buffers. Dispatch, once for each
 * step: x over units by 8, y over texts by `rows`. An invocation adds up the three products of one
 * unit over every 32nd state, or every 8th in software.
 */
export function gruFewTextsShader({ rows, lookup, invocations }: FewTextsForm): Shader {
  const slices = invocations / unitsOfGroup;
  const atOnce = rows === 1 ? 8 : 4; // states that an invocation asks for at a time, with their weights
  const names = ["Z", "R", "C"]; // update, reset, candidate
  const each = (line: (row: number, gate: string, i: number) => string) =>
    lines(rows, (row) => names.map((gate, i) => line(row, gate, i)).join("\n"));
  const sums = 3 * rows * unitsOfGroup;
  return {
    key: `gru few texts ${JSON.stringify({ rows, lookup, invocations })}`,
    ...forwardInterface({ training: false, lookup }),
    code: () => `
var<workgroup> parts: array<f32, ${slices * sums}>; // [slice][row][gate][unit]
var<workgroup> weights: array<f32, ${sums}>; // the products, [row][gate][unit]
${logistic}
${stateOf}
@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let units = uniforms.units;
  let firstUnit = group.x * ${unitsOfGroup}u;
  let firstRow = group.y * ${rows}u;
  let unit = localIndex % ${unitsOfGroup}u;
  let slice = localIndex / ${unitsOfGroup}u;
  let column = min(firstUnit + unit, units - 1u);
${each((row, gate) => `  var sum${gate}${row} = 0.0;`)}
  for (var k = slice; k < units; k += ${slices * atOnce}u) {
${
      lines(atOnce, (i) =>
        `    let k${i} = k + ${i * slices}u;
    let at${i} = 3u * min(k${i}, units - 1u) * units + column;
${
          names.map((g, gate) => `    let w${g}${i} = recurrentKernel[at${i} + ${gate}u * units];`)
            .join("\n")
        }
${lines(rows, (row) => `    let state${row}_${i} = stateOf(firstRow + ${row}u, k${i});`)}`)
    }
${
      lines(atOnce, (i) =>
        each((row, gate) => `    sum${gate}${row} += state${row}_${i} * w${gate}${i};`))
    }
  }
${
      each((row, gate, i) =>
        `  parts[slice * ${sums}u + ${(3 * row + i) * unitsOfGroup}u + unit] = sum${gate}${row};`
      )
    }
  workgroupBarrier();
  for (var i = localIndex; i < ${sums}u; i += ${invocations}u) {
    var total = 0.0;
    for (var slice = 0u; slice < ${slices}u; slice++) { total += parts[slice * ${sums}u + i]; }
    weights[i] = total;
  }
  workgroupBarrier();
${gates({ rows, units: unitsOfGroup, invocations, training: false, lookup })}
}`,
  };
}

/** All forms of {@linkcode gruFewTextsShader}. */
export function gruFewTextsShaders(): Shader[] {
  const sizes = [[1, 64], [1, 256], [4, 256]] as const;
  return sizes.flatMap(([rows, invocations]) =>
    [false, true].map((lookup) => gruFewTextsShader({ rows, lookup, invocations }))
  );
}
