/**
 * A small assembler: text to MInsns, for the runtime stubs and for tests. Syntax is GNU as's for the instructions of
 * emulator/isa, whose rows say the operands of each; the pseudo-ops of minsn.ts and a few usual abbreviations besides.
 * One instruction a line, `name:` defines a label, `#` begins a comment.
 */
import { formatOf } from '../../../emulator/isa/formats.ts';
import { ROUNDING_NAMES } from '../../../emulator/isa/registers.ts';
import { csrNumber } from './csr.ts';
import { rowOf } from './encode.ts';
import type { MFunction, MInsn } from './minsn.ts';
import { RA, registerNumber, ZERO } from './regs.ts';

/** Assembles a function without a frame of its own. */
export function assembleFunction(name: string, text: string): MFunction {
  return { name, insns: assembleText(text), frameSize: 0, raSlot: null };
}

export function assembleText(text: string): MInsn[] {
  const labels = new Map<string, number>();
  const labelId = (name: string): number => {
    const id = labels.get(name) ?? labels.size;
    labels.set(name, id);
    return id;
  };
  const out: MInsn[] = [];
  for (const raw of text.split('\n')) {
    let line = raw.replace(/#.*/, '').trim();
    for (let m = /^([\w.$]+):\s*/.exec(line); m; m = /^([\w.$]+):\s*/.exec(line)) {
      out.push({ op: 'label', target: labelId(m[1]!) });
      line = line.slice(m[0].length);
    }
    if (line !== '') out.push(parseLine(line, labelId));
  }
  return out;
}

type LabelId = (name: string) => number;

/** Pseudo-ops and abbreviations; all else comes from the instruction rows. */
const PSEUDO: Readonly<Record<string, (args: string[], labelId: LabelId) => MInsn>> = {
  li: ([rd, imm]) => ({ op: 'li', rd: reg(rd), imm: parseBigInt(imm) }),
  la: ([rd, sym]) => ({ op: 'la', rd: reg(rd), sym: sym! }),
  lla: ([rd, sym]) => ({ op: 'lla', rd: reg(rd), sym: sym! }),
  mv: ([rd, rs1]) => ({ op: 'mv', rd: reg(rd), rs1: reg(rs1) }),
  j: ([target], labelId) => ({ op: 'j', target: labelId(target!) }),
  call: ([sym]) => ({ op: 'call', sym: sym! }),
  tail: ([sym]) => ({ op: 'tail', sym: sym! }),
  ret: () => ({ op: 'ret' }),
  jr: ([rs1]) => ({ op: 'jalr', rd: ZERO, rs1: reg(rs1), imm: 0 }),
  jalr: ([rs1]) => ({ op: 'jalr', rd: RA, rs1: reg(rs1), imm: 0 }),
  nop: () => ({ op: 'addi', rd: ZERO, rs1: ZERO, imm: 0 }),
  neg: ([rd, rs]) => ({ op: 'sub', rd: reg(rd), rs1: ZERO, rs2: reg(rs) }),
  not: ([rd, rs]) => ({ op: 'xori', rd: reg(rd), rs1: reg(rs), imm: -1 }),
  beqz: ([rs, target], labelId) => ({ op: 'beq', rs1: reg(rs), rs2: ZERO, target: labelId(target!) }),
  bnez: ([rs, target], labelId) => ({ op: 'bne', rs1: reg(rs), rs2: ZERO, target: labelId(target!) }),
  bltz: ([rs, target], labelId) => ({ op: 'blt', rs1: reg(rs), rs2: ZERO, target: labelId(target!) }),
  bgtu: ([a, b, target], labelId) => ({ op: 'bltu', rs1: reg(b), rs2: reg(a), target: labelId(target!) }),
  csrr: ([rd, csr]) => ({ op: 'csrrs', rd: reg(rd), rs1: ZERO, imm: csrNumber(csr!) }),
  csrw: ([csr, rs]) => ({ op: 'csrrw', rd: ZERO, rs1: reg(rs), imm: csrNumber(csr!) }),
  'sfence.vma': ([a, b]) => ({ op: 'sfence.vma', rs1: a ? reg(a) : ZERO, rs2: b ? reg(b) : ZERO }),
  fence: () => ({ op: 'fence' }),
};

function parseLine(line: string, labelId: LabelId): MInsn {
  const space = line.search(/\s/);
  const op = space < 0 ? line : line.slice(0, space);
  const args =
    space < 0
      ? []
      : line
          .slice(space)
          .split(',')
          .map(part => part.trim());
  const pseudo = Object.hasOwn(PSEUDO, op) && !(op === 'jalr' && args.length > 1) ? PSEUDO[op] : undefined;
  if (pseudo) return pseudo(args, labelId);

  const { row } = rowOf(op);
  const insn: MInsn = { op };
  const operands = (row.operands ?? formatOf(row.format).operands).split(',').filter(part => part !== '');
  operands.forEach((operand, i) => setOperand(insn, operand, args[i], labelId));
  if (args.length > operands.length) throw new Error(`asm: too many operands in "${line}"`);
  return insn;
}

function setOperand(insn: MInsn, operand: string, arg: string | undefined, labelId: LabelId): void {
  if (operand === 'rm') {
    if (arg !== undefined) insn.rm = ROUNDING_NAMES.indexOf(arg);
    return;
  }
  if (arg === undefined) throw new Error(`asm: ${insn.op} lacks operand ${operand}`);
  switch (operand) {
    case 'imm(rs1)':
    case '(rs1)': {
      const m = /^(.*)\((\w+)\)$/.exec(arg);
      if (!m) throw new Error(`asm: ${insn.op} wants imm(register), not ${arg}`);
      insn.rs1 = reg(m[2]);
      if (operand === 'imm(rs1)') insn.imm = m[1] === '' ? 0 : Number(m[1]);
      return;
    }
    case 'target':
      insn.target = labelId(arg);
      return;
    case 'imm':
      insn.imm = Number(arg);
      return;
    case 'csr':
      insn.imm = csrNumber(arg);
      return;
    case 'uimm':
      insn.rs1 = Number(arg);
      return;
    default: {
      const field = operand.replace(/^f(?=r[ds])/, '') as 'rd' | 'rs1' | 'rs2' | 'rs3';
      insn[field] = reg(arg);
    }
  }
}

function reg(name: string | undefined): number {
  const number = registerNumber(name ?? '');
  if (number < 0) throw new Error(`asm: no register named ${name}`);
  return number;
}

function parseBigInt(text: string | undefined): bigint {
  const m = /^(-?)(.+)$/.exec(text ?? '');
  if (!m) throw new Error('asm: li lacks its immediate');
  return m[1] ? -BigInt(m[2]!) : BigInt(m[2]!);
}
