/**
 * Reductions within a workgroup, in WGSL: always in the same order, so that the bits are the same.
 *
 * @module
 */

/** Which invocations {@linkcode reduceTree} brings together, and how. */
export interface TreeOptions {
  /** How many neighbors share a result, a power of 2. */
  readonly size: number;
  /** What counts an invocation within its neighbors. */
  readonly within: string;
  /** WGSL that takes what another invocation has to one's own, by their indices. */
  readonly combine: (own: string, other: string) => string;
}

/**
 * WGSL that halves what neighboring invocations have until the first of them has it all. What they have
 * lies in workgroup memory; the last step is not followed by a barrier.
 *
 * @param options Which, and how.
 */
export function reduceTree({ size, within, combine }: TreeOptions): string {
  return `
  for (var half = ${size / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (${within} < half) { ${combine("localIndex", "localIndex + half")} }
  }`;
}

/**
 * WGSL that adds up a column of `parts`, which has `count` rows of `width` numbers.
 *
 * @param total The variable that they are added to.
 * @param shape The rows, from `first` on, and their width.
 */
export function addColumn(
  total: string,
  { count, width, first = 0 }: {
    readonly count: number;
    readonly width: number;
    readonly first?: number;
  },
): string {
  return `for (var part = ${first}u; part < ${count}u; part++) ` +
    `{ ${total} += parts[part * ${width}u + localIndex]; }`;
}
