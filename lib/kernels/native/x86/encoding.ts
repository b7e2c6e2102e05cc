/**
 * The encoding of an x86-64 instruction: the prefixes REX, VEX and EVEX, and the bytes ModRM, SIB
 * and displacement. An instruction is
 *
 * ```text
 * [REX | VEX | EVEX]  opcode  ModRM  [SIB]  [displacement]  [immediate]
 * ```
 *
 * ModRM and SIB have three bits for a register's number. The fourth bits are in the prefix: R
 * extends ModRM.reg, X extends SIB.index, B extends ModRM.rm or SIB.base. EVEX has a fifth bit for
 * vector registers: R′ for ModRM.reg, V′ for vvvv, and X for a ModRM.rm that is a register. VEX and
 * EVEX store R, X, B, R′, vvvv and V′ inverted.
 *
 * Fields are named, and sections numbered, as in Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2, chapter 2, https://www.intel.com/sdm; editions before 2021 number
 * the EVEX sections 2.6 instead of 2.7.
 *
 * @module
 */
import type { Label, Operand, Register } from "./operands.ts";

/** The opcode map: VEX.mmmmm and EVEX.mmm (2.3.6.1, 2.7.1), by the escape bytes it stands for. */
export const opcodeMaps = { "0F": 1, "0F 38": 2 } as const;

/** The mandatory prefix: VEX.pp and EVEX.pp (2.3.6.3, 2.7.1). */
export const mandatoryPrefixes = { none: 0, "66": 1 } as const;

/** What the VEX and the EVEX prefix of a vector instruction encode. */
export interface VectorFields {
  /** The opcode map. */
  readonly mmmmm: number;
  /** The mandatory prefix. */
  readonly pp: number;
  /** The operand in ModRM.reg, usually the destination. */
  readonly reg: Register;
  /** The first source; register 0 where the instruction has none. */
  readonly vvvv: Register;
  /** The operand in ModRM.rm: the second source, or the memory that is loaded or stored. */
  readonly rm: Operand;
}

/**
 * The REX prefix (2.2.1.2): 0100 W R X B.
 *
 * @param fields W is 1 for 64-bit operands and 0 for 32-bit ones; the operands give R, X and B.
 */
export function rex(
  { w, reg, rm }: { readonly w: 0 | 1; readonly reg: Register; readonly rm: Operand },
): number {
  const { x, b } = extensionsOf(rm);
  return 0b0100 << 4 | w << 3 | bit(reg, 3) << 2 | x << 1 | b;
}

/**
 * The three-byte VEX prefix (2.3.5, 2.3.6) of an instruction on eight floats:
 * C4, R X B mmmmm, W vvvv L pp.
 */
export function vex({ mmmmm, pp, reg, vvvv, rm }: VectorFields): number[] {
  const { x, b } = extensionsOf(rm);
  const w = 0;
  const l = 1; // 256-bit vectors
  return [
    0xc4,
    inverted(bit(reg, 3)) << 7 | inverted(x) << 6 | inverted(b) << 5 | mmmmm,
    w << 7 | inverted(vvvv, 4) << 3 | l << 2 | pp,
  ];
}

/**
 * The EVEX prefix (2.7.1) of an instruction on sixteen floats:
 * 62, R X B R′ 0 mmm, W vvvv 1 pp, z L′L b V′ aaa.
 */
export function evex({ mmmmm: mmm, pp, reg, vvvv, rm }: VectorFields): number[] {
  const { x, b } = extensionsOf(rm);
  const w = 0;
  const ll = 0b10; // 512-bit vectors
  // No mask register (aaa), hence no zeroing (z); no broadcast or rounding (EVEX.b, not REX.B).
  const [z, broadcast, aaa] = [0, 0, 0];
  return [
    0x62,
    inverted(bit(reg, 3)) << 7 | inverted(x) << 6 | inverted(b) << 5 | inverted(bit(reg, 4)) << 4 |
    mmm,
    w << 7 | inverted(vvvv, 4) << 3 | 1 << 2 | pp,
    z << 7 | ll << 5 | broadcast << 4 | inverted(bit(vvvv, 4)) << 3 | aaa,
  ];
}

/** The bytes behind an opcode. */
export interface OperandBytes {
  readonly bytes: readonly number[];
  /** If given, the last four bytes are to hold the label's distance from behind them. */
  readonly label?: Label;
}

const rmIsSib = 0b100;
const sibHasNoIndex = 0b100;
const rmIsRipRelative = 0b101;

/**
 * ModRM (mod, reg, rm), SIB (scale, index, base) and the displacement (2.1.5, tables 2-2 and 2-3).
 *
 * @param reg The operand, or the opcode's extension (`/digit` in the manual), in ModRM.reg.
 * @param rm The operand in ModRM.rm.
 * @param options `disp8N` is the unit, in bytes, of a displacement of one byte: 1, but with EVEX
 * the bytes that are read or written (disp8*N, 2.7.5).
 */
export function modRm(
  reg: number,
  rm: Operand,
  { disp8N = 1 }: { readonly disp8N?: number } = {},
): OperandBytes {
  const modRmByte = (mod: number, rm: number) => mod << 6 | low3(reg) << 3 | low3(rm);
  if (typeof rm === "number") return { bytes: [modRmByte(0b11, rm)] };
  // RIP-relative addressing (2.2.1.6).
  if (!("base" in rm)) return { bytes: [modRmByte(0b00, rmIsRipRelative), ...int32(0)], label: rm };
  const { base, index, scale = 1, displacement = 0 } = rm;
  const disp8 = displacement / disp8N;
  const fitsDisp8 = Number.isInteger(disp8) && Math.abs(disp8) < 128;
  // With mod 00, what would be base rbp or r13 means RIP or no base: they take a displacement of 0.
  const hasNone = displacement === 0 && low3(base) !== rmIsRipRelative;
  const mod = hasNone ? 0b00 : fitsDisp8 ? 0b01 : 0b10;
  const needsSib = index !== undefined || low3(base) === rmIsSib;
  const sib = Math.log2(scale) << 6 | low3(index ?? sibHasNoIndex) << 3 | low3(base);
  return {
    bytes: [
      ...needsSib ? [modRmByte(mod, rmIsSib), sib] : [modRmByte(mod, base)],
      ...mod === 0b01 ? [disp8 & 255] : [],
      ...mod === 0b10 ? int32(displacement) : [],
    ],
  };
}

/** A 32-bit displacement or immediate, the lowest byte first. */
export function int32(value: number): number[] {
  return [value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24 & 255];
}

/** What X and B get of the operand in ModRM.rm. */
function extensionsOf(rm: Operand): { readonly x: number; readonly b: number } {
  if (typeof rm === "number") return { x: bit(rm, 4), b: bit(rm, 3) };
  if (!("base" in rm)) return { x: 0, b: 0 };
  return { x: bit(rm.index ?? 0, 3), b: bit(rm.base, 3) };
}

function bit(value: number, i: number): number {
  return value >> i & 1;
}

function low3(register: number): number {
  return register & 0b111;
}

function inverted(value: number, bits = 1): number {
  return ~value & (1 << bits) - 1;
}
