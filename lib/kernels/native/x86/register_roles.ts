/**
 * What each register holds in the emitted functions. `../README.md` shows the general-purpose ones
 * as one table; a test holds that the two agree, and that roles needed at the same time lie in
 * different registers.
 *
 * By the calling convention of Linux (System V AMD64 ABI, 3.2), rdi holds the first argument, rbx,
 * rbp and r12 to r15 must be returned as they were, and all vector registers may be changed.
 *
 * @module
 */
import { registers } from "./operands.ts";

const { rax, rbx, rcx, rdx, rsp, rbp, rsi, rdi } = registers;
const { r8, r9, r10, r11, r12, r13, r14, r15 } = registers;

/** In every function, from its first instruction to its last. */
export const frameRegisters = {
  /** The address of the argument block. */
  block: rdi,
  /** rsp as it was after the registers were saved. */
  savedStack: rbp,
  /** The address of a tile's sums, which lie on the stack. */
  tileSums: rsp,
  /** For intermediate values; `FunctionWriter` changes it. */
  scratch: rax,
  /** For intermediate values, where no other role is given to rcx. */
  scratch2: rcx,
} as const;

/** While a thread looks for a part. */
export const takeRegisters = {
  /** The part's number. */
  part: rdx,
} as const;

/** In the GRU's functions, while a part is computed; they begin as `writeFunction` leaves them. */
export const partRegisters = {
  /** The offset in bytes of the current block's first column in a row. */
  column: r14,
  /** The address of the current block's panel. */
  panel: r13,
} as const;

/** In the GRU's functions, while the rows of A go by. */
export const walkRegisters = {
  /** The rows of A that no tile has had. */
  rowsLeft: r11,
  /** The address of the current tile's first row of A. */
  tileOfA: r12,
  /** The rows of the current tile, then those of them that `writeRow` has not had. */
  tileRows: r15,
} as const;

/** In a GRU's tile, while it is multiplied. */
export const tileRegisters = {
  /** The address of the current column in the tile's first row of A. */
  row0: rsi,
  /** The same in the fourth row: with multiples of the stride it reaches eight rows. */
  row3: r8,
  /** The bytes from a row of A to the next. */
  aStride: r9,
  /** Three times that. */
  aStride3: r10,
  /** The address of the current row of the panel. */
  panelRow: rdx,
  /** The rows of the panel that are left. */
  kLeft: rcx,
  /** The address of the cache line to prefetch next. */
  prefetch: rbx,
} as const;

/** In a GRU's function, while a row of a tile's sums becomes its results. */
export const rowRegisters = {
  /** The address of the row's sums. */
  sums: rcx,
  /** The bytes from one gate's column to the next gate's. */
  gateStride: r8,
  /** Three times that. */
  gateStride3: r10,
  /** The address of the current operand's columns: bias, gates or a gradient. */
  operand: r9,
} as const;

/** In a row of the forward function. */
export const forwardRowRegisters = {
  /** The address of the row's columns of `projected`. */
  projected: rsi,
} as const;

/** In a row of the backward function. */
export const backwardRowRegisters = {
  /** The address of the gates that the forward function has left for the current vector. */
  gates: rsi,
  /** The vectors of the row that are left. */
  vectorsLeft: rdx,
} as const;

/** In the outer product, while a block of rows is multiplied. */
export const outerRegisters = {
  /** The rows of the block. */
  blockRows: r15,
  /** The bytes from one of A's panels to the next. */
  panelStride: r8,
  /** The address of the current panel of A; while A is copied, of the current row in its first. */
  panelOfA: r12,
  /** The panels of A that are left. */
  panelsOfALeft: r11,
  /** The address of the current panel's columns in the block's first row of B. */
  columnsOfB: rbx,
  /** The bytes from a row of B to the next. */
  bStride: r10,
  /** The offset in bytes of the current panel's first column in a row of C. */
  column: r14,
} as const;

/** In the outer product, while a block of A is copied into panels. */
export const copyARegisters = {
  /** The address of the current row of A. */
  row: rsi,
  /** The bytes from a row of A to the next. */
  aStride: r9,
  /** The rows that are left. */
  rowsLeft: rcx,
  /** The address that the current vector is read from. */
  from: rax,
  /** The address that it is written to. */
  to: rdx,
} as const;

/** In the outer product, while a panel of B is copied. */
export const copyBRegisters = {
  /** The address of the current row's columns of B. */
  from: rsi,
  /** The address of the panel's current row. */
  to: rdx,
  /** The rows that are left. */
  rowsLeft: rcx,
} as const;

/** In a tile of the outer product. */
export const outerTileRegisters = {
  /** The address of the tile of C; after the tile, of the next one below it. */
  tileOfC: r13,
  /** The bytes from a row of C to the next. */
  cStride: r9,
  /** The address of the tile's rows in the current row of A's panel. */
  rowOfA: rsi,
  /** The address of the current row of B's panel. */
  rowOfB: rdx,
  /** The rows of the panels that are left. */
  kLeft: rcx,
  /** The address of a row of the tile of C. */
  rowOfC: rax,
} as const;

/** The vector registers of a row of the forward function, which are free once the sums are stored. */
export const forwardVectors = {
  z: 0,
  r: 1,
  q: 2,
  candidate: 3,
  state: 4,
  /** For tanh. */
  square: 5,
  numerator: 6,
  denominator: 7,
} as const;

/** The vector registers of a row of the backward function. */
export const backwardVectors = {
  gradHidden: 0,
  z: 1,
  r: 2,
  candidate: 3,
  q: 4,
  dz: 5,
  dr: 6,
  dCandidate: 7,
  dq: 8,
  one: 9,
  scratch: 10,
} as const;

/**
 * The vector registers of a tile: first its sums, row by row, then a row of the panel, then one
 * number of A in every lane.
 */
export function tileVectors(
  { rows, vectors }: { readonly rows: number; readonly vectors: number },
): {
  readonly sum: (row: number, vector: number) => number;
  readonly panel: (vector: number) => number;
  readonly number: number;
} {
  const sums = rows * vectors;
  return {
    sum: (row, vector) => row * vectors + vector,
    panel: (vector) => sums + vector,
    number: sums + vectors,
  };
}
