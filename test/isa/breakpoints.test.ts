/** Breakpoints and watchpoints of the hart: exact, at full speed, and without traces in what the guest sees. */
import { expect, test } from 'vitest';
import { Privilege } from '../../emulator/cpu/cpu.ts';
import { ExitReason } from '../../emulator/cpu/exit-reason.ts';
import type { Watchpoint } from '../../emulator/cpu/stops.ts';
import { DEVICE, hartWith, PTE, sv39, type Hart } from './machine.ts';
import { CODE_BASE } from './random-program.ts';

const DATA = 0x8010_0000;
const RUN = 10_000;

/** x5 counts rounds; each loads, stores and adds to the doubleword at x6. */
function touching(): Hart {
  return hartWith(out => {
    out.la(6, DATA);
    out.insn('addi', { rd: 5, rs1: 5, imm: 1 });
    out.insn('ld', { rd: 7, rs1: 6, imm: 8 });
    out.insn('sd', { rs1: 6, rs2: 5, imm: 16 });
    out.insn('amoadd.d', { rd: 7, rs1: 6, rs2: 5 });
    out.insn('jal', { rd: 0, imm: -16 });
  });
}

/** Runs the first instruction of the loop. */
function loopStart({ cpu }: Hart): bigint {
  while (cpu.getReg(5) === 0n) cpu.run(1);
  return cpu.pc - 4n;
}

const watch = (address: number, onRead: boolean, onWrite: boolean, length = 8): Watchpoint => ({
  address: BigInt(address),
  length,
  onRead,
  onWrite,
});

test('a breakpoint stops each time around, in front of its instruction, whatever the budget was', () => {
  for (const budget of [1, 2, 3, 7, RUN]) {
    const hart = touching();
    const { cpu } = hart;
    const start = loopStart(hart);
    cpu.setBreakpoints([start + 8n]);
    for (let round = 1n; round < 5n; round++) {
      let reason: ExitReason = ExitReason.Budget;
      for (let tries = 0; tries < 100 && reason === ExitReason.Budget; tries++) reason = cpu.run(budget);
      expect([reason, cpu.pc, cpu.getReg(5)]).toEqual([ExitReason.Breakpoint, start + 8n, round]);
    }
  }
});

test('instructions are counted as without breakpoints', () => {
  const [free, marked] = [touching(), touching()];
  const start = loopStart(marked);
  // The same offset in another page: marked, never hit.
  marked.cpu.setBreakpoints([start + 8n + 0x1_0000n]);
  free.cpu.run(1000 - free.cpu.instret);
  expect(marked.cpu.run(1000 - marked.cpu.instret)).toBe(ExitReason.Budget);
  expect(marked.cpu.instret).toBe(1000);
  expect([marked.cpu.pc, marked.cpu.getReg(5)]).toEqual([free.cpu.pc, free.cpu.getReg(5)]);
});

test('a breakpoint that pc is set to stops at once; a step passes it', () => {
  const hart = touching();
  const { cpu } = hart;
  const start = loopStart(hart);
  cpu.setBreakpoints([start]);
  cpu.pc = start;
  expect(cpu.run(RUN)).toBe(ExitReason.Breakpoint);
  expect(cpu.getReg(5)).toBe(1n);
  expect(cpu.step(true)).toBe(ExitReason.Budget);
  expect([cpu.pc, cpu.getReg(5)]).toEqual([start + 4n, 2n]);
  // What asks for a stop at a stop does not use up a step or the going on.
  cpu.requestExit();
  cpu.step(true);
  expect(cpu.pc).toBe(start + 8n);
  expect(cpu.run(RUN)).toBe(ExitReason.Breakpoint);
  cpu.requestExit();
  expect([cpu.run(RUN), cpu.run(1), cpu.pc]).toEqual([ExitReason.Requested, ExitReason.Budget, start + 4n]);
  cpu.clearBreakpoints();
  expect(cpu.run(RUN)).toBe(ExitReason.Budget);
});

test('an instruction that straddles two pages, an illegal one and a jump can have breakpoints', () => {
  const { cpu, ram } = hartWith(out => {
    out.la(6, 0x8000_1ffe);
    out.insn('jalr', { rd: 0, rs1: 6, imm: 0 });
  });
  const at = 0x8000_1ffe;
  ram.write16(at, 0x8293); // addi x5, x5, 1: 0x00128293
  ram.write16(at + 2, 0x0012);
  ram.write32(at + 4, 0xffdf_f06f); // j -4
  cpu.setBreakpoints([BigInt(at), BigInt(at + 4)]);
  for (let round = 1n; round < 4n; round++) {
    expect([cpu.run(RUN), cpu.pc]).toEqual([ExitReason.Breakpoint, BigInt(at)]);
    expect([cpu.run(RUN), cpu.pc, cpu.getReg(5)]).toEqual([ExitReason.Breakpoint, BigInt(at + 4), round]);
  }
  ram.write32(at + 4, 0);
  cpu.pc = BigInt(at + 4);
  expect([cpu.run(RUN), cpu.pc]).toEqual([ExitReason.Breakpoint, BigInt(at + 4)]);
  cpu.step(true);
  expect(cpu.getCsr(0x342)).toBe(2n); // mcause: illegal instruction
});

