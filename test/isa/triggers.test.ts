/** The guest's triggers beside the debugger's breakpoints and watchpoints, other harts, resets and saved states. */
import { expect, test } from 'vitest';
import { StateReader, StateWriter } from '../../emulator/base/state.ts';
import { Ram } from '../../emulator/bus/ram.ts';
import { Cpu, Privilege } from '../../emulator/cpu/cpu.ts';
import { ExitReason } from '../../emulator/cpu/exit-reason.ts';
import { Engine } from '../../emulator/cpu/engine.ts';
import { DEFAULT_FEATURES } from '../../emulator/isa/extensions.ts';
import { hartWith, RAM_BASE, type Hart } from './machine.ts';
import { CODE_BASE } from './random-program.ts';

const DATA = 0x8010_0000;
const RUN = 10_000;
const [MTVEC, MEPC, MCAUSE] = [0x305, 0x341, 0x342];
const [TSELECT, TDATA1, TDATA2] = [0x7a0, 0x7a1, 0x7a2];
const [LOAD, EXECUTE, M_MODE] = [1n, 4n, 64n];
const TYPE_2 = 2n << 60n;
const BREAKPOINT = 3n;

interface Loop {
  readonly hart: Hart;
  /** The handler: adds to x9, switches the selected trigger off and returns. */
  readonly handler: bigint;
  readonly start: bigint;
}

/** x5 counts rounds; each loads the doubleword at x6. */
function looping(): Loop {
  let [handler, start] = [0, 0];
  const hart = hartWith(out => {
    out.la(6, DATA);
    out.insn('jal', { imm: 20 });
    handler = out.bytes.length;
    out.insn('addi', { rd: 9, rs1: 9, imm: 1 });
    out.insn('csrrw', { rs1: 8, imm: TDATA1 });
    out.insn('csrrw', { rd: 0, rs1: 0, imm: 0x340 });
    out.insn('mret', {});
    start = out.bytes.length;
    out.insn('addi', { rd: 5, rs1: 5, imm: 1 });
    out.insn('ld', { rd: 7, rs1: 6, imm: 8 });
    out.insn('jal', { imm: -8 });
  });
  const base = hart.cpu.pc;
  hart.cpu.setReg(8, TYPE_2);
  hart.cpu.setCsr(MTVEC, base + BigInt(handler));
  return { hart, handler: base + BigInt(handler), start: base + BigInt(start) };
}

function arm(cpu: Cpu, index: bigint, bits: bigint, address: bigint): void {
  cpu.setCsr(TSELECT, index);
  cpu.setCsr(TDATA1, TYPE_2 | bits);
  cpu.setCsr(TDATA2, address);
}

test('an execution trigger and a breakpoint at the same instruction: the trap first, then the stop', () => {
  const { hart, start } = looping();
  const { cpu } = hart;
  cpu.run(100);
  cpu.setBreakpoints([start]);
  arm(cpu, 0n, EXECUTE | M_MODE, start);
  cpu.setReg(9, 0n);
  // The handler switches the trigger off and returns.
  expect([cpu.run(RUN), cpu.pc, cpu.getReg(9)]).toEqual([ExitReason.Breakpoint, start, 1n]);
  expect([cpu.getCsr(MCAUSE), cpu.getCsr(MEPC)]).toEqual([BREAKPOINT, start]);
  expect([cpu.run(RUN), cpu.pc, cpu.getReg(9)]).toEqual([ExitReason.Breakpoint, start, 1n]);
});

test('breakpoints that go leave triggers alone, and triggers that go leave breakpoints', () => {
  const { hart, start } = looping();
  const { cpu } = hart;
  cpu.run(100);
  arm(cpu, 0n, EXECUTE | M_MODE, start + 4n);
  cpu.setBreakpoints([start]);
  cpu.clearBreakpoints();
  expect(cpu.run(RUN)).toBe(ExitReason.Budget);
  expect([cpu.getReg(9), cpu.getCsr(MEPC)]).toEqual([1n, start + 4n]);
  cpu.setBreakpoints([start]);
  arm(cpu, 0n, EXECUTE | M_MODE, start + 4n);
  arm(cpu, 0n, 0n, 0n);
  expect([cpu.run(RUN), cpu.pc, cpu.getReg(9)]).toEqual([ExitReason.Breakpoint, start, 1n]);
});

test('a trigger on loads and a watchpoint on the same doubleword: the stop first, then the trap', () => {
  const { hart, start, handler } = looping();
  const { cpu } = hart;
  cpu.run(100);
  const address = BigInt(DATA + 8);
  cpu.setWatchpoints([{ address, length: 8, onRead: true, onWrite: false }]);
  arm(cpu, 1n, LOAD | M_MODE, address);
  while (cpu.pc !== start + 4n) expect(cpu.run(1)).toBe(ExitReason.Budget);
  expect([cpu.run(RUN), cpu.pc]).toEqual([ExitReason.Watchpoint, start + 4n]);
  expect([cpu.run(1), cpu.pc, cpu.getReg(9)]).toEqual([ExitReason.Budget, handler, 0n]);
  expect([cpu.run(RUN), cpu.pc, cpu.getReg(9)]).toEqual([ExitReason.Watchpoint, start + 4n, 1n]);
  cpu.setWatchpoints([]);
  arm(cpu, 1n, LOAD | M_MODE, address);
  expect([cpu.run(RUN), cpu.getReg(9)]).toEqual([ExitReason.Budget, 2n]);
});

