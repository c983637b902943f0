/**
 * The disassembler: GNU objdump's syntax, pseudo-instructions included; compressed instructions print as what they stand
 * for. Derived from the rows' operand strings and an alias table.
 */
import { InternalError, must } from '../base/assert.ts';
import { hex } from '../base/bytes.ts';
import { CSR_NAMES } from './csr-names.ts';
import { decode, type Decoded } from './decode.ts';
import { rowNamed } from './encode.ts';
import { formatOf } from './formats.ts';
import type { Insn } from './insn.ts';
import { F_NAMES, ROUNDING_NAMES, X_NAMES } from './registers.ts';

/** `name` prints as `alias` with `operands` when `when` holds. The first match counts. */
interface Alias {
  readonly name: string;
  readonly alias: string;
  readonly operands: string;
  readonly when: (d: Decoded) => boolean;
}

const FFLAGS = 1;
const FRM = 2;
const FCSR = 3;
const sameSources = (d: Decoded): boolean => d.rs1 === d.rs2;

const ALIASES: readonly Alias[] = [
  { name: 'addi', alias: 'nop', operands: '', when: d => d.rd === 0 && d.rs1 === 0 && d.imm === 0 },
  { name: 'addi', alias: 'li', operands: 'rd,imm', when: d => d.rs1 === 0 },
  { name: 'addi', alias: 'mv', operands: 'rd,rs1', when: d => d.imm === 0 },
  { name: 'addiw', alias: 'sext.w', operands: 'rd,rs1', when: d => d.imm === 0 },
  { name: 'xori', alias: 'not', operands: 'rd,rs1', when: d => d.imm === -1 },
  { name: 'andi', alias: 'zext.b', operands: 'rd,rs1', when: d => d.imm === 255 },
  { name: 'sltiu', alias: 'seqz', operands: 'rd,rs1', when: d => d.imm === 1 },
  { name: 'add', alias: 'mv', operands: 'rd,rs2', when: d => d.rs1 === 0 && d.length === 2 },
  { name: 'sub', alias: 'neg', operands: 'rd,rs2', when: d => d.rs1 === 0 },
  { name: 'subw', alias: 'negw', operands: 'rd,rs2', when: d => d.rs1 === 0 },
  { name: 'sltu', alias: 'snez', operands: 'rd,rs2', when: d => d.rs1 === 0 },
  { name: 'slt', alias: 'sltz', operands: 'rd,rs1', when: d => d.rs2 === 0 },
  { name: 'slt', alias: 'sgtz', operands: 'rd,rs2', when: d => d.rs1 === 0 },
  { name: 'beq', alias: 'beqz', operands: 'rs1,target', when: d => d.rs2 === 0 },
  { name: 'bne', alias: 'bnez', operands: 'rs1,target', when: d => d.rs2 === 0 },
  { name: 'blt', alias: 'bltz', operands: 'rs1,target', when: d => d.rs2 === 0 },
  { name: 'blt', alias: 'bgtz', operands: 'rs2,target', when: d => d.rs1 === 0 },
  { name: 'bge', alias: 'bgez', operands: 'rs1,target', when: d => d.rs2 === 0 },
  { name: 'bge', alias: 'blez', operands: 'rs2,target', when: d => d.rs1 === 0 },
  { name: 'jal', alias: 'j', operands: 'target', when: d => d.rd === 0 },
  { name: 'jal', alias: 'jal', operands: 'target', when: d => d.rd === 1 },
  { name: 'jalr', alias: 'ret', operands: '', when: d => d.rd === 0 && d.rs1 === 1 && d.imm === 0 },
  { name: 'jalr', alias: 'jr', operands: 'rs1', when: d => d.rd === 0 && d.imm === 0 },
  { name: 'jalr', alias: 'jr', operands: 'imm(rs1)', when: d => d.rd === 0 },
  { name: 'jalr', alias: 'jalr', operands: 'rs1', when: d => d.rd === 1 && d.imm === 0 },
  { name: 'jalr', alias: 'jalr', operands: 'imm(rs1)', when: d => d.rd === 1 },
  { name: 'fence', alias: 'fence', operands: '', when: d => d.imm === 0xff },
  { name: 'fence', alias: 'fence.tso', operands: '', when: d => d.imm === 0x833 },
  { name: 'fence', alias: 'pause', operands: '', when: d => d.imm === 0x010 && d.rd === 0 },
  { name: 'sfence.vma', alias: 'sfence.vma', operands: '', when: d => d.rs1 === 0 && d.rs2 === 0 },
  { name: 'sfence.vma', alias: 'sfence.vma', operands: 'rs1', when: d => d.rs2 === 0 },
  { name: 'csrrs', alias: 'frflags', operands: 'rd', when: d => d.rs1 === 0 && d.imm === FFLAGS },
  { name: 'csrrs', alias: 'frrm', operands: 'rd', when: d => d.rs1 === 0 && d.imm === FRM },
  { name: 'csrrs', alias: 'frcsr', operands: 'rd', when: d => d.rs1 === 0 && d.imm === FCSR },
  { name: 'csrrw', alias: 'fsflags', operands: 'rs1', when: d => d.rd === 0 && d.imm === FFLAGS },
  { name: 'csrrw', alias: 'fsflags', operands: 'rd,rs1', when: d => d.imm === FFLAGS },
  { name: 'csrrw', alias: 'fsrm', operands: 'rs1', when: d => d.rd === 0 && d.imm === FRM },
  { name: 'csrrw', alias: 'fsrm', operands: 'rd,rs1', when: d => d.imm === FRM },
  { name: 'csrrw', alias: 'fscsr', operands: 'rs1', when: d => d.rd === 0 && d.imm === FCSR },
  { name: 'csrrw', alias: 'fscsr', operands: 'rd,rs1', when: d => d.imm === FCSR },
  { name: 'csrrs', alias: 'rdcycle', operands: 'rd', when: d => d.rs1 === 0 && d.imm === 0xc00 },
  { name: 'csrrs', alias: 'rdtime', operands: 'rd', when: d => d.rs1 === 0 && d.imm === 0xc01 },
  { name: 'csrrs', alias: 'rdinstret', operands: 'rd', when: d => d.rs1 === 0 && d.imm === 0xc02 },
  { name: 'csrrs', alias: 'csrr', operands: 'rd,csr', when: d => d.rs1 === 0 },
  { name: 'csrrw', alias: 'csrw', operands: 'csr,rs1', when: d => d.rd === 0 },
  { name: 'csrrs', alias: 'csrs', operands: 'csr,rs1', when: d => d.rd === 0 },
  { name: 'csrrc', alias: 'csrc', operands: 'csr,rs1', when: d => d.rd === 0 },
  { name: 'csrrwi', alias: 'csrwi', operands: 'csr,uimm', when: d => d.rd === 0 },
  { name: 'csrrsi', alias: 'csrsi', operands: 'csr,uimm', when: d => d.rd === 0 },
  { name: 'csrrci', alias: 'csrci', operands: 'csr,uimm', when: d => d.rd === 0 },
  ...['s', 'd'].flatMap(suffix => [
    { name: `fsgnj.${suffix}`, alias: `fmv.${suffix}`, operands: 'frd,frs1', when: sameSources },
    { name: `fsgnjn.${suffix}`, alias: `fneg.${suffix}`, operands: 'frd,frs1', when: sameSources },
    { name: `fsgnjx.${suffix}`, alias: `fabs.${suffix}`, operands: 'frd,frs1', when: sameSources },
  ]),
];

