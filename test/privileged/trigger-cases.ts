/**
 * The trigger module: triggers on executing, loading and storing, in each mode and for each mode, both at once, beside
 * what they cover, delegated, and with accesses of every kind. The handlers' own code is never in reach of a trigger.
 */
import { CSR, STATUS, X, type Case, type CaseWriter, type Mode } from './harness.ts';

const MODES: readonly Mode[] = ['M', 'S', 'U'];
const PLACE = 0x8040_0100;
const T = { tselect: 0x7a0, tdata1: 0x7a1, tdata2: 0x7a2 } as const;
const BITS = { load: 1n, store: 2n, execute: 4n, U: 8n, S: 16n, M: 64n } as const;
const ALL_MODES = BITS.U | BITS.S | BITS.M;
const BREAKPOINT = 1 << 3;
type Type = 2n | 6n;
const control = (type: Type, bits: bigint): bigint => (type << 60n) | bits;

/** Both are switched off first: cases come one behind the other. */
function clean(c: CaseWriter): CaseWriter {
  for (const index of [1, 0]) {
    c.csr(T.tselect, index).csr(T.tdata1, control(2n, 0n)).csr(T.tdata2, 0);
  }
  return c;
}

function arm(c: CaseWriter, index: number, tdata1: bigint, address: bigint | number): CaseWriter {
  return c.csr(T.tselect, index).csr(T.tdata2, address).csr(T.tdata1, tdata1);
}

type Access = readonly [name: string, body: (c: CaseWriter) => void];
const at = (c: CaseWriter, address: number): CaseWriter => c.li(X.t0, address).li(X.a1, 0x55);
const access =
  (name: string, operands: object = {}): ((c: CaseWriter, address: number) => void) =>
  (c, address) => {
    at(c, address).op(name, { rd: X.a0, rs1: X.t0, ...operands });
    c.li(X.a2, 1);
  };
const stored = { rs2: X.a1 };
const LOAD = access('ld');
const STORE = access('sd', stored);
const ACCESSES = [
  ['ld', LOAD],
  ['lbu', access('lbu')],
  ['sd', STORE],
  ['sb', access('sb', stored)],
  ['amoadd.w', access('amoadd.w', stored)],
  ['lr.d', access('lr.d')],
  ['fld', access('fld')],
  ['fsw', access('fsw', stored)],
] as const;

/** Arms, in M-mode, and then does the access. */
function dataCase(name: string, mode: Mode, arms: (c: CaseWriter) => void, [what, body]: Access): Case {
  return {
    name: `${name}: ${what} in ${mode}`,
    mode,
    setup: c => {
      arms(clean(c));
      c.li(X.a2, 0);
    },
    body,
  };
}

const TYPES = [2n, 6n] as const;
const KINDS = ['load', 'store'] as const;

const kinds: Case[] = TYPES.flatMap(type =>
  MODES.flatMap(mode =>
    [0n, BITS[mode], ALL_MODES & ~BITS[mode]].flatMap(modes =>
      [BITS.load, BITS.store, BITS.load | BITS.store, BITS.execute].flatMap(kind =>
        ACCESSES.map(([what, body]) =>
          dataCase(
            `type ${type}, bits ${(modes | kind).toString(16)}`,
            mode,
            c => arm(c, 0, control(type, modes | kind), PLACE),
            [what, c => body(c, PLACE)],
          ),
        ),
      ),
    ),
  ),
);

/** Codes of sizes, in the bits of each type. */
const sizeBits = (type: Type, code: bigint): bigint =>
  type === 2n ? ((code >> 2n) << 21n) | ((code & 3n) << 16n) : code << 16n;
const sizes: Case[] = TYPES.flatMap(type =>
  [0n, 1n, 2n, 3n, 4n, 5n, 7n].flatMap(code =>
    [-8, -1, 0, 1, 2, 3, 4, 5, 7, 8].flatMap(offset =>
      KINDS.map(kind =>
        dataCase(
          `type ${type}, size ${code}, offset ${offset}`,
          'S',
          c => arm(c, 1, control(type, sizeBits(type, code) | BITS[kind] | BITS.S), PLACE),
          [kind, c => access(kind === 'load' ? 'lb' : 'sb', kind === 'load' ? {} : stored)(c, PLACE + offset)],
        ),
      ),
    ),
  ),
);
const overlaps: Case[] = [-9, -8, -7, -4, -1, 0, 3, 7, 8].flatMap(offset =>
  KINDS.map(kind =>
    dataCase('doublewords', 'M', c => arm(c, 0, control(2n, BITS[kind] | BITS.M), PLACE), [
      `${kind} at ${offset}`,
      c => (kind === 'load' ? LOAD : STORE)(c, PLACE + offset),
    ]),
  ),
);

