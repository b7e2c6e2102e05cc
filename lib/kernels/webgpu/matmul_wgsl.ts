/**
 * The shaders of large matrix products and of sums over rows.
 *
 * @module
 */
import type { Binding, Shader } from "./shader.ts";
import { addColumn } from "./reduction_wgsl.ts";

/** What a product's shader is made for. */
export interface ProductForm {
  /** Whether A is stored as k rows of m. */
  readonly transposeA: boolean;
  /** Whether B is stored as n rows of k. */
  readonly transposeB: boolean;
  /** Whether a row with one number for each column is added. */
  readonly bias: boolean;
  /** Whether fours along the stored rows of A never cross their end. */
  readonly alignedA: boolean;
  /** The same of B. */
  readonly alignedB: boolean;
  /** The same of C. */
  readonly alignedC: boolean;
  readonly tile: Tile;
}

/** How a product is cut up. */
export interface Tile {
  /** The rows and columns of C that a workgroup computes. */
  readonly side: 32 | 64 | 128;
  /** How much of k it holds in workgroup memory at a time. */
  readonly depth: 8 | 16;
  /** A workgroup's invocations along a side: side · depth / 4 in all. */
  readonly across: 8 | 16;
}

/**
 * The tiles, and what each is for.
 *
 * | side | each invocation | loads from workgroup memory | for |
 * | --- | --- | --- | --- |
 * | 128 | 8 × 8 sums | 4 vectors for 64 multiply-adds | products with 128 such tiles or more |
 * | 64 | 4 × 4 sums | 2 vectors for 16 multiply-adds | all others, so that no core idles |
 *
 * | 32 | 4 × 4 sums | 2 vectors for 16 multiply-adds | adapters in software |
 *
 * Every invocation loads one vector of A and one of B for each depth. For a GPU that makes
 * 2 · 1024 numbers and some padding, 9 KB, and for software a quarter of it, as `gru_wgsl.ts` says.
 */
export const tiles: Readonly<Record<"large" | "small" | "software", Tile>> = {
  large: { side: 128, depth: 8, across: 16 },
  small: { side: 64, depth: 16, across: 16 },
  software: { side: 32, depth: 8, across: 8 },
};

/** `n` lines of WGSL. */
export function lines(n: number, line: (i: number) => string): string {
  return Array.from({ length: n }, (_, i) => line(i)).join("\n");
}

/**
 * C = A·B, or with `bias` C = A·B + bias in every row.
 *
 * Buffers: `a`, `b`, with a bias `bias`, and `c`. Uniforms: m, n, k and `chunk`.
 * Dispatch: one workgroup for each tile of C along x (columns) and y (rows); along z,
 * workgroup s takes k from s · chunk to (s + 1) · chunk and writes the s-th of several
 * matrices, whose sum is the product. That keeps a device busy when C is small and k large.
 *
 * A workgroup walks along k: it copies `depth` columns of A and rows of B into workgroup
 * memory, as vectors of four rows or columns, and adds their outer products to sums in
 * registers. The next pair is fetched into registers while this one is multiplied, so the
 * memory's latency is hidden. Neighbors in a workgroup read neighbors in memory. A row of
 * workgroup memory is one vector longer than it need be, so that invocations that write
 * one column fall on different banks. The loop over `depth` is written out, because WebGPU
 * guards the loops it sees.
 */
