/** Counters and the gate that PMP is for mret: directed programs. */
import { describe, expect, test } from 'vitest';
import { Privilege } from '../../emulator/cpu/cpu.ts';
import { StateReader, StateWriter } from '../../emulator/base/state.ts';
import { CODE_BASE } from '../isa/random-program.ts';
import { HANDLER, hartWith, type Hart } from '../isa/machine.ts';

const CSR = { mstatus: 0x300, mtvec: 0x305, mcountinhibit: 0x320, mhpmevent3: 0x323, mepc: 0x341, mcause: 0x342 };
const PMP = { pmpcfg0: 0x3a0, pmpaddr0: 0x3b0 };
const [MINSTRET, MHPMCOUNTER3] = [0xb02, 0xb03];
const INSTRUCTIONS = 2n;

function nops(count: number): Hart {
  return hartWith(out => {
    for (let i = 0; i < count; i++) out.insn('addi', {});
  });
}

describe('event counters', () => {
  test('one counts instructions from the value it was given, while its event is chosen', () => {
    const { cpu } = nops(100);
    cpu.setCsr(MHPMCOUNTER3, 1000n);
    cpu.run(10);
    expect(cpu.getCsr(MHPMCOUNTER3)).toBe(1000n);
    cpu.setCsr(CSR.mhpmevent3, INSTRUCTIONS);
    cpu.run(10);
    expect(cpu.getCsr(MHPMCOUNTER3)).toBe(1010n);
    cpu.setCsr(CSR.mhpmevent3, 0n);
    cpu.run(10);
    expect(cpu.getCsr(MHPMCOUNTER3)).toBe(1010n);
  });

  test('mcountinhibit stops them where they are, and they go on from there', () => {
    const { cpu } = nops(100);
    cpu.setCsr(CSR.mhpmevent3, INSTRUCTIONS);
    cpu.run(10);
    cpu.setCsr(CSR.mcountinhibit, 0xcn);
    cpu.run(10);
    expect([cpu.getCsr(MINSTRET), cpu.getCsr(MHPMCOUNTER3)]).toEqual([10n, 10n]);
    cpu.setCsr(CSR.mcountinhibit, 0n);
    cpu.run(10);
    expect([cpu.getCsr(MINSTRET), cpu.getCsr(MHPMCOUNTER3)]).toEqual([20n, 20n]);
  });

  test('a snapshot holds them', () => {
    const { cpu } = nops(100);
    cpu.setCsr(CSR.mhpmevent3, INSTRUCTIONS);
    cpu.run(10);
    const writer = new StateWriter();
    cpu.save(writer);
    cpu.run(10);
    cpu.setCsr(CSR.mhpmevent3, 0n);
    cpu.load(new StateReader(writer.finish()));
    cpu.run(5);
    expect(cpu.getCsr(MHPMCOUNTER3)).toBe(15n);
  });
});

describe('mret without a PMP rule', () => {
  const returning = (): Hart => {
    const hart = hartWith(out => out.insn('mret', {}));
    hart.cpu.setCsr(CSR.mtvec, BigInt(HANDLER));
    hart.cpu.setCsr(CSR.mepc, 0x8000_5000n);
    hart.ram.write32(0x8000_5000, 0x13);
    return hart;
  };
  test('to S or U is an illegal instruction, as on QEMU 7.2', () => {
    for (const mpp of [0n, 0x800n]) {
      const { cpu } = returning();
      cpu.setCsr(CSR.mstatus, mpp);
      cpu.run(1);
      expect([cpu.getCsr(CSR.mcause), cpu.getCsr(CSR.mepc)]).toEqual([2n, BigInt(CODE_BASE)]);
    }
  });
  test('to M it returns; to S too once a rule is there', () => {
    const { cpu } = returning();
    cpu.setCsr(CSR.mstatus, 0x1800n);
    cpu.run(2);
    expect([cpu.pc, cpu.privilege]).toEqual([0x8000_5004n, Privilege.M]);
    const other = returning().cpu;
    other.setCsr(CSR.mstatus, 0x800n);
    other.setCsr(PMP.pmpaddr0, 2n ** 53n - 1n);
    other.setCsr(PMP.pmpcfg0, 0x1fn);
    other.run(2);
    expect([other.pc, other.privilege]).toEqual([0x8000_5004n, Privilege.S]);
  });
});