const ALIASES_OF = new Map<string, Alias[]>();
for (const alias of ALIASES) ALIASES_OF.set(alias.name, [...(ALIASES_OF.get(alias.name) ?? []), alias]);

/** One instruction as text, mnemonic and operands separated by a tab. `pc` resolves branch targets. */
export function disassemble(word: number, pc: bigint): string {
  const decoded = decode(word);
  if (decoded === undefined)
    return (word & 3) === 3 ? `.word\t${hex(word >>> 0, 8)}` : `.short\t${hex(word & 0xffff, 4)}`;
  const insn = baseOf(decoded.insn);
  const alias = ALIASES_OF.get(insn.name)?.find(({ when }) => when(decoded));
  const operands = alias?.operands ?? insn.operands ?? formatOf(insn.format).operands;
  const text = render(operands, insn, decoded, word, pc);
  const name = (alias?.alias ?? insn.name) + orderingSuffix(insn, word);
  return text === '' ? name : `${name}\t${text}`;
}

function baseOf(insn: Insn): Insn {
  return insn.expandsTo === undefined ? insn : rowNamed(insn.expandsTo);
}

function orderingSuffix(insn: Insn, word: number): string {
  if (!formatOf(insn.format).aqrl) return '';
  return ['', '.rl', '.aq', '.aqrl'][(word >>> 25) & 3] ?? '';
}

function render(operands: string, insn: Insn, d: Decoded, word: number, pc: bigint): string {
  // objdump leaves out the default rounding mode, and the mode of conversions that cannot round.
  const shown = d.rm === 7 || isExactConversion(insn.name) ? operands.replace(/,rm$/, '') : operands;
  return shown.replace(/\w+/g, token => operandText(token, insn, d, word, pc));
}

function isExactConversion(name: string): boolean {
  return name === 'fcvt.d.s' || name === 'fcvt.d.w' || name === 'fcvt.d.wu';
}

function operandText(token: string, insn: Insn, d: Decoded, word: number, pc: bigint): string {
  switch (token) {
    case 'rd':
      return must(X_NAMES[d.rd], token);
    case 'rs1':
      return must(X_NAMES[d.rs1], token);
    case 'rs2':
      return must(X_NAMES[d.rs2], token);
    case 'frd':
      return must(F_NAMES[d.rd], token);
    case 'frs1':
      return must(F_NAMES[d.rs1], token);
    case 'frs2':
      return must(F_NAMES[d.rs2], token);
    case 'frs3':
      return must(F_NAMES[d.rs3], token);
    case 'imm':
      return immediateText(insn, d);
    case 'uimm':
      return String(d.uimm);
    case 'csr':
      return CSR_NAMES.get(d.imm) ?? hex(d.imm);
    case 'rm':
      return ROUNDING_NAMES[d.rm] ?? '';
    case 'target':
      return hex(BigInt.asUintN(64, pc + BigInt(d.imm)));
    case 'pred':
      return fenceSet(word >>> 24);
    case 'succ':
      return fenceSet(word >>> 20);
    default:
      throw new InternalError(`operand ${token} of ${insn.name}`);
  }
}

function immediateText(insn: Insn, d: Decoded): string {
  if (insn.format === 'U') return hex((d.imm >>> 12) & 0xfffff);
  const isShift = insn.format === 'Shift5' || insn.format === 'Shift6';
  return isShift ? hex(d.imm) : String(d.imm);
}

function fenceSet(bits: number): string {
  const text = ['i', 'o', 'r', 'w'].filter((_, i) => (bits & (8 >> i)) !== 0).join('');
  return text === '' ? 'unknown' : text;
}