export function productShader(form: ProductForm): Shader {
  const { tile: { side, depth, across }, transposeA, transposeB, bias } = form;
  const vectors = side / across / 4; // that each invocation holds of A and of B
  const stride = side / 4 + 1;
  const array = (aligned: boolean) => aligned ? "array<vec4<f32>>" : "array<f32>";
  const buffers: Binding[] = [
    { name: "a", access: "read", type: array(form.alignedA) },
    { name: "b", access: "read", type: array(form.alignedB) },
    ...(bias ? [{ name: "bias", access: "read" } as const] : []),
    { name: "c", access: "read_write", type: array(form.alignedC) },
  ];
  // A's vectors run along its rows, so A is "by columns" for them if it is transposed.
  const loadA = load({ name: "a", size: "m", along: transposeA, aligned: form.alignedA });
  const loadB = load({ name: "b", size: "n", along: !transposeB, aligned: form.alignedB });
  const place = (along: boolean) =>
    along
      ? `vec2<u32>(localIndex % ${side / 4}u, localIndex / ${side / 4}u)`
      : `vec2<u32>(localIndex / ${depth}u, localIndex % ${depth}u)`;
  const sum = (i: number, j: number) => `sum${i}_${j}`;
  const all = (line: (i: number, j: number) => string) =>
    lines(4 * vectors, (i) => lines(vectors, (j) => line(i, j)));
  return {
    key: `product ${JSON.stringify(form)}`,
    buffers,
    uniforms: { m: "u32", n: "u32", k: "u32", chunk: "u32" },
    code: () => `
var<workgroup> tileA: array<vec4<f32>, ${depth * stride}>; // [depth][row / 4]
var<workgroup> tileB: array<vec4<f32>, ${depth * stride}>; // [depth][column / 4]
${loadA}
${loadB}
${store(form)}
@compute @workgroup_size(${across * across})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let row = group.y * ${side}u;
  let column = group.x * ${side}u;
  let first = group.z * uniforms.chunk;
  let end = min(uniforms.k, first + uniforms.chunk);
  let placeA = ${place(transposeA)}; // which vector, at which depth
  let placeB = ${place(!transposeB)};
  let mine = vec2<u32>(localIndex % ${across}u, localIndex / ${across}u);
${all((i, j) => `  var ${sum(i, j)} = vec4<f32>();`)}
  var nextA = loadA(row + 4u * placeA.x, first + placeA.y, end);
  var nextB = loadB(column + 4u * placeB.x, first + placeB.y, end);
  for (var k = first; k < end; k += ${depth}u) {
    workgroupBarrier();
    tileA[placeA.y * ${stride}u + placeA.x] = nextA;
    tileB[placeB.y * ${stride}u + placeB.x] = nextB;
    workgroupBarrier();
    nextA = loadA(row + 4u * placeA.x, k + ${depth}u + placeA.y, end);
    nextB = loadB(column + 4u * placeB.x, k + ${depth}u + placeB.y, end);
${
      lines(depth, (d) =>
        `    {
${lines(vectors, (i) => `      let a${i} = tileA[${d * stride + across * i}u + mine.y];`)}
${lines(vectors, (j) => `      let b${j} = tileB[${d * stride + across * j}u + mine.x];`)}
${all((i, j) => `      ${sum(i, j)} += a${i >> 2}.${"xyzw"[i & 3]} * b${j};`)}
    }`)
    }
  }
  let matrix = group.z * uniforms.m * uniforms.n;
${
      all((i, j) => {
        const at = `row + ${4 * across * (i >> 2) + (i & 3)}u + 4u * mine.y`;
        return `  store(matrix, ${at}, column + ${4 * across * j}u + 4u * mine.x, ${sum(i, j)});`;
      })
    }
}`,
  };
}

/** The form for a product of these sizes. */
export function productForm(
  { m, n, transposeA, transposeB, bias, tile }:
    & Pick<ProductForm, "transposeA" | "transposeB" | "bias" | "tile">
    & { readonly m: number; readonly n: number },
): ProductForm {
  return {
    tile,
    transposeA,
    transposeB,
    bias,
    alignedA: transposeA && m % 4 === 0,
    alignedB: !transposeB && n % 4 === 0,
    alignedC: n % 4 === 0,
  };
}

/** All forms of {@linkcode productShader}. */
export function productShaders(): Shader[] {
  const either = [false, true];
  const forms = Object.values(tiles).flatMap((tile) =>
    either.flatMap((transposeA) =>
      either.flatMap((transposeB) =>
        either.flatMap((bias) =>
          [4, 5].flatMap((m) =>
            [4, 5].map((n) => productForm({ m, n, transposeA, transposeB, bias, tile }))
          )
        )
      )
    )
  );
  const shaders = forms.map((form) => productShader(form));
  return [...new Map(shaders.map((shader) => [shader.key, shader])).values()];
}

