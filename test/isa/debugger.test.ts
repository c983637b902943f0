/** What gdb and the -d traces use: translation without effects, CSRs by number, traps and decoded code reported. */
import { expect, test } from 'vitest';
import { Privilege } from '../../emulator/cpu/cpu.ts';
import { HANDLER, hartWith, PAGE_TABLES, PTE, sv39 } from './machine.ts';
import { CODE_BASE } from './random-program.ts';

const SMALL = 0x4000_0000;
const CSR = { satp: 0x180, mtvec: 0x305, medeleg: 0x302, mcycle: 0xb00, nothing: 0x7c0 };

test('addresses translate as an access would, and nothing changes', () => {
  const { cpu, ram } = hartWith(() => {}, Privilege.S);
  const pages = [
    { va: SMALL, pa: 0x8030_0000, flags: PTE.V | PTE.R },
    { va: SMALL + 0x1000, pa: 0x8030_1000, flags: PTE.V | PTE.R | PTE.W | PTE.X },
  ];
  cpu.setCsr(CSR.satp, sv39(ram, pages));
  const table = ram.bytes(PAGE_TABLES, 3 * 4096).slice();
  expect(cpu.translate(BigInt(SMALL + 5), 'read')).toBe(0x8030_0005);
  expect(cpu.translate(BigInt(SMALL + 5), 'write')).toBe(undefined);
  expect(cpu.translate(BigInt(SMALL + 0x1ffe), 'write')).toBe(0x8030_1ffe);
  expect(cpu.translate(BigInt(SMALL + 0x1000), 'execute')).toBe(0x8030_1000);
  expect(cpu.translate(BigInt(SMALL + 0x2000), 'read')).toBe(undefined);
  expect(cpu.translate(0x8000_1234n, 'read')).toBe(0x8000_1234);
  expect(cpu.translate(0x1234_5678_0000_0000n, 'read')).toBe(undefined);
  expect(ram.bytes(PAGE_TABLES, 3 * 4096)).toEqual(table);
});

test('without paging every address is its own', () => {
  const { cpu } = hartWith(() => {});
  expect(cpu.translate(0x1000_0000n, 'write')).toBe(0x1000_0000);
});

test('CSRs by number, whatever the mode; one that is not there is undefined', () => {
  const { cpu } = hartWith(() => {}, Privilege.U);
  cpu.setCsr(CSR.mtvec, 0x8000_0040n);
  expect(cpu.getCsr(CSR.mtvec)).toBe(0x8000_0040n);
  expect(cpu.getCsr(CSR.nothing)).toBe(undefined);
  expect(cpu.privilege).toBe(Privilege.U);
});

test('traps are reported with cause, place, value and target mode', () => {
  const { cpu } = hartWith(out => out.insn('ecall', {}), Privilege.U);
  const seen: unknown[] = [];
  cpu.onTrap = (...trap) => seen.push(trap);
  cpu.setCsr(CSR.mtvec, BigInt(HANDLER));
  cpu.run(1);
  cpu.onTrap = undefined;
  expect(seen).toEqual([[8n, BigInt(CODE_BASE), 0n, Privilege.M]]);
});

test('decoded code is reported once, as text', () => {
  const { cpu } = hartWith(out => {
    out.insn('addi', { rd: 10, rs1: 0, imm: 7 });
    out.insn('jal', { rd: 0, imm: -4 });
  });
  const seen: string[] = [];
  cpu.onDecode = (pa, text) => seen.push(`${pa.toString(16)} ${text}`);
  cpu.run(20);
  expect(seen).toEqual(['80001000 li\ta0,7', '80001004 j\t0x80001000']);
});
