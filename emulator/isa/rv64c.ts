/**
 * C: the compressed instructions of RV64. Each stands for one 32-bit instruction whose semantics it takes; its format
 * says which operands are implied. Where two rows match a halfword, the first one whose requirements hold is meant.
 */
import type { FormatName } from './formats.ts';
import type { Insn, Requirement } from './insn.ts';
import { must } from '../base/assert.ts';
import { PRIV } from './priv.ts';
import { RV64FD } from './rv64fd.ts';
import { RV64I } from './rv64i.ts';

const BASE = new Map([...RV64I, ...RV64FD, ...PRIV].map(insn => [insn.name, insn]));

function c(
  name: string,
  expandsTo: string,
  format: FormatName,
  match: number,
  mask: number,
  requires: readonly Requirement[] = [],
  operands?: string,
): Insn {
  const base = must(BASE.get(expandsTo), `instruction row ${expandsTo}`);
  return {
    name,
    format,
    match,
    mask,
    expandsTo,
    requires,
    ...(operands === undefined ? {} : { operands }),
    run: base.run,
  };
}

export const RV64C: readonly Insn[] = [
  c('c.addi4spn', 'addi', 'CIW', 0x0000, 0xe003, ['imm!=0']),
  c('c.fld', 'fld', 'CLd', 0x2000, 0xe003, [], 'frd,imm(rs1)'),
  c('c.lw', 'lw', 'CLw', 0x4000, 0xe003),
  c('c.ld', 'ld', 'CLd', 0x6000, 0xe003),
  c('c.fsd', 'fsd', 'CSd', 0xa000, 0xe003, [], 'frs2,imm(rs1)'),
  c('c.sw', 'sw', 'CSw', 0xc000, 0xe003),
  c('c.sd', 'sd', 'CSd', 0xe000, 0xe003),
  c('c.nop', 'addi', 'CInop', 0x0001, 0xef83),
  c('c.addi', 'addi', 'CI', 0x0001, 0xe003),
  c('c.addiw', 'addiw', 'CI', 0x2001, 0xe003, ['rd!=0']),
  c('c.li', 'addi', 'CIli', 0x4001, 0xe003),
  c('c.addi16sp', 'addi', 'CI16sp', 0x6101, 0xef83, ['imm!=0']),
  c('c.lui', 'lui', 'CIlui', 0x6001, 0xe003, ['imm!=0', 'rd!=2']),
  c('c.srli', 'srli', 'CBshamt', 0x8001, 0xec03),
  c('c.srai', 'srai', 'CBshamt', 0x8401, 0xec03),
  c('c.andi', 'andi', 'CBimm', 0x8801, 0xec03),
  c('c.sub', 'sub', 'CA', 0x8c01, 0xfc63),
  c('c.xor', 'xor', 'CA', 0x8c21, 0xfc63),
  c('c.or', 'or', 'CA', 0x8c41, 0xfc63),
  c('c.and', 'and', 'CA', 0x8c61, 0xfc63),
  c('c.subw', 'subw', 'CA', 0x9c01, 0xfc63),
  c('c.addw', 'addw', 'CA', 0x9c21, 0xfc63),
  c('c.j', 'jal', 'CJ', 0xa001, 0xe003),
  c('c.beqz', 'beq', 'CB', 0xc001, 0xe003),
  c('c.bnez', 'bne', 'CB', 0xe001, 0xe003),
  c('c.slli', 'slli', 'CIshamt', 0x0002, 0xe003),
  c('c.fldsp', 'fld', 'CIldsp', 0x2002, 0xe003, [], 'frd,imm(rs1)'),
  c('c.lwsp', 'lw', 'CIlwsp', 0x4002, 0xe003, ['rd!=0']),
  c('c.ldsp', 'ld', 'CIldsp', 0x6002, 0xe003, ['rd!=0']),
  c('c.jr', 'jalr', 'CRjr', 0x8002, 0xf07f, ['rs1!=0']),
  c('c.mv', 'add', 'CRmv', 0x8002, 0xf003, ['rs2!=0']),
  c('c.ebreak', 'ebreak', 'CNone', 0x9002, 0xffff),
  c('c.jalr', 'jalr', 'CRjalr', 0x9002, 0xf07f, ['rs1!=0']),
  c('c.add', 'add', 'CR', 0x9002, 0xf003, ['rs2!=0']),
  c('c.fsdsp', 'fsd', 'CSSd', 0xa002, 0xe003, [], 'frs2,imm(rs1)'),
  c('c.swsp', 'sw', 'CSSw', 0xc002, 0xe003),
  c('c.sdsp', 'sd', 'CSSd', 0xe002, 0xe003),
];
