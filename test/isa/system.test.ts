/** Traps, privilege, interrupts, paging, devices and budgets: directed programs with known outcomes. */
import { describe, expect, test } from 'vitest';
import { Interrupt, Privilege } from '../../emulator/cpu/cpu.ts';
import { ExitReason } from '../../emulator/cpu/exit-reason.ts';
import { StateReader, StateWriter } from '../../emulator/base/state.ts';
import { CODE_BASE } from './random-program.ts';
import { DEVICE, HANDLER, hartWith, PTE, sv39, type Hart } from './machine.ts';

const CSR = {
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  satp: 0x180,
  mstatus: 0x300,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
} as const;
const SMALL = 0x4000_0000;
const READ_WRITE = PTE.V | PTE.R | PTE.W;

/** Runs until the trap handler's first instruction is due. */
function runToHandler({ cpu }: Hart, limit = 1000): void {
  cpu.setCsr(CSR.mtvec, BigInt(HANDLER));
  cpu.setCsr(CSR.stvec, BigInt(HANDLER));
  for (let i = 0; i < limit && cpu.pc !== BigInt(HANDLER); i++) cpu.run(1);
  expect(cpu.pc).toBe(BigInt(HANDLER));
}
const machineTrap = ({ cpu }: Hart): (bigint | undefined)[] =>
  [CSR.mcause, CSR.mepc, CSR.mtval].map(n => cpu.getCsr(n));
const supervisorTrap = ({ cpu }: Hart): (bigint | undefined)[] =>
  [CSR.scause, CSR.sepc, CSR.stval].map(n => cpu.getCsr(n));

describe('traps', () => {
  test('an illegal instruction reports its bits and leaves registers alone', () => {
    const hart = hartWith(out => out.word(0xffff_ffff));
    runToHandler(hart);
    expect(machineTrap(hart)).toEqual([2n, BigInt(CODE_BASE), 0xffff_ffffn]);
  });

  test('a halfword of zeros is illegal', () => {
    const hart = hartWith(out => out.word(0));
    runToHandler(hart);
    expect(machineTrap(hart)).toEqual([2n, BigInt(CODE_BASE), 0n]);
  });

  test('ecall and ebreak report where they are, from each mode', () => {
    for (const [mode, cause] of [
      [Privilege.U, 8n],
      [Privilege.M, 11n],
    ] as const) {
      const hart = hartWith(out => out.insn('ecall', {}), mode);
      runToHandler(hart);
      expect(machineTrap(hart)).toEqual([cause, BigInt(CODE_BASE), 0n]);
      expect(hart.cpu.privilege).toBe(Privilege.M);
    }
    const hart = hartWith(out => out.insn('ebreak', {}));
    runToHandler(hart);
    expect(machineTrap(hart)).toEqual([3n, BigInt(CODE_BASE), 0n]);
  });

  test('a delegated exception from U goes to S and remembers where it came from', () => {
    const hart = hartWith(out => out.insn('ecall', {}), Privilege.U);
    hart.cpu.setCsr(CSR.medeleg, 0x100n);
    runToHandler(hart);
    expect(supervisorTrap(hart)).toEqual([8n, BigInt(CODE_BASE), 0n]);
    expect(hart.cpu.privilege).toBe(Privilege.S);
    expect(hart.cpu.getCsr(CSR.sstatus)! & 0x100n).toBe(0n);
  });

  test('sret goes back to U with interrupts as they were', () => {
    const hart = hartWith(out => out.insn('sret', {}), Privilege.S);
    hart.cpu.setCsr(CSR.sepc, 0x8000_5000n);
    hart.cpu.setCsr(CSR.sstatus, 0x20n);
    hart.cpu.run(1);
    expect(hart.cpu.pc).toBe(0x8000_5000n);
    expect(hart.cpu.privilege).toBe(Privilege.U);
    expect(hart.cpu.getCsr(CSR.sstatus)! & 0x22n).toBe(0x22n);
  });

  test('privileged instructions and CSRs are illegal in U', () => {
    for (const write of ['mret', 'sret', 'wfi', 'sfence.vma'] as const) {
      const hart = hartWith(out => out.insn(write, {}), Privilege.U);
      runToHandler(hart);
      expect(hart.cpu.getCsr(CSR.mcause), write).toBe(2n);
    }
    for (const csr of [CSR.sstatus, CSR.mstatus, 0x7c0]) {
      const hart = hartWith(out => out.insn('csrrs', { rd: 5, imm: csr }), Privilege.U);
      runToHandler(hart);
      expect(hart.cpu.getCsr(CSR.mcause)).toBe(2n);
    }
  });

  test('a vector that cannot be fetched uses up the budget instead of hanging', () => {
    const { cpu } = hartWith(out => out.word(0));
    cpu.setCsr(CSR.mtvec, 0x10n);
    expect(cpu.run(1000)).toBe(ExitReason.Budget);
    expect(cpu.instret).toBe(1000);
  });

  test('floating point is illegal while mstatus.FS is off, and makes it dirty when on', () => {
    const hart = hartWith(out => out.insn('fmv.w.x', { rd: 1, rs1: 0 }));
    runToHandler(hart);
    expect(hart.cpu.getCsr(CSR.mcause)).toBe(2n);
    const on = hartWith(out => out.insn('fmv.w.x', { rd: 1, rs1: 0 }));
    on.cpu.setCsr(CSR.mstatus, 0x2000n);
    on.cpu.run(1);
    expect(on.cpu.getCsr(CSR.mstatus)! >> 63n).toBe(1n);
    expect(on.cpu.getFreg(1)).toBe(0xffff_ffff_0000_0000n);
  });
});

