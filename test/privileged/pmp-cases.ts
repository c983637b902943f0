/** Physical memory protection: each kind of entry with each right, in each mode; order, edges, locks and page walks. */
import { viewOf } from '../../emulator/base/bytes.ts';
import { BASE, CaseWriter, CSR, STATUS, X, type Case, type Mode } from './harness.ts';

const MODES: readonly Mode[] = ['M', 'S', 'U'];
const R = 1;
const W = 2;
const EXEC = 4;
const TOR = 1 << 3;
const NA4 = 2 << 3;
const NAPOT = 3 << 3;
const LOCKED = 0x80;

/** A quiet place in RAM; each locked case takes one of its own, for good. */
const PLACE = 0x8080_0000;
const napot = (at: number, bytes: number): number => (at + bytes / 2 - 1) / 4 - ((at + bytes / 2 - 1) % 4) / 4;

interface Rule {
  readonly entry: number;
  readonly config: number;
  readonly address: number;
}
/** Addresses first: a locked entry's stays. */
function write(c: CaseWriter, rules: readonly Rule[]): void {
  for (const { entry, address } of rules) c.csr(CSR.pmpaddr0 + entry, address);
  for (const [first, csr] of [
    [0, CSR.pmpcfg0],
    [8, CSR.pmpcfg2],
  ] as const) {
    const bits = rules
      .filter(({ entry }) => entry >= first && entry < first + 8)
      .reduce((sum, { entry, config }) => sum | (BigInt(config) << BigInt(8 * (entry - first))), 0n);
    if (bits !== 0n) c.csrSet(csr, bits);
  }
}

type Access = readonly [name: string, body: (c: CaseWriter, at: number) => void];
const load: Access = ['load', (c, at) => void c.li(X.t0, at).op('ld', { rd: X.a0, rs1: X.t0 })];
const store: Access = ['store', (c, at) => void c.li(X.t0, at).op('sd', { rs1: X.t0, rs2: X.t0 })];
/** The words there are zeros: an illegal instruction, unless the fetch is refused. */
const fetch: Access = ['fetch', (c, at) => void c.li(X.t0, at).op('jalr', { rd: X.ra, rs1: X.t0 })];
const ACCESSES = [load, store, fetch];

const protectedCase = (name: string, mode: Mode, [kind, body]: Access, rules: readonly Rule[], at = PLACE): Case => ({
  name: `${name}: ${kind} at ${at.toString(16)} in ${mode}`,
  mode,
  setup: c => write(c, rules),
  body: c => body(c, at),
});

/** Every set of rights on a page, by each way to say which. */
const rights: Case[] = [0, R, R | W, EXEC, R | EXEC, R | W | EXEC].flatMap(allowed =>
  MODES.flatMap(mode =>
    ACCESSES.flatMap(access => [
      protectedCase(`NAPOT ${allowed}`, mode, access, [
        { entry: 0, config: NAPOT | allowed, address: napot(PLACE, 4096) },
      ]),
      protectedCase(`TOR ${allowed}`, mode, access, [
        { entry: 3, config: 0, address: PLACE / 4 },
        { entry: 4, config: TOR | allowed, address: (PLACE + 4096) / 4 },
      ]),
    ]),
  ),
);

/** Doublewords that touch the edges of a rule. */
const edges: Case[] = (['S', 'U'] as const).flatMap(mode =>
  [-8, -4, 0, 4, 8].flatMap(offset =>
    [load, store].flatMap(access => {
      const at = PLACE + 256 + offset;
      return [
        protectedCase(
          'NA4 with all rights, inside none',
          mode,
          access,
          [
            { entry: 0, config: NA4 | R | W, address: (PLACE + 256) / 4 },
            { entry: 1, config: NAPOT, address: napot(PLACE, 4096) },
          ],
          at,
        ),
        protectedCase(
          'eight bytes of nothing',
          mode,
          access,
          [{ entry: 0, config: NAPOT, address: napot(PLACE + 256, 8) }],
          at,
        ),
        protectedCase(
          'eight bytes for reading',
          mode,
          access,
          [{ entry: 0, config: NAPOT | R, address: napot(PLACE + 256, 8) }],
          at,
        ),
        protectedCase(
          'a range of four bytes',
          mode,
          access,
          [
            { entry: 0, config: 0, address: (PLACE + 256) / 4 },
            { entry: 1, config: TOR, address: (PLACE + 260) / 4 },
          ],
          at,
        ),
      ];
    }),
  ),
);

