/** The encoder: an instruction word from a row and operands. The inverse of decode.ts, from the same formats. */
import { must } from '../base/assert.ts';
import { INSTRUCTIONS } from './all.ts';
import { encodeImmediate, formatOf, type RegisterField } from './formats.ts';
import type { Insn } from './insn.ts';

/** Registers by number; what the format lacks is ignored, what is left out is 0. */
export interface Operands {
  readonly rd?: number;
  readonly rs1?: number;
  readonly rs2?: number;
  readonly rs3?: number;
  readonly imm?: number;
  readonly uimm?: number;
  readonly rm?: number;
}

const ROWS = new Map(INSTRUCTIONS.map(insn => [insn.name, insn]));

export function rowNamed(name: string): Insn {
  return must(ROWS.get(name), `instruction row ${name}`);
}

export function encode(insn: Insn, operands: Operands): number {
  const format = formatOf(insn.format);
  const { rd = 0, rs1 = 0, rs2 = 0, rs3 = 0, imm = 0, uimm = 0, rm = 0 } = operands;
  let word = insn.match;
  word |= registerBits(format.rd, rd) | registerBits(format.rs1, rs1);
  word |= registerBits(format.rs2, rs2) | registerBits(format.rs3, rs3);
  if (format.imm) word |= encodeImmediate(format.imm, imm);
  if (format.uimm) word |= encodeImmediate(format.uimm, uimm);
  if (format.rm) word |= rm << 12;
  return word >>> 0;
}

/** A fixed register has no bits. */
function registerBits(field: RegisterField | undefined, index: number): number {
  if (field === undefined || field.kind === 'fixed') return 0;
  return field.kind === 'full' ? index << field.at : (index - 8) << field.at;
}
