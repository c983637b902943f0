/** Sv39, Sv48 and Sv57: every combination of a leaf's flags for each access, and the corners of the walk. */
import { encode, rowNamed } from '../../emulator/isa/encode.ts';
import { BASE, CSR, MSIP, PAGE, STATUS, UART, X, type Case, type CaseWriter, type Mode } from './harness.ts';

const V = 1;
const R = 2;
const W = 4;
const XX = 8;
const U = 16;
const G = 32;
const A = 64;
const D = 128;
const USUAL = V | R | W | XX | A | D;
const NOWHERE = 0x0500_0000;

/** The third gigapage is RAM for S-mode; the fifth the same for U-mode, so bodies there run this much higher. */
const USER_CODE = 0x8000_0000n;
/** Small pages, all in one table: VA_A is page 3, the one behind it VA_B. */
const VA_A = 0x4000_3000n;
const VA_B = VA_A + 4096n;
/** A leaf of 2 MiB, of 1 GiB, and at the root of Sv48 and Sv57. */
const VA_2M = 0x4020_0000n;
const VA_1G = 0xc000_0000n;
const VA_512G = 1n << 39n;
const VA_256T = 1n << 48n;

const MODES = { 39: 8n, 48: 9n, 57: 10n } as const;
type Sv = keyof typeof MODES;

const pte = (pa: number | bigint, flags: number | bigint): bigint => ((BigInt(pa) >> 12n) << 10n) | BigInt(flags);

interface Tables {
  readonly satp: Readonly<Record<Sv, bigint>>;
  readonly roots: Readonly<Record<Sv, number>>;
  /** Table of 2 MiB entries, and of small pages, for the second gigabyte. */
  readonly middle: number;
  readonly small: number;
  /** What is behind VA_A and VA_B; both begin with a function that returns 42. */
  readonly pages: readonly [number, number];
}

function makeTables(c: CaseWriter): Tables {
  const [root39, root48, root57, middle, small, first, second] = Array.from({ length: 7 }, () => c.page()) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  c.poke64(root57, pte(root48, V));
  c.poke64(root48, pte(root39, V));
  c.poke64(root39 + 8, pte(middle, V));
  c.poke64(root39 + 16, pte(BASE, USUAL));
  c.poke64(root39 + 32, pte(BASE, USUAL | U));
  c.poke64(middle, pte(small, V));
  const answer = encode(rowNamed('addi'), { rd: X.a0, rs1: 0, imm: 42 });
  const back = encode(rowNamed('jalr'), { rd: 0, rs1: X.ra });
  for (const page of [first, second]) c.poke64(page, (BigInt(back) << 32n) | BigInt(answer));
  // The last halfword of the first page and the first of the second make one instruction too: see `straddling`.
  const satp = (sv: Sv, root: number): bigint => (MODES[sv] << 60n) | (BigInt(root) >> 12n);
  return {
    satp: { 39: satp(39, root39), 48: satp(48, root48), 57: satp(57, root57) },
    roots: { 39: root39, 48: root48, 57: root57 },
    middle,
    small,
    pages: [first, second],
  };
}

type Access = 'load' | 'store' | 'fetch' | 'amo' | 'lr' | 'sc';
const ACCESSES: Readonly<Record<Access, (c: CaseWriter) => void>> = {
  load: c => c.op('ld', { rd: X.a0, rs1: X.t0 }),
  store: c => c.op('sd', { rs1: X.t0, rs2: X.t0, imm: 64 }),
  fetch: c => c.op('jalr', { rd: X.ra, rs1: X.t0 }),
  amo: c => c.op('amoor.d', { rd: X.a0, rs1: X.t0, rs2: 0 }),
  lr: c => c.op('lr.d', { rd: X.a0, rs1: X.t0 }),
  sc: c => c.op('sc.d', { rd: X.a0, rs1: X.t0, rs2: 0 }),
};

interface Paged {
  readonly name: string;
  readonly sv?: Sv;
  readonly mode?: Mode;
  readonly status?: bigint;
  readonly access: Access;
  /** Entries to write before; what they were comes back with the next case. */
  readonly entries: readonly (readonly [at: number, value: bigint])[];
  readonly va?: bigint;
  /** Address of the entry to look at afterwards. */
  readonly watch?: number;
}