const order: Case[] = MODES.flatMap(mode => [
  protectedCase('the first rule says yes, the second no', mode, load, [
    { entry: 0, config: NAPOT | R, address: napot(PLACE, 4096) },
    { entry: 1, config: NAPOT, address: napot(PLACE, 8192) },
  ]),
  protectedCase('the first rule says no, the second yes', mode, load, [
    { entry: 0, config: NAPOT, address: napot(PLACE, 4096) },
    { entry: 1, config: NAPOT | R, address: napot(PLACE, 8192) },
  ]),
  protectedCase('a range whose end is below its start', mode, load, [
    { entry: 0, config: 0, address: (PLACE + 4096) / 4 },
    { entry: 1, config: TOR, address: PLACE / 4 },
  ]),
  protectedCase('an empty range', mode, load, [
    { entry: 0, config: 0, address: PLACE / 4 },
    { entry: 1, config: TOR, address: PLACE / 4 },
  ]),
  {
    name: `the first entry as a range begins at 0: a load below it in ${mode}`,
    mode,
    setup: c => write(c, [{ entry: 0, config: TOR | R | EXEC | W, address: (BASE + 0x100_0000) / 4 }]),
    body: c => load[1](c, PLACE),
  },
  {
    name: `no rule matches: ${mode}`,
    mode,
    // What must run stays open.
    setup: c => {
      write(c, [{ entry: 0, config: NAPOT | R | W | EXEC, address: napot(BASE, 4 << 20) }]);
      c.csr(CSR.pmpcfg2, 0);
    },
    body: c => load[1](c, PLACE),
  },
]);

/** M-mode as another: the rules of that one. */
const borrowed: Case[] = [0n, STATUS.MPP_S, STATUS.MPP].flatMap(mpp =>
  [load, store].map((access): Case => ({
    name: `MPRV with MPP ${(mpp >> 11n).toString()}: ${access[0]}`,
    mode: 'M',
    setup: c => write(c, [{ entry: 0, config: NAPOT | R, address: napot(PLACE, 4096) }]),
    body: c => {
      c.csrClear(CSR.mstatus, STATUS.MPP).csrSet(CSR.mstatus, mpp | STATUS.MPRV);
      access[1](c, PLACE);
    },
  })),
);

/** The page table itself lies under a rule. */
const walks: Case[] = [0, R, R | W, EXEC].flatMap(allowed =>
  [load, store, fetch].flatMap(([kind, body]) =>
    [0xcf, 0x0f].map((flags): Case => ({
      name: `a page table with rights ${allowed}, leaf ${flags.toString(16)}: ${kind}`,
      mode: 'S',
      setup: c => {
        const root = c.page();
        const middle = c.page();
        const small = c.page();
        const pte = (pa: number, flags: number): bigint => (BigInt(pa) >> 2n) | BigInt(flags);
        c.poke64(root + 16, pte(BASE, 0xcf));
        c.poke64(root + 8, pte(middle, 1));
        c.poke64(middle, pte(small, 1));
        c.poke64(small, pte(c.page(), flags));
        write(c, [{ entry: 0, config: NAPOT | allowed, address: napot(small, 4096) }]);
        c.csr(CSR.satp, (8n << 60n) | (BigInt(root) >> 12n)).op('sfence.vma', { rs1: 0, rs2: 0 });
      },
      body: c => body(c, 0x4000_0000),
    })),
  ),
);

