/** Exceptions: every cause, delegation, nesting, returns, what mstatus and counteren forbid, reservations, fence.i. */
import { CSR, STATUS, X, type Case, type CaseWriter, type Mode } from './harness.ts';

const MODES: readonly Mode[] = ['M', 'S', 'U'];
const NOWHERE = 0x0500_0000;
const ALL_EXCEPTIONS = 0xb1ff;

/** name, cause, what does it */
const EXCEPTIONS: readonly (readonly [name: string, body: (c: CaseWriter) => void])[] = [
  ['a word of ones', c => c.out.word(0xffff_ffff)],
  ['a halfword of zeros', c => c.out.word(0)],
  ['an unknown compressed instruction', c => c.out.word(0x8000)],
  ['ecall', () => {}],
  ['ebreak', c => c.op('ebreak')],
  ['c.ebreak', c => c.op('c.ebreak')],
  ['lr at an odd address', c => c.li(X.t0, 0x8040_0001).op('lr.w', { rd: X.a0, rs1: X.t0 })],
  ['sc at an odd address', c => c.li(X.t0, 0x8040_0002).op('sc.w', { rd: X.a0, rs1: X.t0 })],
  ['amo at an odd address', c => c.li(X.t0, 0x8040_0004).op('amoadd.d', { rd: X.a0, rs1: X.t0 })],
  ['load from nowhere', c => c.li(X.t0, NOWHERE).op('ld', { rd: X.a0, rs1: X.t0, imm: 8 })],
  ['store to nowhere', c => c.li(X.t0, NOWHERE).op('sw', { rs1: X.t0, rs2: X.a0, imm: 4 })],
  ['amo nowhere', c => c.li(X.t0, NOWHERE).op('amoswap.w', { rd: X.a0, rs1: X.t0 })],
  ['lr from nowhere', c => c.li(X.t0, NOWHERE).op('lr.d', { rd: X.a0, rs1: X.t0 })],
  ['jump to nowhere', c => c.li(X.t0, NOWHERE).op('jalr', { rd: X.ra, rs1: X.t0, imm: 2 })],
  ['a CSR that is not there', c => c.op('csrrs', { rd: X.a0, rs1: 0, imm: 0x8ff })],
  ['writing a read-only CSR', c => c.op('csrrw', { rd: X.a0, rs1: X.a0, imm: 0xf14 })],
  ['a CSR of S-mode', c => c.op('csrrs', { rd: 0, rs1: 0, imm: CSR.sscratch })],
  ['a CSR of M-mode', c => c.op('csrrs', { rd: 0, rs1: 0, imm: CSR.mscratch })],
  ['a reserved rounding mode', c => c.out.word(0x0020_d053)], // fadd.s f0, f1, f2 with rm 5
];

const exceptions: Case[] = EXCEPTIONS.flatMap(([name, body]) =>
  MODES.flatMap((mode): Case[] => [
    { name: `${name}, ${mode}`, mode, body },
    ...(mode === 'M' || (mode === 'S' && name === 'ecall')
      ? []
      : [
          {
            name: `${name}, ${mode}, delegated`,
            mode,
            body,
            setup: (c: CaseWriter) => void c.csr(CSR.medeleg, ALL_EXCEPTIONS),
            status: STATUS.SIE,
          },
        ]),
    { name: `${name}, ${mode}, vectored`, mode, body, setup: c => c.csrSet(CSR.mtvec, 1), status: STATUS.MPIE },
  ]),
);

const forbid = (name: string, mode: Mode, status: bigint, insn: (c: CaseWriter) => void): Case => ({
  name,
  mode,
  status,
  body: insn,
});
const system: Case[] = MODES.flatMap(mode =>
  [0n, STATUS.TVM, STATUS.TW, STATUS.TSR].flatMap(status => {
    const name = `${mode}, mstatus ${status.toString(16)}`;
    const here = (c: CaseWriter, csr: number): void => {
      // The return leads behind itself.
      c.op('auipc', { rd: X.t0, imm: 0 }).op('addi', { rd: X.t0, rs1: X.t0, imm: 16 });
      c.op('csrrw', { rd: 0, rs1: X.t0, imm: csr });
    };
    return [
      forbid(`sfence.vma, ${name}`, mode, status, c => c.op('sfence.vma', { rs1: 0, rs2: 0 })),
      forbid(`reading satp, ${name}`, mode, status, c => c.op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.satp })),
      forbid(`writing satp, ${name}`, mode, status, c => c.op('csrrw', { rd: X.a0, rs1: 0, imm: CSR.satp })),
      forbid(`sret, ${name}`, mode, status, c => {
        here(c, CSR.sepc);
        c.op('sret');
      }),
      forbid(`mret, ${name}`, mode, status, c => {
        here(c, CSR.mepc);
        c.op('mret');
      }),
      {
        ...forbid(`wfi with a masked interrupt pending, ${name}`, mode, status, c => c.op('wfi').li(X.a0, 1)),
        setup: c =>
          c
            .csr(CSR.mideleg, 0x222)
            .csr(CSR.mie, 2)
            .csrSet(CSR.mip, mode === 'U' ? 0 : 2),
      } satisfies Case,
    ].filter(one => !(mode === 'U' && one.name.startsWith('wfi') && status === 0n));
  }),
);

