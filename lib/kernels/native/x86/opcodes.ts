/**
 * The opcodes of the instructions that the assembler knows.
 *
 * Source of opcodes and mnemonics: Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 2, chapters 3 to 5, https://www.intel.com/sdm.
 *
 * @module
 */
import { mandatoryPrefixes, opcodeMaps } from "./encoding.ts";

/** The opcode of a vector instruction, with what its VEX or EVEX prefix says of it. */
export interface VectorOpcode {
  readonly mmmmm: number;
  readonly pp: number;
  readonly opcode: number;
}

/** An opcode as the manual lists it: `VEX.256.0F 58` or `VEX.256.66.0F38 B8`. */
function vectorOpcode(
  prefix: keyof typeof mandatoryPrefixes,
  map: keyof typeof opcodeMaps,
  opcode: number,
): VectorOpcode {
  return { pp: mandatoryPrefixes[prefix], mmmmm: opcodeMaps[map], opcode };
}

/** Instructions on vectors of floats: a = b ∘ c, with a in ModRM.reg, b in vvvv, c in ModRM.rm. */
export const vectorInstructions = {
  /** VMOVUPS: a = c */
  load: vectorOpcode("none", "0F", 0x10),
  /** VADDPS */
  add: vectorOpcode("none", "0F", 0x58),
  /** VMULPS */
  multiply: vectorOpcode("none", "0F", 0x59),
  /** VSUBPS: a = b − c */
  subtract: vectorOpcode("none", "0F", 0x5c),
  /** VMINPS: c where b or c is NaN */
  min: vectorOpcode("none", "0F", 0x5d),
  /** VDIVPS: a = b / c */
  divide: vectorOpcode("none", "0F", 0x5e),
  /** VMAXPS: c where b or c is NaN */
  max: vectorOpcode("none", "0F", 0x5f),
  /** VPXOR, VPXORD */
  xor: vectorOpcode("66", "0F", 0xef),
  /** VBROADCASTSS: each float of a is the one at c */
  broadcast: vectorOpcode("66", "0F 38", 0x18),
  /** VFMADD213PS: a = b · a + c */
  multiplyAdd: vectorOpcode("66", "0F 38", 0xa8),
  /** VFMADD231PS: a = b · c + a */
  addProduct: vectorOpcode("66", "0F 38", 0xb8),
  /** VFNMADD231PS: a = a − b · c */
  subtractProduct: vectorOpcode("66", "0F 38", 0xbc),
} as const;
/** VMOVUPS to memory. */
export const vectorStore = vectorOpcode("none", "0F", 0x11);
/** VMOVNTPS. */
export const vectorStorePast = vectorOpcode("none", "0F", 0x2b);

/** Instructions on 64-bit integers: a = a ∘ c, with a in ModRM.reg, c in ModRM.rm. */
export const integerInstructions = {
  /** MOV: a = c */
  move: [0x8b],
  /** ADD */
  add: [0x03],
  /** SUB */
  subtract: [0x2b],
  /** CMP: sets the flags as subtract does */
  compare: [0x3b],
  /** IMUL */
  multiply: [0x0f, 0xaf],
  /** LEA: a = the address of c */
  address: [0x8d],
  /** MOVSXD: a = the 32-bit integer c, with its sign */
  moveInt32: [0x63],
} as const;
/** MOV and ADD with the destination in memory, in ModRM.rm. */
export const integerStore = [0x89] as const;
export const integerAddTo = [0x01] as const;
/** The opcode extensions, in ModRM.reg, of opcode 81: ADD, AND, SUB and CMP with an immediate. */
export const immediates = { add: 0, and: 4, subtract: 5, compare: 7 } as const;
/** The condition codes of Jcc: those of unsigned numbers. */
export const conditions = { below: 0x2, equal: 0x4, notEqual: 0x5, aboveOrEqual: 0x3 } as const;