function paged(tables: Tables, p: Paged): Case {
  const { mode = 'S', sv = 39, va = VA_A } = p;
  return {
    name: `Sv${sv}: ${p.name}, ${p.access} in ${mode}${p.status ? ` with ${p.status.toString(16)}` : ''}`,
    mode,
    status: p.status ?? 0n,
    ...(mode === 'U' ? { offset: USER_CODE } : {}),
    setup: c => {
      defaults(c, tables);
      for (const [at, value] of p.entries) c.store64(at, value);
      c.csr(CSR.satp, tables.satp[sv]).op('sfence.vma', { rs1: 0, rs2: 0 });
      c.watch(p.watch ?? tables.small + 24);
    },
    body: c => {
      c.li(X.t0, va);
      ACCESSES[p.access](c);
    },
  };
}

function defaults(c: CaseWriter, { small, middle, roots, pages }: Tables): void {
  c.store64(small + 24, pte(pages[0], USUAL)).store64(small + 32, pte(pages[1], USUAL));
  c.store64(middle, pte(small, V))
    .store64(middle + 8, 0)
    .store64(roots[39] + 24, 0);
  c.store64(roots[48] + 8, 0).store64(roots[57] + 8, 0);
}

/** 64 combinations of R, W, X, U, A and D for each access and mode. */
function flagSweep(t: Tables): Case[] {
  const modes: readonly (readonly [Mode, bigint])[] = [
    ['S', 0n],
    ['S', STATUS.SUM],
    ['S', STATUS.MXR],
    ['U', 0n],
  ];
  const combinations = Array.from(
    { length: 64 },
    (_, i) => V | ((i & 15) << 1) | ((i & 16) !== 0 ? A : 0) | ((i & 32) !== 0 ? D : 0),
  );
  return modes.flatMap(([mode, status]) =>
    (['load', 'store', 'fetch'] as const).flatMap(access =>
      combinations.map(flags =>
        paged(t, {
          name: `leaf ${flags.toString(16)}`,
          mode,
          status,
          access,
          entries: [[t.small + 24, pte(t.pages[0], flags)]],
        }),
      ),
    ),
  );
}

function atomics(t: Tables): Case[] {
  return (['amo', 'lr', 'sc'] as const).flatMap(access =>
    [0, V, V | A | D, V | R, V | R | A, V | R | W, V | R | W | A, USUAL, V | XX | A, V | R | W | U | A | D].map(flags =>
      paged(t, { name: `leaf ${flags.toString(16)}`, access, entries: [[t.small + 24, pte(t.pages[0], flags)]] }),
    ),
  );
}

const SVS: readonly Sv[] = [39, 48, 57];