const two: Case[] = [
  [BITS.load, BITS.store],
  [BITS.store, BITS.load],
  [BITS.load, BITS.load],
].flatMap(([first = 0n, second = 0n]) =>
  [0, 4, 8, 4096].flatMap(distance =>
    ACCESSES.map(([what, body]) =>
      dataCase(
        `two, ${first} and ${second}, ${distance} apart`,
        'U',
        c => {
          arm(c, 0, control(2n, first | BITS.U), PLACE);
          arm(c, 1, control(6n, second | BITS.U), PLACE + distance);
        },
        [what, c => body(c, PLACE + distance)],
      ),
    ),
  ),
);

const changed: Case[] = [
  ['switched off again', (c: CaseWriter) => c.csr(T.tdata1, control(2n, 0n))],
  ['moved away', (c: CaseWriter) => c.csr(T.tdata2, PLACE + 64)],
  ['a type that is not there is ignored', (c: CaseWriter) => c.csr(T.tdata1, control(2n, 0n) & 0n)],
  ['the other one switched off', (c: CaseWriter) => c.csr(T.tselect, 1).csr(T.tdata1, control(2n, 0n))],
  ['the wrong one switched off', (c: CaseWriter) => c.csr(T.tselect, 7).csr(T.tdata1, control(2n, 0n))],
].map(([name, change]) =>
  dataCase(
    name as string,
    'M',
    c => {
      arm(c, 0, control(2n, BITS.load | BITS.M), PLACE);
      // The page has been used before, and is again.
      c.li(X.t0, PLACE + 512).op('ld', { rd: X.a3, rs1: X.t0 });
      (change as (c: CaseWriter) => void)(c);
    },
    ['ld', c => LOAD(c, PLACE)],
  ),
);

/** M-mode with the eyes of another mode: the mode of the trigger is still M. */
const modified: Case[] = [BITS.M, BITS.U].map(mode => ({
  ...dataCase(`MPRV, bits ${mode}`, 'M', c => arm(c, 0, control(2n, BITS.load | mode), PLACE), [
    'ld',
    c => {
      c.csrClear(CSR.mstatus, STATUS.MPP).csrSet(CSR.mstatus, STATUS.MPRV);
      LOAD(c, PLACE);
    },
  ]),
}));

const delegated: Case[] = (['S', 'U'] as const).flatMap(mode =>
  ACCESSES.map(([what, body]) =>
    dataCase(
      'delegated',
      mode,
      c => arm(c, 0, control(2n, BITS.load | BITS.store | BITS[mode]), PLACE).csr(CSR.medeleg, BREAKPOINT),
      [what, c => body(c, PLACE)],
    ),
  ),
);

/** The body arms triggers on instructions of its own that lie `distances` ahead, in M-mode, then counts in a0. */
function executeCase(
  name: string,
  mode: Mode,
  triggers: readonly { readonly tdata1: bigint; readonly insn: number }[],
  compressed = false,
): Case {
  let target = 0;
  const count = (c: CaseWriter): void => {
    for (let i = 0; i < 4; i++) c.op(compressed ? 'c.addi' : 'addi', { rd: X.a0, rs1: X.a0, imm: 1 });
  };
  return {
    name: `${name}, ${mode}`,
    mode,
    setup: c => {
      clean(c).li(X.a0, 0);
      target = c.aside(() => {
        c.align(4);
        count(c);
        c.op('ecall');
        c.align(4);
      });
      triggers.forEach(({ tdata1, insn }, i) => arm(c, i, tdata1, target + insn * (compressed ? 2 : 4)));
    },
    body: c => c.li(X.t0, target).op('jalr', { rs1: X.t0 }),
  };
}
const executions: Case[] = TYPES.flatMap(type =>
  MODES.flatMap(mode =>
    [0n, BITS[mode], ALL_MODES & ~BITS[mode]].flatMap(modes =>
      [BITS.execute, BITS.execute | BITS.load, BITS.load | BITS.store].flatMap(kind =>
        [0, 2].flatMap(insn =>
          [false, true].map(compressed =>
            executeCase(
              `type ${type}, bits ${(modes | kind).toString(16)}, on instruction ${insn}${compressed ? ', compressed' : ''}`,
              mode,
              [{ tdata1: control(type, modes | kind), insn }],
              compressed,
            ),
          ),
        ),
      ),
    ),
  ),
);
const pairs: Case[] = MODES.flatMap(mode =>
  [
    [1, 2],
    [2, 1],
    [1, 1],
  ].map(([first = 0, second = 0]) =>
    executeCase(`on instructions ${first} and ${second}`, mode, [
      { tdata1: control(2n, BITS.execute | BITS[mode]), insn: first },
      { tdata1: control(6n, BITS.execute | BITS[mode]), insn: second },
    ]),
  ),
);

/** Between two halves of an instruction, and where no instruction is: nothing happens, or the jump's fault comes first. */
const places: Case[] = MODES.flatMap(mode => [
  executeCase('in the middle of an instruction', mode, [{ tdata1: control(2n, BITS.execute | ALL_MODES), insn: 0.5 }]),
  executeCase('executing at ecall', mode, [{ tdata1: control(2n, BITS.execute | ALL_MODES), insn: 4 }]),
]);
const NOWHERE = 0x0500_0000;
const nowhere: Case[] = [true, false].map(isArmed => ({
  name: `executing nowhere, ${isArmed ? 'with a trigger' : 'without'}`,
  mode: 'M',
  setup: c => arm(clean(c), 0, control(2n, isArmed ? BITS.execute | BITS.M : 0n), NOWHERE),
  body: c => c.li(X.t0, NOWHERE).op('jalr', { rs1: X.t0 }),
}));

