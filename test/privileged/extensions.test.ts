/** Switching an extension off takes away its instructions, and nothing else: as on QEMU 7.2. */
import { describe, expect, test } from 'vitest';
import { EXTENSIONS } from '../../emulator/isa/extensions.ts';
import { formatOf } from '../../emulator/isa/formats.ts';
import { encode } from '../../emulator/isa/encode.ts';
import type { Insn } from '../../emulator/isa/insn.ts';
import { Assembly } from '../isa/random-program.ts';
import { hasJudge, runOnOurs, runOnQemu } from './run-both.ts';

const UART = 0x1000_0000;
const FINISHER = 0x0010_0000;
const BASE = 0x8000_0000;
const [UART_REGISTER, CAUSE, SCRATCH, ADDRESS] = [8, 9, 5, 10];
const ILLEGAL = 2;
const MSTATUS_FS = 0x6000;
/** Compressed jumps would leave the program. */
const ROWS: readonly Insn[] = EXTENSIONS.flatMap(({ rows }): readonly Insn[] => rows).filter(
  ({ format, name }) => !['CB', 'CJ', 'CRjr', 'CRjalr'].includes(format) && name !== 'c.ebreak',
);

/** Runs each row once and prints the cause it traps with, or 0: one byte each. Addresses are in RAM. */
function program(isCompressedOff: boolean): Uint8Array {
  const out = new Assembly();
  const jump = out.bytes.length;
  out.word(0x13);
  const handler = out.bytes.length;
  out.insn('csrrs', { rd: CAUSE, imm: 0x342 });
  // On behind the instruction, which a nop of the same length follows.
  out.insn('csrrs', { rd: SCRATCH, imm: 0x341 });
  out.insn('lhu', { rd: 6, rs1: SCRATCH });
  out.insn('andi', { rd: 6, rs1: 6, imm: 3 });
  out.insn('addi', { rd: 7, imm: 3 });
  out.insn('addi', { rd: SCRATCH, rs1: SCRATCH, imm: 2 });
  // Without C, a halfword and the c.nop behind it are skipped together.
  if (!isCompressedOff) out.insn('bne', { rs1: 6, rs2: 7, imm: 8 });
  out.insn('addi', { rd: SCRATCH, rs1: SCRATCH, imm: 2 });
  out.insn('csrrw', { rs1: SCRATCH, imm: 0x341 });
  out.insn('mret', {});
  const main = new Assembly();
  main.insn('jal', { imm: out.bytes.length });
  main.bytes.forEach((byte, i) => (out.bytes[jump + i] = byte));
  out.la(SCRATCH, BASE + handler);
  out.insn('csrrw', { rs1: SCRATCH, imm: 0x305 });
  out.li(SCRATCH, MSTATUS_FS);
  out.insn('csrrs', { rs1: SCRATCH, imm: 0x300 });
  out.la(UART_REGISTER, UART);
  for (const insn of ROWS) {
    const { length, rs1 } = formatOf(insn.format);
    out.la(ADDRESS, BASE + 0x10_0000);
    out.la(2, BASE + 0x10_0000);
    out.insn('addi', { rd: CAUSE, imm: 0 });
    // CSR instructions need a CSR: mscratch.
    const imm = insn.format.startsWith('Csr') ? 0x340 : 16;
    out.word(encode(insn, { rd: 11, rs1: rs1?.kind === 'fixed' ? 0 : ADDRESS, rs2: 11, rs3: 11, imm }));
    if (length === 2) out.word(0x0001); // c.nop, to stay aligned
    out.insn('sb', { rs1: UART_REGISTER, rs2: CAUSE });
  }
  out.la(SCRATCH, FINISHER);
  out.li(6, 0x5555);
  out.insn('sw', { rs1: SCRATCH, rs2: 6 });
  out.insn('jal', {});
  return Uint8Array.from(out.bytes);
}

const CPUS = ['', ...EXTENSIONS.map(({ name, isDefault }) => `,${name}=${isDefault ? 'off' : 'on'}`)].map(cpu =>
  cpu === ',f=off' ? ',f=off,d=off' : cpu === ',Zicsr=off' ? undefined : cpu,
);

/** QEMU 7.2 without A still has the atomics on double words. */
const isJudgeWrong = (cpu: string, name: string): boolean => cpu === ',a=off' && /^(lr|sc|amo\w+)\.d$/.test(name);

describe.skipIf(!hasJudge)('extensions agree with qemu-system-riscv64 7.2', () => {
  test.each(CPUS.filter(cpu => cpu !== undefined))('rv64%s', { timeout: 60_000 }, cpu => {
    const image = program(cpu.includes('c=off'));
    const [ours, theirs] = [runOnOurs(image, cpu), runOnQemu(image, cpu)];
    const causes = (bytes: Uint8Array): string[] =>
      ROWS.map(({ name }, i) => `${name} ${isJudgeWrong(cpu, name) ? 'illegal' : bytes[i]}`);
    expect(causes(ours)).toEqual(causes(theirs));
    const off = EXTENSIONS.find(({ name }) => cpu.startsWith(`,${name}=off`));
    const gone = new Set(off?.rows.map(({ name }) => name));
    ROWS.forEach(({ name }, i) => gone.has(name) && expect(ours[i], name).toBe(ILLEGAL));
  });
});