/** The corners of the walk, in each mode of satp. */
function corners(t: Tables): Case[] {
  const leaf = (flags: bigint | number): [number, bigint] => [t.small + 24, pte(t.pages[0], flags)];
  return SVS.flatMap(sv =>
    (['load', 'store', 'fetch'] as const).flatMap(access => {
      const one = (name: string, rest: Partial<Paged>): Case => paged(t, { name, sv, access, entries: [], ...rest });
      const far = 1n << BigInt(sv - 1);
      return [
        one('as it should be', {}),
        one('the page behind', { va: VA_B, watch: t.small + 32 }),
        one('not canonical: the top bit alone', { va: VA_A | (1n << 63n) }),
        one('not canonical: one bit too many', { va: VA_A | (far << 1n) }),
        one('not canonical: the sign bit alone', { va: VA_A | far }),
        one('the upper half, unmapped', { va: BigInt.asUintN(64, -far) | VA_A }),
        one('the last page of all', { va: BigInt.asUintN(64, -4096n) }),
        ...[54, 55, 56, 57, 58, 59, 60, 61, 62, 63].map(bit =>
          one(`bit ${bit} of a leaf`, { entries: [leaf((1n << BigInt(bit)) | BigInt(USUAL))] }),
        ),
        ...[54, 60, 61, 63].map(bit =>
          one(`bit ${bit} of a pointer`, { entries: [[t.middle, pte(t.small, (1n << BigInt(bit)) | 1n)]] }),
        ),
        ...[A, D, U, G, A | D | U, 1 << 8, 2 << 8].map(flags =>
          one(`a pointer with ${flags.toString(16)}`, { entries: [[t.middle, pte(t.small, V | flags)]] }),
        ),
        one('a leaf with G and the software bits', { entries: [leaf(USUAL | G | (3 << 8))] }),
        one('an entry that is not valid', { entries: [leaf(USUAL & ~V)] }),
        one('a pointer that is not valid', { entries: [[t.middle, pte(t.small, 0)]] }),
        one('a pointer at the last level', { entries: [leaf(V)] }),
        one('a pointer with W alone', { entries: [[t.middle, pte(t.small, V | W)]] }),
        one('a table that is nowhere', { entries: [[t.middle, pte(NOWHERE, V)]] }),
        one('a table far beyond memory', { entries: [[t.middle, pte(1n << 55n, V)]] }),
        one('a leaf to nowhere', { entries: [[t.small + 24, pte(NOWHERE, USUAL)]] }),
        one('a leaf far beyond memory', { entries: [[t.small + 24, pte(1n << 55n, USUAL)]] }),
        one('a superpage of 2 MiB', { va: VA_2M, entries: [[t.middle + 8, pte(BASE + 0x40_0000, USUAL)]] }),
        one('a superpage of 2 MiB without A and D', {
          va: VA_2M,
          entries: [[t.middle + 8, pte(BASE + 0x40_0000, V | R | W | XX)]],
          watch: t.middle + 8,
        }),
        one('a superpage of 2 MiB askew', { va: VA_2M, entries: [[t.middle + 8, pte(BASE + PAGE, USUAL)]] }),
        one('a superpage of 1 GiB', { va: VA_1G + 0x40_0000n, entries: [[t.roots[39] + 24, pte(BASE, USUAL)]] }),
        one('a superpage of 1 GiB askew', { va: VA_1G, entries: [[t.roots[39] + 24, pte(BASE + 0x20_0000, USUAL)]] }),
        ...(sv < 48
          ? []
          : [
              one('a superpage of 512 GiB', {
                va: VA_512G + 0x8040_0000n,
                entries: [[t.roots[48] + 8, pte(0, USUAL)]],
              }),
              one('a superpage of 512 GiB askew', { va: VA_512G, entries: [[t.roots[48] + 8, pte(BASE, USUAL)]] }),
            ]),
        ...(sv < 57
          ? []
          : [
              one('a superpage of 256 TiB', {
                va: VA_256T + 0x8040_0000n,
                entries: [[t.roots[57] + 8, pte(0, USUAL)]],
              }),
              one('a superpage of 256 TiB askew', { va: VA_256T, entries: [[t.roots[57] + 8, pte(1n << 39n, USUAL)]] }),
            ]),
      ];
    }),
  );
}

/** Eight bytes over the end of a page, of which one or both may be missing. */
function crossings(t: Tables): Case[] {
  const flags: readonly (readonly [string, number, number])[] = [
    ['both there', USUAL, USUAL],
    ['both there, A and D to be set', V | R | W | XX, V | R | W | XX],
    ['the first missing', 0, USUAL],
    ['the second missing', USUAL, 0],
    ['both missing', 0, 0],
    ['the second read-only', USUAL, V | R | A],
    ['the first read-only', V | R | A, USUAL],
    ["the second the user's", USUAL, USUAL | U],
  ];
  return flags.flatMap(([name, first, second]) =>
    (['load', 'store'] as const).flatMap(access =>
      [1, 4, 7].flatMap(over =>
        [24, 32].map((entry): Case => {
          const base = paged(t, {
            name: `${over} bytes into the next page, ${name}, entry ${entry / 8} after`,
            access,
            entries: [
              [t.small + 24, pte(t.pages[0], first)],
              [t.small + 32, pte(t.pages[1], second)],
            ],
            va: VA_B + BigInt(over) - 8n,
            watch: t.small + entry,
          });
          return access === 'load'
            ? base
            : {
                ...base,
                body: c => {
                  c.li(X.t0, VA_B + BigInt(over) - 8n)
                    .li(X.t1, 0x1122_3344)
                    .op('sd', { rs1: X.t0, rs2: X.t1 });
                },
              };
        }),
      ),
    ),
  );
}