/** What else is wrong with the access: nothing answers, or an atomic is misaligned. */
const wrong: Case[] = [
  dataCase('nowhere', 'M', c => arm(c, 0, control(2n, BITS.load | BITS.M), NOWHERE), ['ld', c => LOAD(c, NOWHERE)]),
  dataCase('nowhere', 'M', c => arm(c, 0, control(2n, BITS.store | BITS.M), NOWHERE), ['sd', c => STORE(c, NOWHERE)]),
  dataCase('odd', 'M', c => arm(c, 0, control(2n, BITS.load | BITS.M), PLACE), [
    'lr',
    c => access('lr.w')(c, PLACE + 1),
  ]),
  dataCase('held', 'M', c => arm(c, 0, control(2n, BITS.store | BITS.M), PLACE), [
    'sc behind lr',
    c => {
      at(c, PLACE).op('lr.w', { rd: X.a3, rs1: X.t0 });
      c.op('sc.w', { rd: X.a0, rs1: X.t0, rs2: X.a1 }).op('ld', { rd: X.a2, rs1: X.t0 });
    },
  ]),
  ...[BITS.load, BITS.store].map(kind =>
    dataCase(`${kind}`, 'M', c => arm(c, 0, control(2n, kind | BITS.M), PLACE), [
      'sc without a reservation',
      c => access('sc.w', stored)(c, PLACE),
    ]),
  ),
];

/** A trigger on an instruction that the loop has run already: armed between two rounds. */
const rounds: Case[] = MODES.filter(mode => mode === 'M').map(mode => ({
  name: 'armed while its loop runs',
  mode,
  setup: c => clean(c),
  body: c => {
    c.li(X.a0, 0).csr(T.tselect, 0);
    c.op('auipc', { rd: X.t0, imm: 0 });
    const from = c.pc - 4;
    const rest = c.pc;
    // Room for the address, patched by arithmetic: the target is the addi behind the writes.
    c.op('addi', { rd: X.t1, rs1: X.t0, imm: 40 }).op('csrrw', { rs1: X.t1, imm: T.tdata2 });
    c.li(X.t1, 0x44).li(X.t2, 2).op('slli', { rd: X.t2, rs1: X.t2, imm: 60 });
    c.op('or', { rd: X.t1, rs1: X.t1, rs2: X.t2 });
    while (c.pc < from + 40) c.op('addi');
    if (c.pc !== from + 40) throw new Error(`${c.pc - rest} bytes`);
    c.op('addi', { rd: X.a0, rs1: X.a0, imm: 1 });
    c.li(X.a1, 3).op('bne', { rs1: X.a0, rs2: X.a1, imm: 8 });
    c.op('csrrw', { rs1: X.t1, imm: T.tdata1 });
    c.li(X.a1, 6).op('bne', { rs1: X.a0, rs2: X.a1, imm: from + 40 - c.pc - 4 });
  },
}));

/** Reads everything back after each write of tdata1, with types that QEMU 7.2 knows. */
const legal: Case[] = [0n, 2n, 3n, 4n, 5n, 6n, 7n, 15n].flatMap(type =>
  TYPES.flatMap(before =>
    [0n, (1n << 60n) - 1n, ...Array.from({ length: 60 }, (_, bit) => 1n << BigInt(bit))].map(bits => ({
      name: `tdata1 ${((type << 60n) | bits).toString(16)} over type ${before}`,
      mode: 'M' as const,
      setup: (c: CaseWriter) => void clean(c).csr(T.tdata1, control(before, 0n)),
      body: (c: CaseWriter) => {
        // At no address that anything uses.
        c.csr(T.tdata2, -16).csr(T.tdata1, (type << 60n) | bits);
        c.op('csrrs', { rd: X.a0, imm: T.tdata1 }).op('csrrs', { rd: X.a1, imm: T.tdata2 });
        c.op('csrrs', { rd: X.a2, imm: 0x7a4 }).op('csrrs', { rd: X.a3, imm: 0x7a3 });
        c.csr(T.tdata1, control(2n, 0n));
      },
    })),
  ),
);

const lastly: Case = { name: 'both off', mode: 'M', setup: c => void clean(c), body: () => {} };

export const TRIGGER_CASES: readonly Case[] = [
  ...kinds,
  ...sizes,
  ...overlaps,
  ...two,
  ...changed,
  ...modified,
  ...delegated,
  ...executions,
  ...pairs,
  ...places,
  ...nowhere,
  ...wrong,
  ...rounds,
  lastly,
];
export const TRIGGER_VALUE_CASES: readonly Case[] = legal;
