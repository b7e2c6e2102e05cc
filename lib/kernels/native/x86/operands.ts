/**
 * What an instruction works on: registers, memory operands and labels.
 *
 * @module
 */

/**
 * The general-purpose 64-bit registers, by the numbers that instructions encode. What each is used
 * for is in `register_roles.ts`.
 */
// deno-fmt-ignore
export const registers = {
  rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7,
  r8: 8, r9: 9, r10: 10, r11: 11, r12: 12, r13: 13, r14: 14, r15: 15,
} as const;

/** The number of a general-purpose register, 0 to 15, or of a vector register, 0 to 15 or 31. */
export type Register = number;

/** A position in the code, counted in bytes from its start; undefined until it is bound. */
export interface Label {
  position?: number;
}

/**
 * A memory operand: the address base + scale · index + displacement, the displacement in bytes, or
 * a label's.
 */
export type Memory =
  | {
    readonly base: Register;
    readonly index?: Register;
    readonly scale?: 1 | 2 | 4 | 8;
    readonly displacement?: number;
  }
  | Label;

/** The operand that ModRM.rm encodes: a register or memory. */
export type Operand = Register | Memory;

const quadwordBytes = 8;

/**
 * A 64-bit number of a block of them.
 *
 * @param base The register that holds the block's address.
 * @param i The number's index in the block.
 */
export function quadword(base: Register, i: number): Memory {
  return { base, displacement: i * quadwordBytes };
}