/** An instruction of four bytes whose second half is in the next page. */
function straddling(t: Tables): Case[] {
  const insn = encode(rowNamed('addi'), { rd: X.a0, rs1: 0, imm: 43 });
  return ([USUAL, 0, V | R | A, USUAL | U] as const).map((second): Case => {
    const base = paged(t, {
      name: `an instruction over the end of a page, the next ${second.toString(16)}`,
      access: 'fetch',
      entries: [[t.small + 32, pte(t.pages[1], second)]],
      va: VA_B - 2n,
    });
    return {
      ...base,
      setup: c => {
        // The other half comes first in the next page, then the way back.
        const back = encode(rowNamed('c.jr'), { rs1: X.ra });
        c.li(X.t0, t.pages[0] + PAGE - 2)
          .li(X.t1, insn & 0xffff)
          .op('sh', { rs1: X.t0, rs2: X.t1 });
        c.op('lwu', { rd: X.s0, rs1: X.t0, imm: 2 }).li(X.t1, (back << 16) | (insn >>> 16));
        c.op('sw', { rs1: X.t0, rs2: X.t1, imm: 2 });
        base.setup?.(c);
      },
    };
  });
}

/** M-mode with MPRV: loads and stores as the mode in MPP would do them. */
function borrowed(t: Tables): Case[] {
  return [0n, STATUS.SUM, STATUS.MXR].flatMap(extra =>
    [0n, STATUS.MPP_S, STATUS.MPP].flatMap(mpp =>
      [USUAL, USUAL | U, V | XX | A, 0].flatMap(flags =>
        (['load', 'store'] as const).map((access): Case => {
          const base = paged(t, {
            name: `MPRV with MPP ${(mpp >> 11n).toString()}, leaf ${flags.toString(16)}`,
            mode: 'M',
            status: extra,
            access,
            entries: [[t.small + 24, pte(t.pages[0], flags)]],
          });
          return {
            ...base,
            body: c => {
              c.csrClear(CSR.mstatus, STATUS.MPP).csrSet(CSR.mstatus, mpp | STATUS.MPRV);
              base.body(c);
            },
          };
        }),
      ),
    ),
  );
}

/** Device pages, and what is not aligned there. */
function devices(t: Tables): Case[] {
  const clint: [number, bigint] = [t.small + 24, pte(MSIP, USUAL)];
  const uart: [number, bigint] = [t.small + 24, pte(UART, USUAL)];
  const loads = ([rows, name, offset]: readonly [string, string, number]): Case => {
    const base = paged(t, { name, access: 'load', entries: [rows === 'clint' ? clint : uart] });
    return { ...base, body: c => c.li(X.t0, VA_A).op(name.split(' ')[0]!, { rd: X.a0, rs1: X.t0, imm: offset }) };
  };
  return (
    [
      ['clint', 'lw from the CLINT', 0],
      ['uart', 'lbu from the UART', 7],
      ['uart', 'lr.w from the UART', 0],
    ] as const
  ).map(loads);
}

/** satp itself: modes that are not there, and numbers that are too large. */
function satps(t: Tables): Case[] {
  return [1n, 2n, 7n, 11n, 14n, 15n].map((mode): Case => ({
    name: `satp with mode ${mode}`,
    mode: 'S',
    setup: c => c.csr(CSR.satp, t.satp[39]),
    body: c =>
      c
        .csr(CSR.satp, (mode << 60n) | 0x1234n)
        .op('csrrs', { rd: X.a0, rs1: 0, imm: CSR.satp })
        .csr(CSR.satp, 0),
  }));
}

export function pagingCases(c: CaseWriter): readonly Case[] {
  const t = makeTables(c);
  return [
    ...flagSweep(t),
    ...atomics(t),
    ...corners(t),
    ...crossings(t),
    ...straddling(t),
    ...borrowed(t),
    ...devices(t),
    ...satps(t),
  ];
}
