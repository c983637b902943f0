/** The decoder: which row an instruction word belongs to, and its operands. Derived from the rows and formats. */
import { must } from '../base/assert.ts';
import { INSTRUCTIONS } from './all.ts';
import { decodeImmediate, formatOf, type Format, type RegisterField } from './formats.ts';
import type { Insn, Requirement } from './insn.ts';

/** The operands of one instruction; a register that the format lacks is 0. */
export interface Decoded {
  readonly insn: Insn;
  /** Position in INSTRUCTIONS. */
  readonly index: number;
  readonly length: 2 | 4;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly rs3: number;
  readonly imm: number;
  readonly uimm: number;
  /** Rounding mode field; 0 when the format has none. */
  readonly rm: number;
}

/** 32-bit words by opcode and funct3; halfwords by opcode and funct3, behind them. */
function keyOf(word: number): number {
  return (word & 3) === 3 ? ((word >>> 2) & 31) * 8 + ((word >>> 12) & 7) : 256 + (word & 3) * 8 + ((word >>> 13) & 7);
}

const BUCKETS = 288;

/** By key, the positions of the rows that can match a word with it: a few instead of all. */
export function bucketsOf(rows: readonly Insn[]): number[][] {
  const buckets: number[][] = Array.from({ length: BUCKETS }, () => []);
  rows.forEach((insn, index) => {
    const isLong = (insn.match & 3) === 3;
    for (let funct3 = 0; funct3 < 8; funct3++) {
      const at = isLong ? 12 : 13;
      const word = (insn.match & ~(7 << at)) | (funct3 << at);
      if (((word ^ insn.match) & insn.mask & (7 << at)) === 0) must(buckets[keyOf(word)], 'bucket').push(index);
    }
  });
  return buckets;
}
const buckets = bucketsOf(INSTRUCTIONS);

/** The instruction that starts with `word`, or undefined when it is illegal. A halfword's upper bits are ignored. */
export function decode(word: number): Decoded | undefined {
  const bits = (word & 3) === 3 ? word : word & 0xffff;
  for (const index of must(buckets[keyOf(bits)], 'bucket')) {
    const insn = must(INSTRUCTIONS[index], 'row');
    if (((bits ^ insn.match) & insn.mask) !== 0) continue;
    const format = formatOf(insn.format);
    const decoded: Decoded = {
      insn,
      index,
      length: format.length,
      rd: registerOf(format.rd, bits),
      rs1: registerOf(format.rs1, bits),
      rs2: registerOf(format.rs2, bits),
      rs3: registerOf(format.rs3, bits),
      imm: format.imm ? decodeImmediate(format.imm, bits) : 0,
      uimm: format.uimm ? decodeImmediate(format.uimm, bits) : 0,
      rm: format.rm ? (bits >>> 12) & 7 : 0,
    };
    if (isMeant(format, insn, decoded)) return decoded;
  }
  return undefined;
}

function registerOf(field: RegisterField | undefined, word: number): number {
  if (field === undefined) return 0;
  if (field.kind === 'fixed') return field.index;
  return field.kind === 'full' ? (word >>> field.at) & 31 : 8 + ((word >>> field.at) & 7);
}

const REQUIREMENTS: Record<Requirement, (d: Decoded) => boolean> = {
  'rd!=0': d => d.rd !== 0,
  'rd!=2': d => d.rd !== 2,
  'rs1!=0': d => d.rs1 !== 0,
  'rs2!=0': d => d.rs2 !== 0,
  'imm!=0': d => d.imm !== 0,
};

/** Rounding modes 5 and 6 are reserved. */
function isMeant(format: Format, insn: Insn, decoded: Decoded): boolean {
  if (format.rm && (decoded.rm === 5 || decoded.rm === 6)) return false;
  return insn.requires === undefined || insn.requires.every(requirement => REQUIREMENTS[requirement](decoded));
}