/** From M-mode, to each mode by each kind of return, with the interrupt bits each way. */
const returns: Case[] = (['mret', 'sret'] as const).flatMap(insn =>
  [0n, STATUS.MPP_S, STATUS.MPP].flatMap(mpp =>
    [0n, STATUS.MPIE | STATUS.SPIE, STATUS.SPP, STATUS.MPRV, STATUS.MIE | STATUS.SIE].map((bits): Case => ({
      name: `${insn} with mstatus ${(mpp | bits).toString(16)}`,
      mode: 'M',
      body: c => {
        c.csrClear(CSR.mstatus, STATUS.MPP | STATUS.MPIE).csrSet(CSR.mstatus, mpp | bits);
        c.op('auipc', { rd: X.t0, imm: 0 }).op('addi', { rd: X.t0, rs1: X.t0, imm: 16 });
        c.op('csrrw', { rd: 0, rs1: X.t0, imm: insn === 'mret' ? CSR.mepc : CSR.sepc }).op(insn);
      },
    })),
  ),
);

const counters: Case[] = MODES.flatMap(mode =>
  [CSR.cycle, CSR.time, CSR.instret, 0xc03].flatMap(csr =>
    [0, 1, 2, 4, 7, 8, 15].flatMap(machine =>
      [0, 7, 15].map((supervisor): Case => ({
        name: `counter ${csr.toString(16)}, ${mode}, mcounteren ${machine}, scounteren ${supervisor}`,
        mode,
        setup: c => c.csr(CSR.mcounteren, machine).csr(CSR.scounteren, supervisor),
        body: c => c.op('csrrs', { rd: X.t0, rs1: 0, imm: csr }).li(X.a0, 1),
      })),
    ),
  ),
);

const floating: Case[] = [0n, STATUS.FS_INITIAL, STATUS.FS].flatMap(fs =>
  (
    [
      ['fadd.d', c => c.op('fadd.d', { rd: 1, rs1: 2, rs2: 3 })],
      ['fld', c => c.li(X.t0, 0x8040_0000).op('fld', { rd: 1, rs1: X.t0 })],
      ['fsd', c => c.li(X.t0, 0x8040_0ff8).op('fsd', { rs1: X.t0, rs2: 1 })],
      ['fmv.x.d', c => c.op('fmv.x.d', { rd: X.a0, rs1: 1 })],
      ['feq.d', c => c.op('feq.d', { rd: X.a0, rs1: 1, rs2: 2 })],
      ['reading fcsr', c => c.op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.fcsr })],
      ['writing fcsr', c => c.op('csrrw', { rd: X.a0, rs1: 0, imm: CSR.fcsr })],
    ] as const satisfies readonly (readonly [string, (c: CaseWriter) => void])[]
  ).map(([name, body]): Case => ({
    name: `${name} with FS ${(fs >> 13n).toString()}`,
    mode: 'M',
    body: c => {
      c.csrClear(CSR.mstatus, STATUS.FS).csrSet(CSR.mstatus, fs);
      body(c);
    },
  })),
);