describe('interrupts', () => {
  const spinning = (): Hart => hartWith(out => out.insn('jal', { rd: 0, imm: 0 }));

  test('the most urgent enabled one is taken, vectored', () => {
    const hart = spinning();
    hart.cpu.setCsr(CSR.mtvec, BigInt(HANDLER) | 1n);
    hart.cpu.setCsr(CSR.mie, 0x888n);
    hart.cpu.setCsr(CSR.mstatus, 8n);
    hart.cpu.setInterruptPending(Interrupt.MTIP, true);
    hart.cpu.setInterruptPending(Interrupt.MSIP, true);
    hart.cpu.run(1);
    expect(hart.cpu.getCsr(CSR.mcause)).toBe((1n << 63n) | 3n);
    expect(hart.cpu.getCsr(CSR.mepc)).toBe(BigInt(CODE_BASE));
    expect(hart.cpu.getCsr(CSR.mstatus)! & 0x88n).toBe(0x80n);
  });

  test('a masked one waits; a delegated one is not taken in M', () => {
    const hart = spinning();
    hart.cpu.setCsr(CSR.mideleg, 0x222n);
    hart.cpu.setCsr(CSR.mie, 0x222n);
    hart.cpu.setCsr(CSR.mstatus, 8n);
    hart.cpu.setInterruptPending(Interrupt.SEIP, true);
    hart.cpu.run(10);
    expect(hart.cpu.pc).toBe(BigInt(CODE_BASE));
    hart.cpu.privilege = Privilege.U;
    hart.cpu.setCsr(CSR.stvec, BigInt(HANDLER));
    hart.cpu.run(1);
    expect(hart.cpu.getCsr(CSR.scause)).toBe((1n << 63n) | 9n);
  });

  test('a device callback that raises a line interrupts before the next instruction', () => {
    const hart = hartWith(out => {
      out.li(5, DEVICE);
      out.insn('lw', { rd: 6, rs1: 5, imm: 0 });
      out.insn('addi', { rd: 7, rs1: 0, imm: 1 });
    });
    hart.cpu.setCsr(CSR.mie, 0x800n);
    hart.cpu.setCsr(CSR.mstatus, 8n);
    hart.bus.onAccess = () => hart.cpu.setInterruptPending(Interrupt.MEIP, true);
    runToHandler(hart);
    expect(hart.cpu.getReg(6)).toBe(0x1122_3344n);
    expect(hart.cpu.getReg(7)).toBe(0n);
    expect(hart.cpu.getCsr(CSR.mepc)).toBe(BigInt(CODE_BASE + 12));
  });

  test('setting another bit of mip does not latch the wire of an external interrupt', () => {
    const { cpu } = hartWith(out => {
      out.insn('addi', { rd: 5, rs1: 0, imm: 0x20 });
      out.insn('csrrs', { rd: 6, rs1: 5, imm: CSR.mip });
    });
    cpu.setInterruptPending(Interrupt.SEIP, true);
    cpu.run(2);
    expect(cpu.getReg(6)).toBe(0x200n);
    expect(cpu.getCsr(CSR.mip)).toBe(0x220n);
    cpu.setInterruptPending(Interrupt.SEIP, false);
    expect(cpu.getCsr(CSR.mip)).toBe(0x20n);
  });

  test('wfi leaves the run, unless something enabled is already pending', () => {
    const { cpu } = hartWith(out => {
      out.insn('wfi', {});
      out.insn('wfi', {});
    });
    expect(cpu.run(100)).toBe(ExitReason.Wfi);
    expect(cpu.pc).toBe(BigInt(CODE_BASE + 4));
    cpu.setCsr(CSR.mie, 0x80n);
    cpu.setInterruptPending(Interrupt.MTIP, true);
    expect(cpu.hasPendingInterrupt).toBe(true);
    expect(cpu.run(1)).toBe(ExitReason.Budget);
    expect(cpu.pc).toBe(BigInt(CODE_BASE + 8));
  });
});

