/**
 * The shaders of the GRU: one dispatch a time step, forward and backward.
 *
 * Both have the same plan. A time step is a product of few rows (the batch) with a large
 * weight matrix, then arithmetic that needs, for one text and one unit, three columns of
 * that product. A workgroup therefore computes a tile of texts × units *with all their
 * gates*, and goes on to the gates by itself; no second dispatch, and no product in
 * memory, comes in between. The equations are those of `gru.ts`.
 *
 * What makes it fast:
 *
 * - A workgroup copies its part of both factors into workgroup memory, `depth` columns of
 *   k at a time, so what 256 invocations need is read from memory once. Neighbors read
 *   neighbors in memory. The next part is fetched into registers while this one is
 *   multiplied.
 * - There are few sums in a tile (a batch has few rows), so the invocations share out k
 *   as well: `slices` groups of them each take a part of every `depth`, and their sums are
 *   added up at the end. An invocation holds 24 or 32 sums in registers and reads 5
 *   numbers or vectors for 24 multiply-adds, 3 vectors for 32.
 * - Rows of vectors in workgroup memory are one longer than need be, so that invocations
 *   that write one column fall on different banks.
 *
 * Everything lies batch by batch, `[batch, time, n]`. Workgroup memory: 10.6 KB forward,
 * 14.3 KB backward, of the 16 KB that every device has; 7 storage buffers of 8.
 *
 * Workgroup memory starts as zeros. Where a driver cannot do that by itself, Deno's WebGPU has
 * every number written by a statement of its own, and Mesa's software adapter compiles a GPU's
 * tile for half a minute. Adapters in software therefore get a tile with a quarter of the
 * invocations, of the depth and of the memory.
 *
 * @module
 */

/** How many units a workgroup computes. */
export const unitsOfTile = 16;

/** How many texts a workgroup computes: 8 for each group of rows. */
export type RowGroups = 1 | 2 | 4;

/** What a workgroup of the GRU's shaders computes, and by how many invocations. */
export interface GruTile {
  readonly rowGroups: RowGroups;
  /** On a GPU as many as every device can have; `depth` follows from them. */
  readonly invocations: 64 | 256;
}

/** A GPU's tiles, the largest last. */
export const gpuTiles = [
  { rowGroups: 1, invocations: 256 },
  { rowGroups: 2, invocations: 256 },
  { rowGroups: 4, invocations: 256 },
] as const satisfies readonly GruTile[];

/** A software adapter's tile. */
export const softwareTile: GruTile = { rowGroups: 1, invocations: 64 };

/** The sizes that both shaders get. */
export const sizes = { batch: "u32", time: "u32", units: "u32" } as const;

/** The logistic function; tanh a = 2 σ(2a) − 1 is made of it too. */
export const logistic = `
// exp overflows at 88; beyond 40 the result does not change any more.
fn logistic(a: f32) -> f32 { return 1.0 / (1.0 + exp(-clamp(a, -40.0, 40.0))); }`;