test('a step onto a triggered instruction ends in the handler', () => {
  const { hart, start, handler } = looping();
  const { cpu } = hart;
  arm(cpu, 0n, EXECUTE | M_MODE, start + 4n);
  while (cpu.pc !== start + 4n) cpu.step(true);
  expect([cpu.step(true), cpu.pc]).toEqual([ExitReason.Budget, handler]);
});

test('a trigger on the handler itself uses up the budget', () => {
  const { hart, handler } = looping();
  const { cpu } = hart;
  arm(cpu, 0n, EXECUTE | M_MODE, handler);
  cpu.pc = handler;
  const before = cpu.instret;
  expect([cpu.run(RUN), cpu.pc, cpu.instret - before]).toEqual([ExitReason.Budget, handler, RUN]);
});

test('an instruction that straddles two pages has a trigger', () => {
  const { cpu, ram } = hartWith(out => {
    out.la(6, 0x8000_1ffe);
    out.insn('jalr', { rs1: 6 });
  });
  const at = 0x8000_1ffe;
  ram.write16(at, 0x8293); // addi x5, x5, 1: 0x00128293
  ram.write16(at + 2, 0x0012);
  ram.write32(at + 4, 0xffdf_f06f); // j -4
  cpu.setCsr(MTVEC, BigInt(at + 0x102));
  ram.write32(at + 0x102, 0x0000_006f); // j 0
  expect([cpu.run(100), cpu.getCsr(MCAUSE)]).toEqual([ExitReason.Budget, 0n]);
  arm(cpu, 0n, EXECUTE | M_MODE, BigInt(at));
  cpu.run(100);
  expect([cpu.pc, cpu.getCsr(MCAUSE), cpu.getCsr(MEPC)]).toEqual([BigInt(at + 0x102), BREAKPOINT, BigInt(at)]);
});

test("each hart has its own triggers, on code that all share; one's do not go with another's", () => {
  const ram = new Ram(4 << 20, RAM_BASE, 2);
  const bus = { read: () => 0, write: () => {}, hi: 0, fault: true };
  const engine = new Engine({ ram, bus, features: DEFAULT_FEATURES });
  const harts = [0, 1].map(index => new Cpu({ ram, bus, hartid: index, engine, index, time: () => 0 }));
  const loop = CODE_BASE + 0x100;
  ram.write32(CODE_BASE, 0x0000_006f); // the handlers: j 0
  ram.write32(loop, 0x0012_8293); // addi x5, x5, 1
  ram.write32(loop + 4, 0xffdf_f06f); // j -4
  for (const cpu of harts) {
    cpu.reset(loop, Privilege.M);
    cpu.setCsr(MTVEC, BigInt(CODE_BASE));
    cpu.run(100);
  }
  const causes = (): (bigint | undefined)[] => harts.map(cpu => (cpu.run(100), cpu.getCsr(MCAUSE)));
  arm(harts[1]!, 0n, EXECUTE | M_MODE, BigInt(loop));
  expect(causes()).toEqual([0n, BREAKPOINT]);
  arm(harts[0]!, 0n, EXECUTE | M_MODE, BigInt(loop));
  arm(harts[1]!, 0n, 0n, 0n);
  expect(causes()).toEqual([BREAKPOINT, BREAKPOINT]);
  expect(harts[1]!.getCsr(MEPC)).toBe(BigInt(loop));
});

test('armed triggers are saved, and gone after a reset', () => {
  for (const [bits, offset] of [
    [EXECUTE, 4n],
    [LOAD, 4n],
  ] as const) {
    const [from, to] = [looping(), looping()];
    from.hart.cpu.run(100);
    arm(from.hart.cpu, 1n, bits | M_MODE, bits === LOAD ? BigInt(DATA + 8) : from.start + offset);
    const out = new StateWriter();
    from.hart.cpu.save(out);
    // It has run, so its code is decoded and the page of the data is in its TLB.
    to.hart.cpu.run(100);
    const saved = out.finish();
    to.hart.cpu.load(new StateReader(saved));
    expect([to.hart.cpu.run(RUN), to.hart.cpu.getReg(9), to.hart.cpu.getCsr(MEPC)]).toEqual([
      ExitReason.Budget,
      1n,
      from.start + offset,
    ]);
    to.hart.cpu.load(new StateReader(saved));
    to.hart.cpu.reset(Number(to.start), Privilege.M);
    to.hart.cpu.setReg(6, BigInt(DATA));
    expect([to.hart.cpu.getCsr(TSELECT), to.hart.cpu.getCsr(TDATA1), to.hart.cpu.getCsr(TDATA2)]).toEqual([
      0n,
      TYPE_2,
      0n,
    ]);
    expect([to.hart.cpu.run(RUN), to.hart.cpu.getCsr(MCAUSE)]).toEqual([ExitReason.Budget, 0n]);
  }
});