describe('paging', () => {
  const loadFrom = (va: number, name = 'ld'): Hart => {
    const hart = hartWith(out => {
      out.la(5, va);
      out.insn(name, { rd: 6, rs1: 5, imm: 0, rs2: 5 });
      out.insn('jal', { rd: 0, imm: 0 });
    }, Privilege.S);
    hart.cpu.setCsr(CSR.medeleg, 0xb1ffn);
    return hart;
  };

  test('a page is read, marked accessed, and marked dirty by a store', () => {
    const hart = loadFrom(SMALL);
    hart.cpu.setCsr(CSR.satp, sv39(hart.ram, [{ va: SMALL, pa: 0x8030_0000, flags: READ_WRITE }]));
    hart.ram.write32(0x8030_0000, 0x1234_5678);
    hart.cpu.run(10);
    expect(hart.cpu.getReg(6)).toBe(0x1234_5678n);
    expect(hart.ram.read8(0x8020_2000) & (PTE.A | PTE.D)).toBe(PTE.A);
    const storing = loadFrom(SMALL, 'sd');
    storing.cpu.setCsr(CSR.satp, sv39(storing.ram, [{ va: SMALL, pa: 0x8030_0000, flags: READ_WRITE }]));
    storing.ram.clearDirty();
    storing.cpu.run(10);
    expect(storing.ram.read8(0x8020_2000) & (PTE.A | PTE.D)).toBe(PTE.A | PTE.D);
    expect(storing.ram.dirtyPages()).toEqual([0x202, 0x300]);
  });

  test.each([
    ['not valid', 0, 'ld', 13n],
    ['not readable', PTE.V | PTE.X, 'ld', 13n],
    ['read-only', PTE.V | PTE.R, 'sd', 15n],
    ['write without read is reserved', PTE.V | PTE.W, 'ld', 13n],
    ["a user's page, SUM off", READ_WRITE | PTE.U, 'ld', 13n],
  ])('%s: page fault with the address', (_, flags, name, cause) => {
    const hart = loadFrom(SMALL + 0x1000, name);
    hart.cpu.setCsr(CSR.satp, sv39(hart.ram, [{ va: SMALL + 0x1000, pa: 0x8030_0000, flags }]));
    runToHandler(hart);
    expect(hart.cpu.getCsr(CSR.scause)).toBe(cause);
    expect(hart.cpu.getCsr(CSR.stval)).toBe(BigInt(SMALL + 0x1000));
  });

  test('SUM opens user pages to S, MXR opens executable ones', () => {
    for (const [status, flags] of [
      [1n << 18n, READ_WRITE | PTE.U],
      [1n << 19n, PTE.V | PTE.X],
    ] as const) {
      const hart = loadFrom(SMALL);
      hart.cpu.setCsr(CSR.satp, sv39(hart.ram, [{ va: SMALL, pa: 0x8030_0000, flags }]));
      hart.cpu.setCsr(CSR.sstatus, status);
      hart.ram.write32(0x8030_0000, 77);
      hart.cpu.run(10);
      expect(hart.cpu.getReg(6)).toBe(77n);
    }
  });

  test('a fetch from a page without X, or of a user page in S, faults at its address', () => {
    const hart = hartWith(out => {
      out.la(5, SMALL);
      out.insn('jalr', { rd: 1, rs1: 5, imm: 0 });
    }, Privilege.S);
    hart.cpu.setCsr(CSR.medeleg, 0xb1ffn);
    hart.cpu.setCsr(CSR.satp, sv39(hart.ram, [{ va: SMALL, pa: 0x8030_0000, flags: PTE.V | PTE.X | PTE.R | PTE.U }]));
    runToHandler(hart);
    expect(supervisorTrap(hart)).toEqual([12n, BigInt(SMALL), BigInt(SMALL)]);
  });

  test('a load across two pages that are not neighbours in memory', () => {
    const hart = loadFrom(SMALL + 0xffd);
    const satp = sv39(hart.ram, [
      { va: SMALL, pa: 0x8030_0000, flags: READ_WRITE },
      { va: SMALL + 0x1000, pa: 0x8028_0000, flags: READ_WRITE },
    ]);
    hart.cpu.setCsr(CSR.satp, satp);
    hart.ram.write(0x8030_0ffd, Uint8Array.of(1, 2, 3));
    hart.ram.write(0x8028_0000, Uint8Array.of(4, 5, 6, 7, 8));
    hart.cpu.run(10);
    expect(hart.cpu.getReg(6)).toBe(0x0807_0605_0403_0201n);
  });

  test.each([
    ['of its address', 5, true],
    ['of another address', 7, false],
    ['of everything', 0, true],
  ])('an unmapped page is used on until an sfence.vma %s', (_, rs1, isForgotten) => {
    const hart = hartWith(out => {
      out.li(5, 0xc000_0000 | 0); // the upper half of the address space holds small pages only
      out.li(7, 0xc000_3000 | 0);
      out.la(8, 0x8020_2000); // the page's table entry
      out.insn('lw', { rd: 6, rs1: 5, imm: 0 });
      out.insn('sw', { rs1: 8, rs2: 0, imm: 0 });
      out.insn('sfence.vma', { rs1 });
      out.insn('lw', { rd: 9, rs1: 5, imm: 0 });
      out.insn('wfi', {});
    }, Privilege.S);
    hart.cpu.setCsr(CSR.stvec, BigInt(HANDLER));
    hart.cpu.setCsr(CSR.satp, sv39(hart.ram, [{ va: SMALL, pa: 0x8030_0000, flags: READ_WRITE }]));
    hart.cpu.run(100);
    expect(hart.cpu.getCsr(CSR.scause)).toBe(isForgotten ? 13n : 0n);
  });

  test('a store across a page that faults changes nothing and reports the second page', () => {
    const hart = loadFrom(SMALL + 0xffd, 'sd');
    hart.cpu.setCsr(CSR.satp, sv39(hart.ram, [{ va: SMALL, pa: 0x8030_0000, flags: READ_WRITE }]));
    runToHandler(hart);
    expect(supervisorTrap(hart)[2]).toBe(BigInt(SMALL + 0x1000));
    expect(hart.ram.read32(0x8030_0ffc)).toBe(0);
  });

  test('an instruction across two pages, each mapped elsewhere', () => {
    const hart = hartWith(out => {
      out.la(5, SMALL + 0xffe);
      out.insn('jalr', { rd: 1, rs1: 5, imm: 0 });
    }, Privilege.S);
    const flags = PTE.V | PTE.R | PTE.X;
    const satp = sv39(hart.ram, [
      { va: SMALL, pa: 0x8030_0000, flags },
      { va: SMALL + 0x1000, pa: 0x8028_0000, flags },
    ]);
    hart.cpu.setCsr(CSR.satp, satp);
    hart.ram.write32(0x8030_0ffc, 0x0293_0000); // low half of addi t0, zero, 0x123
    hart.ram.write32(0x8028_0000, 0x0000_1230);
    hart.cpu.run(6);
    expect(hart.cpu.getReg(5)).toBe(0x123n);
    expect(hart.cpu.pc).toBe(BigInt(SMALL + 0x1002));
  });
});