/**
 * A function that loads four numbers at depth k: those at i … i + 3 along m or n. `along`
 * says that they lie next to each other; otherwise neighbors lie a row, k numbers, apart.
 */
function load(
  { name, size, along, aligned }: { name: string; size: string; along: boolean; aligned: boolean },
): string {
  const length = `uniforms.${size}`;
  const at = (n: number) =>
    along ? `${name}[k * ${length} + i + ${n}u]` : `${name}[(i + ${n}u) * uniforms.k + k]`;
  const body = along && aligned
    ? `  return ${name}[(k * ${length} + i) / 4u];`
    : `  var four = vec4<f32>();
${lines(4, (n) => `  if (i + ${n}u < ${length}) { four.${"xyzw"[n]} = ${at(n)}; }`)}
  return four;`;
  return `fn load${name.toUpperCase()}(i: u32, k: u32, end: u32) -> vec4<f32> {
  if (k >= end || i >= ${length}) { return vec4<f32>(); }
${body}
}`;
}

function store({ alignedC, bias }: ProductForm): string {
  const biased = (n: number) => bias ? ` + bias[column + ${n}u]` : "";
  const four = lines(4, (n) => `bias[column + ${n}u],`);
  const body = alignedC
    ? `  c[(matrix + row * uniforms.n + column) / 4u] = sum${bias ? ` + vec4<f32>(${four})` : ""};`
    : lines(4, (n) =>
      `  if (column + ${n}u < uniforms.n) {
    c[matrix + row * uniforms.n + column + ${n}u] = sum[${n}]${biased(n)};
  }`);
  return `fn store(matrix: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row >= uniforms.m || column >= uniforms.n) { return; }
${body}
}`;
}

/** How many rows an invocation of {@linkcode sumRowsShader} reads before it adds them. */
const rowsAtOnce = 8;

/**
 * The sum of all rows of a matrix, and with `bias` a row that is added to it.
 *
 * Buffers: `rows`, `[uniforms.rows, uniforms.columns]`, with a bias `bias`, of which the first
 * `period` numbers repeat along the columns, and `sums`, written from `first` on. Dispatch: one workgroup for 16 columns, 16 × 16
 * invocations: each adds up every 16th row of a column, eight in flight at a time, then the 16 sums
 * are added.
 */
export function sumRowsShader({ bias }: { readonly bias: boolean }): Shader {
  return {
    key: `sumRows ${bias}`,
    buffers: [
      { name: "rows", access: "read" },
      ...(bias ? [{ name: "bias", access: "read" } as const] : []),
      { name: "sums", access: "read_write" },
    ],
    uniforms: { rows: "u32", columns: "u32", first: "u32", period: "u32" },
    code: () => `
var<workgroup> parts: array<f32, 256>;
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let column = (group.y * groups.x + group.x) * 16u + localIndex % 16u;
  var sum = 0.0;
  if (column < uniforms.columns) {
    var row = localIndex / 16u;
    for (; row + ${16 * (rowsAtOnce - 1)}u < uniforms.rows; row += ${16 * rowsAtOnce}u) {
${
      lines(rowsAtOnce, (i) =>
        `      let row${i} = rows[(row + ${16 * i}u) * uniforms.columns + column];`)
    }
${lines(rowsAtOnce, (i) => `      sum += row${i};`)}
    }
    for (; row < uniforms.rows; row += 16u) { sum += rows[row * uniforms.columns + column]; }
  }
  parts[localIndex] = sum;
  workgroupBarrier();
  if (localIndex < 16u && column < uniforms.columns) {
    sum = ${bias ? "bias[column % uniforms.period]" : "0.0"};
    ${addColumn("sum", { count: 16, width: 16 })}
    sums[uniforms.first + column] = sum;
  }
}`,
  };
}

/** Both forms of {@linkcode sumRowsShader}. */
export function sumRowsShaders(): Shader[] {
  return [false, true].map((bias) => sumRowsShader({ bias }));
}