/** Code that counts in a0, in a page of which a few bytes have rights of their own: where it stops, and why. */
const COUNTS: readonly (readonly [name: string, code: (c: CaseWriter) => void])[] = [
  ['long', c => times(16, () => c.op('addi', { rd: X.a0, rs1: X.a0, imm: 1 }))],
  ['short', c => times(32, () => c.op('c.addi', { rd: X.a0, imm: 1 }))],
  [
    'long at odd halfwords',
    c => times(15, i => (i === 0 ? c.op('c.nop') : c.op('addi', { rd: X.a0, rs1: X.a0, imm: 1 }))),
  ],
];
function times(count: number, body: (i: number) => void): void {
  for (let i = 0; i < count; i++) body(i);
}
/** Puts the code, and an ecall behind it, at `offset` of a page of its own; returns where that is. */
function counting(c: CaseWriter, code: (c: CaseWriter) => void, offset: number): number {
  const at = c.page() + offset;
  const writer = new CaseWriter();
  code(writer);
  writer.op('ecall');
  const { bytes } = writer.out;
  while (bytes.length % 8 !== 0) bytes.push(0);
  const view = viewOf(Uint8Array.from(bytes));
  for (let i = 0; i < bytes.length; i += 8) c.poke64(at + i, view.getBigUint64(i, true));
  return at;
}
/** The first piece lets nothing run, the others do: the rights of a page are those of each instruction. */
const PIECES: readonly (readonly [name: string, rules: (at: number) => Rule[]])[] = [
  ['four bytes', at => [{ entry: 0, config: NA4 | R | W, address: (at + 16) / 4 }]],
  ['eight bytes', at => [{ entry: 0, config: NAPOT | R, address: napot(at + 16, 8) }]],
  [
    'twelve bytes',
    at => [
      { entry: 0, config: 0, address: (at + 12) / 4 },
      { entry: 1, config: TOR | R | W, address: (at + 24) / 4 },
    ],
  ],
  [
    'all but the first sixteen bytes',
    at => [
      { entry: 0, config: NAPOT | EXEC, address: napot(at, 16) },
      { entry: 1, config: NAPOT | R, address: napot(at - (at % 4096), 4096) },
    ],
  ],
  [
    'nothing, in pieces',
    at => [
      { entry: 0, config: NA4 | EXEC, address: (at + 16) / 4 },
      { entry: 1, config: NAPOT | EXEC | R, address: napot(at + 16, 8) },
    ],
  ],
];
const pieces: Case[] = MODES.flatMap(mode =>
  COUNTS.flatMap(([kind, code]) =>
    PIECES.flatMap(([name, rules]) =>
      [0, 16, 20].map((start): Case => {
        let at = 0;
        return {
          name: `code of ${kind} instructions, closed: ${name}; from ${start} in ${mode}`,
          mode,
          setup: c => {
            at = counting(c, code, 64);
            write(c, rules(at));
          },
          body: c => fetch[1](c, at + start),
        };
      }),
    ),
  ),
);
/** A loop that is closed behind itself while it runs, by its own M-mode. */
const closing: Case = {
  name: 'code that locks a piece of its own page',
  mode: 'M',
  setup: c => void c.align(4),
  body: c => {
    const ahead = 40;
    c.op('auipc', { rd: X.t0, imm: 0 }).op('addi', { rd: X.t0, rs1: X.t0, imm: ahead });
    c.op('srli', { rd: X.t0, rs1: X.t0, imm: 2 }).op('csrrw', { rd: 0, rs1: X.t0, imm: CSR.pmpaddr0 + 8 });
    c.op('addi', { rd: X.t1, rs1: 0, imm: NA4 | R | LOCKED });
    c.op('csrrs', { rd: 0, rs1: X.t1, imm: CSR.pmpcfg2 });
    times(8, () => c.op('addi', { rd: X.a0, rs1: X.a0, imm: 1 }));
  },
};

/** Last, for these rules stay: each on a page and an entry of its own. */
const LOCKS: readonly (readonly [entry: number, config: number])[] = [
  [14, NAPOT],
  [13, NAPOT | R],
  [12, NAPOT | R | W],
  [11, NAPOT | EXEC],
];
const locked: Case[] = LOCKS.flatMap(([entry, config], i) =>
  MODES.flatMap(mode =>
    ACCESSES.map(access =>
      protectedCase(
        `locked ${config.toString(16)}`,
        mode,
        access,
        [{ entry, config: config | LOCKED, address: napot(PLACE + 0x1_0000 * (i + 1), 4096) }],
        PLACE + 0x1_0000 * (i + 1),
      ),
    ),
  ),
);
const lockedRegisters: Case[] = [
  {
    name: 'writing a locked entry',
    mode: 'M',
    body: c =>
      c
        .csr(CSR.pmpaddr0 + 14, 0x1234)
        .op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.pmpaddr0 + 14 })
        .csr(CSR.pmpcfg2, 0)
        .op('csrrs', { rd: X.a1, rs1: 0, imm: CSR.pmpcfg2 }),
  },
  {
    name: 'a locked range keeps its start',
    mode: 'M',
    setup: c =>
      write(c, [
        { entry: 9, config: 0, address: (PLACE + 0x10_0000) / 4 },
        { entry: 10, config: TOR | LOCKED | R, address: (PLACE + 0x10_1000) / 4 },
      ]),
    body: c =>
      c
        .csr(CSR.pmpaddr0 + 9, 0x1234)
        .op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.pmpaddr0 + 9 })
        .csr(CSR.pmpaddr0 + 8, 0x1234)
        .op('csrrs', { rd: X.a1, rs1: 0, imm: CSR.pmpaddr0 + 8 }),
  },
];

export const PMP_CASES: readonly Case[] = [
  ...rights,
  ...edges,
  ...order,
  ...borrowed,
  ...walks,
  ...pieces,
  ...locked,
  ...lockedRegisters,
  closing,
];