test('breakpoints are virtual addresses', () => {
  const hart = touching();
  const { cpu, ram } = hart;
  const start = loopStart(hart);
  const page = CODE_BASE - (CODE_BASE % 4096);
  const alias = 0xffff_ffff_c000_0000n;
  cpu.setCsr(0x180, sv39(ram, [{ va: 0x1000, pa: page, flags: PTE.V | PTE.R | PTE.X | PTE.A | PTE.D }]));
  cpu.flushTlb();
  cpu.privilege = Privilege.S;
  cpu.setCsr(0x3a0, 0x1fn);
  cpu.setCsr(0x3b0, (1n << 53n) - 1n);
  cpu.setBreakpoints([alias + 0x1000n + (start & 0xfffn)]);
  expect(cpu.run(RUN)).toBe(ExitReason.Budget);
  cpu.pc = alias + 0x1000n + (start & 0xfffn) + 4n;
  expect(cpu.run(RUN)).toBe(ExitReason.Breakpoint);
  expect(cpu.pc).toBe(alias + 0x1000n + (start & 0xfffn));
});

test.each([
  ['a load', watch(DATA + 8, true, false), 4n, false],
  ['a store', watch(DATA + 16, false, true), 8n, true],
  ['one byte of a store', watch(DATA + 23, false, true, 1), 8n, true],
  ['the load of an amo', watch(DATA, true, false), 12n, false],
  ['the store of an amo', watch(DATA, false, true), 12n, true],
])('a watchpoint stops in front of %s', (_name, watchpoint, offset, isWrite) => {
  const hart = touching();
  const { cpu } = hart;
  const start = loopStart(hart);
  cpu.run(RUN);
  cpu.setWatchpoints([watch(DATA + 1024, true, true), watchpoint]);
  for (let round = 0; round < 3; round++) {
    expect(cpu.run(RUN)).toBe(ExitReason.Watchpoint);
    expect(cpu.pc).toBe(start + offset);
    expect(cpu.watchHit).toEqual({ watchpoint, isWrite });
  }
  cpu.setWatchpoints([]);
  expect(cpu.run(RUN)).toBe(ExitReason.Budget);
});

test('a load is no store and a neighbour no hit; devices are watched as well', () => {
  const hart = touching();
  hart.cpu.setWatchpoints([watch(DATA + 8, false, true), watch(DATA + 16, true, false), watch(DATA + 24, true, true)]);
  expect(hart.cpu.run(RUN)).toBe(ExitReason.Budget);
  const { cpu } = hartWith(out => {
    out.li(5, DEVICE);
    out.insn('lw', { rd: 6, rs1: 5, imm: 0 });
    out.insn('sw', { rs1: 5, rs2: 6, imm: 4 });
    out.insn('jal', { rd: 0, imm: 0 });
  });
  cpu.setWatchpoints([watch(DEVICE + 4, true, true, 4)]);
  expect([cpu.run(RUN), cpu.watchHit?.isWrite]).toEqual([ExitReason.Watchpoint, true]);
});

test('a step keeps interrupts out, and takes them when told to', () => {
  for (const keepsOut of [true, false]) {
    const hart = touching();
    const { cpu } = hart;
    const start = loopStart(hart);
    cpu.setCsr(0x305, 0x8002_0000n); // mtvec
    cpu.setCsr(0x304, 1n << 7n); // mie.MTIE
    cpu.setCsr(0x300, 1n << 3n); // mstatus.MIE
    cpu.setInterruptPending(7, true);
    cpu.step(keepsOut);
    expect(cpu.pc).toBe(keepsOut ? start + 8n : 0x8002_0000n);
    cpu.run(1);
    expect(cpu.pc).toBe(0x8002_0000n);
  }
});

test('after a reset, a hart stops at the breakpoint that it stopped at before', () => {
  const hart = touching();
  const { cpu } = hart;
  const start = loopStart(hart);
  cpu.setBreakpoints([start]);
  for (let round = 0; round < 2; round++) {
    expect([cpu.run(RUN), cpu.pc]).toEqual([ExitReason.Breakpoint, start]);
    cpu.reset(Number(start), Privilege.M);
  }
  cpu.clearBreakpoints();
  cpu.setReg(6, BigInt(DATA));
  cpu.setWatchpoints([watch(DATA, true, true)]);
  const amo = start + 12n;
  expect([cpu.run(RUN), cpu.pc]).toEqual([ExitReason.Watchpoint, amo]);
  cpu.reset(Number(amo), Privilege.M);
  cpu.setReg(6, BigInt(DATA));
  expect([cpu.run(RUN), cpu.pc]).toEqual([ExitReason.Watchpoint, amo]);
});