const nested: Case[] = [
  {
    name: 'an exception in the handler of S-mode goes to M-mode',
    mode: 'U',
    setup: c => {
      const handler = c.aside(() => {
        c.out.word(0xffff_ffff);
        c.align(4);
      });
      c.csr(CSR.medeleg, 0x100).csr(CSR.stvec, handler);
    },
    body: () => {},
    status: STATUS.SIE | STATUS.MPIE,
  },
  {
    name: 'an exception in the handler of S-mode goes to S-mode again',
    mode: 'U',
    setup: c => {
      const handler = c.aside(() => {
        // The second one is the end: a7 counts.
        c.op('addi', { rd: X.a1, rs1: X.a1, imm: 1 }).op('csrrs', { rd: X.a2, rs1: 0, imm: CSR.sstatus });
        c.op('addi', { rd: X.t0, rs1: X.a1, imm: -2 }).op('bne', { rs1: X.t0, rs2: 0, imm: 8 }).op('ecall');
        c.op('ebreak');
        c.align(4);
      });
      c.csr(CSR.medeleg, 0x108).csr(CSR.stvec, handler);
    },
    body: () => {},
    status: STATUS.SIE,
  },
  {
    name: 'an exception in M-mode is never delegated',
    mode: 'M',
    setup: c => c.csr(CSR.medeleg, 0xffff),
    body: c => c.op('ebreak'),
  },
];

const PAGE_AT = 0x8040_0000;
const lr = (c: CaseWriter, width: 'w' | 'd', offset = 0): CaseWriter =>
  c.li(X.t0, PAGE_AT + offset).op(`lr.${width}`, { rd: X.a1, rs1: X.t0 });
const sc = (c: CaseWriter, width: 'w' | 'd', offset = 0): CaseWriter =>
  c
    .li(X.t0, PAGE_AT + offset)
    .li(X.t1, 77)
    .op(`sc.${width}`, { rd: X.a0, rs1: X.t0, rs2: X.t1 })
    .op('ld', { rd: X.a2, rs1: X.t0 });
const RESERVATIONS: readonly (readonly [string, (c: CaseWriter) => void])[] = [
  ['sc after lr', c => sc(lr(c, 'w'), 'w')],
  ['sc.d after lr.d', c => sc(lr(c, 'd', 8), 'd', 8)],
  ['sc alone', c => sc(c, 'w', 16)],
  ['sc elsewhere', c => sc(lr(c, 'w', 24), 'w', 28)],
  ['the second sc', c => sc(sc(lr(c, 'w', 32), 'w', 32), 'w', 32)],
  [
    'sc after a store of another value',
    c => sc(lr(c, 'd', 40).li(X.t1, 5).op('sd', { rs1: X.t0, rs2: X.t1 }), 'd', 40),
  ],
  ['sc after a store next to it', c => sc(lr(c, 'w', 48).op('sw', { rs1: X.t0, rs2: X.t0, imm: 8 }), 'w', 48)],
  ['sc after two lr', c => sc(lr(lr(c, 'w', 64), 'w', 72), 'w', 64)],
  ['sc after the second of two lr', c => sc(lr(lr(c, 'w', 80), 'w', 88), 'w', 88)],
  [
    'sc after a trap and a return',
    c => {
      lr(c, 'd', 96);
      const handler = c.aside(() => {
        c.op('csrrs', { rd: X.t1, rs1: 0, imm: CSR.mepc }).op('addi', { rd: X.t1, rs1: X.t1, imm: 4 });
        c.op('csrrw', { rd: 0, rs1: X.t1, imm: CSR.mepc }).op('mret');
        c.align(4);
      });
      c.op('csrrs', { rd: X.s0, rs1: 0, imm: CSR.mtvec }).csr(CSR.mtvec, handler).op('ecall');
      c.op('csrrw', { rd: 0, rs1: X.s0, imm: CSR.mtvec });
      sc(c, 'd', 96);
    },
  ],
];

const codeChange: Case = {
  name: 'an instruction that is written and fenced',
  mode: 'M',
  body: c => {
    // auipc; the word of addi a0, x0, 7 over addi a0, x0, 1; once before and once after.
    c.op('addi', { rd: X.a1, rs1: 0, imm: 2 }).op('auipc', { rd: X.t0, imm: 0 });
    const from = c.pc - 4;
    c.li(X.t1, 0x0070_0513);
    const target = c.pc;
    c.op('addi', { rd: X.a0, rs1: 0, imm: 1 }).op('add', { rd: X.a2, rs1: X.a2, rs2: X.a0 });
    c.op('sw', { rs1: X.t0, rs2: X.t1, imm: target - from }).op('fence.i');
    c.op('addi', { rd: X.a1, rs1: X.a1, imm: -1 }).op('bne', { rs1: X.a1, rs2: 0, imm: target - c.pc });
  },
};

export const TRAP_CASES: readonly Case[] = [
  ...exceptions,
  ...system,
  ...returns,
  ...counters,
  ...floating,
  ...nested,
  ...RESERVATIONS.map(([name, body]): Case => ({ name, mode: 'M', body: c => body(c) })),
  codeChange,
];