describe('memory and devices', () => {
  test('code that is overwritten runs as written, fence.i or not', () => {
    const { cpu } = hartWith(out => {
      out.la(5, CODE_BASE);
      const loop = out.bytes.length;
      out.insn('addi', { rd: 6, rs1: 6, imm: 1 }); // becomes addi x6, x6, 64
      out.insn('lw', { rd: 7, rs1: 5, imm: loop });
      out.li(8, 63 << 20);
      out.insn('add', { rd: 7, rs1: 7, rs2: 8 });
      out.insn('addi', { rd: 9, rs1: 9, imm: 1 });
      out.insn('sltiu', { rd: 10, rs1: 9, imm: 2 });
      out.insn('sw', { rs1: 5, rs2: 7, imm: loop });
      out.insn('bne', { rs1: 10, rs2: 0, imm: loop - out.bytes.length });
      out.insn('wfi', {});
    });
    expect(cpu.run(1000)).toBe(ExitReason.Wfi);
    expect(cpu.getReg(6)).toBe(65n);
  });

  test('RAM written by a device drops decoded code', () => {
    const hart = hartWith(out => out.insn('jal', { rd: 0, imm: 0 }));
    hart.cpu.run(100);
    hart.ram.write32(CODE_BASE, 0x1050_0073); // wfi
    expect(hart.cpu.run(100)).toBe(ExitReason.Wfi);
  });

  test('device widths, high halves, and the fault that nothing there is', () => {
    const hart = hartWith(out => {
      out.li(5, DEVICE);
      out.insn('ld', { rd: 6, rs1: 5, imm: 0 });
      out.insn('lb', { rd: 7, rs1: 5, imm: 3 });
      out.insn('sd', { rs1: 5, rs2: 6, imm: 0 });
      out.insn('lw', { rd: 8, rs1: 5, imm: 64 });
    });
    hart.bus.value = 0x8899_aabb;
    runToHandler(hart);
    expect(hart.cpu.getReg(6)).toBe(0x5566_7788_8899_aabbn);
    expect(hart.cpu.getReg(7)).toBe(0xffff_ffff_ffff_ffbbn);
    expect(hart.bus.log).toEqual([
      'read 10000000 8',
      'read 10000003 1',
      'write 10000000 8 55667788:8899aabb',
      'read 10000040 4',
    ]);
    expect(machineTrap(hart)).toEqual([5n, BigInt(CODE_BASE + 20), BigInt(DEVICE + 64)]);
  });

  test('a wild address is an access fault whatever its upper bits', () => {
    for (const upper of [0, 1, 0x7fff_ffff, -1, 0x5555_5555]) {
      const hart = hartWith(out => {
        out.li(5, upper);
        out.insn('slli', { rd: 5, rs1: 5, imm: 32 });
        out.insn('lb', { rd: 6, rs1: 5, imm: 0 });
      });
      runToHandler(hart);
      expect(hart.cpu.getCsr(CSR.mcause)).toBe(5n);
    }
  });

  test('PMP: below M only what an entry opens, and M itself when it is locked', () => {
    const NAPOT_MIB = 0x3_ffff >> 1; // trailing ones of pmpaddr for 1 MiB
    const open = (mode: Privilege, config: bigint): Hart => {
      const hart = hartWith(out => {
        out.la(5, 0x8010_0000);
        out.insn('ld', { rd: 6, rs1: 5, imm: 0 });
        out.insn('sd', { rs1: 5, rs2: 6, imm: 8 });
        out.insn('jal', { rd: 0, imm: 0 });
      }, mode);
      hart.cpu.setCsr(CSR.medeleg, 0n);
      hart.cpu.setCsr(0x3b0, BigInt((0x8010_0000 / 4) | NAPOT_MIB));
      hart.cpu.setCsr(0x3b1, (1n << 54n) - 1n);
      hart.cpu.setCsr(0x3a0, (0x1fn << 8n) | config); // entry 1: everything, everywhere
      return hart;
    };
    const outcome = (mode: Privilege, config: bigint): bigint | undefined => {
      const hart = open(mode, config);
      hart.cpu.setCsr(CSR.mtvec, BigInt(HANDLER));
      hart.cpu.run(50);
      return hart.cpu.getCsr(CSR.mcause);
    };
    expect(outcome(Privilege.S, 0x18n)).toBe(5n);
    expect(outcome(Privilege.S, 0x19n)).toBe(7n);
    expect(outcome(Privilege.S, 0x1bn)).toBe(0n);
    expect(outcome(Privilege.M, 0x18n)).toBe(0n);
    expect(outcome(Privilege.M, 0x98n)).toBe(5n);
    const closed = open(Privilege.S, 0x18n);
    closed.cpu.setCsr(0x3a0, 0x18n); // no entry opens the code either
    runToHandler(closed);
    expect(closed.cpu.getCsr(CSR.mcause)).toBe(1n);
  });

  test('a misaligned atomic traps', () => {
    const hart = hartWith(out => {
      out.la(5, 0x8030_0001);
      out.insn('amoadd.w', { rd: 6, rs1: 5, rs2: 5 });
    });
    runToHandler(hart);
    expect(hart.cpu.getCsr(CSR.mcause)).toBe(6n);
  });
});

