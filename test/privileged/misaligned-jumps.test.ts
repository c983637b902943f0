/** Without C, a jump to an odd halfword traps at the jump, and one that is not taken does not: as on QEMU 7.2. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../emulator/base/bytes.ts';
import { Assembly } from '../isa/random-program.ts';
import { hasJudge, runOnOurs, runOnQemu } from './run-both.ts';

const UART = 0x1000_0000;
const FINISHER = 0x0010_0000;
const BASE = 0x8000_0000;
const [A, B, TARGET, LINK, OUT, CAUSE, EPC] = [10, 11, 12, 13, 8, 14, 15];

const CASES: readonly (readonly [name: string, imm: number])[] = [
  ...['jal', 'beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'].flatMap((name): [string, number][] => [
    [name, 6],
    [name, 8],
  ]),
  ['jalr', 2],
  ['jalr', 3],
  ['jalr', 8],
];

/** Each case prints cause, distance of mepc from the case's start, and whether the link register was written. */
function program(): Uint8Array {
  const out = new Assembly();
  out.insn('jal', { imm: 20 });
  const handler = out.bytes.length;
  out.insn('csrrs', { rd: CAUSE, imm: 0x342 });
  out.insn('csrrs', { rd: EPC, imm: 0x341 });
  out.insn('csrrw', { rs1: TARGET, imm: 0x341 });
  out.insn('mret', {});
  out.la(5, BASE + handler);
  out.insn('csrrw', { rs1: 5, imm: 0x305 });
  out.la(OUT, UART);
  for (const [name, imm] of CASES) {
    const start = out.bytes.length;
    // Behind the case, in either way.
    out.insn('auipc', { rd: TARGET, imm: 0 });
    out.insn('addi', { rd: LINK, imm: 0 });
    out.insn('addi', { rd: CAUSE, imm: 99 });
    out.insn('addi', { rd: EPC, rs1: TARGET, imm: 0 });
    out.insn('addi', { rd: A, imm: -1 });
    out.insn('addi', { rd: B, imm: 1 });
    out.insn('addi', { rd: 16, rs1: TARGET, imm: 0 });
    const jump = out.bytes.length + 4;
    out.insn('addi', { rd: TARGET, rs1: TARGET, imm: jump + 8 - start });
    if (name === 'jalr') out.insn(name, { rd: LINK, rs1: TARGET, imm: imm - 8 });
    else out.insn(name, { rd: LINK, rs1: A, rs2: B, imm });
    out.insn('addi', { rd: CAUSE, rs1: CAUSE, imm: 1 });
    out.insn('sb', { rs1: OUT, rs2: CAUSE });
    out.insn('sub', { rd: EPC, rs1: EPC, rs2: 16 });
    out.insn('sb', { rs1: OUT, rs2: EPC });
    out.insn('sltu', { rd: LINK, rs1: 0, rs2: LINK });
    out.insn('sb', { rs1: OUT, rs2: LINK });
  }
  out.la(5, FINISHER);
  out.li(6, 0x5555);
  out.insn('sw', { rs1: 5, rs2: 6 });
  out.insn('jal', {});
  return Uint8Array.from(out.bytes);
}

describe.skipIf(!hasJudge)('jumps agree with qemu-system-riscv64 7.2', () => {
  test('rv64,c=off', () => {
    const table = (bytes: Uint8Array): string[] =>
      CASES.map(
        ([name, imm], i) => `${name} ${imm}: ${[0, 1, 2].map(k => viewOf(bytes).getUint8(3 * i + k)).join(' ')}`,
      );
    const ours = table(runOnOurs(program(), ',c=off'));
    expect(ours).toEqual(table(runOnQemu(program(), ',c=off')));
    // Those that are taken to an odd halfword: cause 0.
    expect(ours.filter(row => row.includes(': 0 '))).toHaveLength(6);
  });
});
