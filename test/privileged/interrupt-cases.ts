/** Interrupts: each source in each mode, masked, enabled and delegated, direct and vectored; which one goes first. */
import { CSR, MSIP, MTIMECMP, PLIC, STATUS, UART, X, type Case, type CaseWriter, type Mode } from './harness.ts';

const MODES: readonly Mode[] = ['M', 'S', 'U'];
const UART_IRQ = 10;

const raiseMachineExternal = (c: CaseWriter): void => {
  c.store32(PLIC + 4 * UART_IRQ, 1)
    .store32(PLIC + 0x2000, 1 << UART_IRQ)
    .store32(PLIC + 0x20_0000, 0);
  c.li(X.t1, UART).li(X.t2, 2).op('sb', { rs1: X.t1, rs2: X.t2, imm: 1 });
};

/** By number: how it is made pending. */
const SOURCES: readonly (readonly [number: number, name: string, raise: (c: CaseWriter) => void])[] = [
  [11, 'MEI', raiseMachineExternal],
  [3, 'MSI', c => c.store32(MSIP, 1)],
  [7, 'MTI', c => c.store64(MTIMECMP, 0)],
  [9, 'SEI', c => c.csrSet(CSR.mip, 0x200)],
  [1, 'SSI', c => c.csrSet(CSR.mip, 2)],
  [5, 'STI', c => c.csrSet(CSR.mip, 0x20)],
];
const ALL = 0xaaa;
const S_ALL = 0x222;
const nops = (c: CaseWriter): void => {
  for (let i = 0; i < 4; i++) c.op('addi', { rd: X.a0, rs1: X.a0, imm: 1 });
};

const single: Case[] = SOURCES.flatMap(([number, name, raise]) =>
  MODES.flatMap(mode =>
    [0n, STATUS.MPIE, STATUS.SIE].flatMap(status =>
      [0, S_ALL].flatMap(delegated =>
        [0, 1].map((vectored): Case => ({
          name: `${name}, ${mode}, mstatus ${status.toString(16)}, mideleg ${delegated.toString(16)}, vectored ${vectored}`,
          mode,
          status,
          setup: c => {
            c.csr(CSR.mideleg, delegated).csr(CSR.mie, 1 << number);
            if (vectored === 1) c.csrSet(CSR.mtvec, 1).csrSet(CSR.stvec, 1);
            raise(c);
          },
          body: nops,
        })),
      ),
    ),
  ),
);

/** From all of them on, the most urgent one less each time. */
const priorities: Case[] = SOURCES.flatMap((_, first) =>
  [0, S_ALL, 0x200, 0x20].flatMap(delegated =>
    MODES.map((mode): Case => ({
      name: `${SOURCES.slice(first)
        .map(([, name]) => name)
        .join(' ')}, ${mode}, mideleg ${delegated.toString(16)}`,
      mode,
      status: STATUS.MPIE | STATUS.SIE,
      setup: c => {
        c.csr(CSR.mideleg, delegated).csr(CSR.mie, ALL).csrSet(CSR.mtvec, 1).csrSet(CSR.stvec, 1);
        for (const [, , raise] of SOURCES.slice(first)) raise(c);
      },
      body: nops,
    })),
  ),
);

const STCE = 1n << 63n;
const others: Case[] = [
  ...MODES.map((mode): Case => ({
    name: `stimecmp in the past, ${mode}`,
    mode,
    status: STATUS.SIE,
    setup: c => c.csr(CSR.mideleg, S_ALL).csr(CSR.mie, S_ALL).csr(CSR.menvcfg, STCE).csr(CSR.stimecmp, 0),
    body: nops,
  })),
  {
    name: "a STIP that software raised before it became the timer's",
    mode: 'M',
    setup: c => c.csrSet(CSR.mip, 0x20).csr(CSR.menvcfg, STCE).csr(CSR.stimecmp, -1),
    body: c =>
      void c
        .op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.mip })
        .op('csrrw', { rd: 0, rs1: 0, imm: CSR.menvcfg })
        .op('csrrs', { rd: X.a1, rs1: 0, imm: CSR.mip }),
  },
  {
    name: 'S-mode sees and clears what is delegated',
    mode: 'S',
    setup: c => c.csr(CSR.mideleg, S_ALL).csr(CSR.mie, ALL).csrSet(CSR.mip, S_ALL),
    body: c =>
      void c
        .op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.sip })
        .op('csrrw', { rd: X.a1, rs1: 0, imm: CSR.sip })
        .op('csrrs', { rd: X.a2, rs1: 0, imm: CSR.sip })
        .op('csrrs', { rd: X.a3, rs1: 0, imm: CSR.sie }),
  },
  {
    name: 'S-mode sees nothing of what is not',
    mode: 'S',
    setup: c => c.csr(CSR.mideleg, 2).csr(CSR.mie, ALL).csrSet(CSR.mip, 0x20),
    body: c =>
      void c
        .op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.sip })
        .li(X.t0, -1)
        .op('csrrw', { rd: X.a1, rs1: X.t0, imm: CSR.sie })
        .op('csrrs', { rd: X.a2, rs1: 0, imm: CSR.sie }),
    status: 0n,
  },
  {
    name: 'an interrupt that S-mode raises for itself',
    mode: 'S',
    status: STATUS.SIE,
    setup: c => c.csr(CSR.mideleg, S_ALL).csr(CSR.mie, S_ALL),
    body: c => {
      c.csrSet(CSR.sip, 2);
      nops(c);
    },
  },
  {
    name: 'enabling what is pending',
    mode: 'S',
    setup: c => c.csr(CSR.mideleg, S_ALL).csr(CSR.mie, S_ALL).csrSet(CSR.mip, 0x20),
    body: c => {
      c.csrSet(CSR.sstatus, STATUS.SIE);
      nops(c);
    },
  },
];

export const INTERRUPT_CASES: readonly Case[] = [...single, ...priorities, ...others];