test('ctzw of a word of zeros is 32, whatever is above it', () => {
  const { cpu } = hartWith(out => {
    out.insn('addi', { rd: 5, rs1: 0, imm: 1 });
    out.insn('slli', { rd: 5, rs1: 5, imm: 40 });
    out.insn('ctzw', { rd: 6, rs1: 5 });
  });
  cpu.run(3);
  expect(cpu.getReg(6)).toBe(32n);
});

describe('running', () => {
  const counting = (): Hart =>
    hartWith(out => {
      out.insn('addi', { rd: 5, rs1: 5, imm: 1 });
      out.insn('c.addi', { rd: 6, rs1: 6, imm: 1 });
      out.insn('jal', { rd: 0, imm: -6 });
    });

  test('a budget is exact, in one piece or in many', () => {
    const [whole, pieces] = [counting(), counting()];
    expect(whole.cpu.run(1001)).toBe(ExitReason.Budget);
    for (let i = 0; i < 1001; i += 7) pieces.cpu.run(7);
    for (const { cpu } of [whole, pieces]) {
      expect([cpu.instret, cpu.getReg(5), cpu.getReg(6)]).toEqual([1001, 334n, 334n]);
      expect(cpu.pc).toBe(BigInt(CODE_BASE + 6));
    }
  });

  test('time and instret are exact at the instruction that reads them', () => {
    const { cpu } = hartWith(out => {
      for (let i = 0; i < 5; i++) out.insn('addi', {});
      out.insn('csrrs', { rd: 5, imm: 0xc01 });
      out.insn('csrrs', { rd: 6, imm: 0xb02 });
    });
    cpu.run(7);
    expect([cpu.getReg(5), cpu.getReg(6)]).toEqual([1006n, 7n]);
  });

  test('requestExit from a device ends the run behind the access', () => {
    const hart = hartWith(out => {
      out.li(5, DEVICE);
      out.insn('sw', { rs1: 5, rs2: 5, imm: 0 });
      out.insn('jal', { rd: 0, imm: 0 });
    });
    hart.bus.onAccess = () => hart.cpu.requestExit();
    expect(hart.cpu.run(1000)).toBe(ExitReason.Requested);
    expect(hart.cpu.instret).toBe(3);
  });

  test('ecall from S leaves the run when the SBI is ours, even with the last of the budget', () => {
    const { cpu } = hartWith(out => out.insn('ecall', {}), Privilege.S);
    cpu.isSbiEnabled = true;
    expect(cpu.run(1)).toBe(ExitReason.SbiCall);
    expect(cpu.pc).toBe(BigInt(CODE_BASE + 4));
  });

  test('a breakpoint stops before its instruction and lets go on', () => {
    const { cpu } = counting();
    cpu.setBreakpoints([BigInt(CODE_BASE + 4)]);
    expect(cpu.run(100)).toBe(ExitReason.Breakpoint);
    expect([cpu.getReg(5), cpu.getReg(6)]).toEqual([1n, 0n]);
    expect(cpu.run(100)).toBe(ExitReason.Breakpoint);
    expect([cpu.getReg(5), cpu.getReg(6)]).toEqual([2n, 1n]);
  });

  test('what is saved goes on the same way in another hart', () => {
    const first = counting();
    first.cpu.run(100);
    const out = new StateWriter();
    first.cpu.save(out);
    const second = counting();
    second.cpu.run(17);
    second.cpu.load(new StateReader(out.finish()));
    first.cpu.run(50);
    second.cpu.run(50);
    expect(second.cpu.instret).toBe(first.cpu.instret);
    expect([second.cpu.pc, second.cpu.getReg(5)]).toEqual([first.cpu.pc, first.cpu.getReg(5)]);
  });
});

describe('counters', () => {
  test('the instruction behind a write of minstret or mcycle reads what was written', () => {
    for (const csr of [0xb02, 0xb00]) {
      const { cpu } = hartWith(out => {
        out.insn('csrrwi', { rd: 0, uimm: 7, imm: csr });
        out.insn('csrrs', { rd: 5, rs1: 0, imm: csr });
        out.insn('csrrs', { rd: 6, rs1: 0, imm: csr });
      });
      cpu.run(3);
      expect([cpu.getReg(5), cpu.getReg(6)]).toEqual([7n, 8n]);
      cpu.setCsr(csr, 100n);
      expect(cpu.getCsr(csr)).toBe(100n);
    }
  });
});
