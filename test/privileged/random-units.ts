/** Draws the units of random-harness.ts. What it keeps off, because QEMU 7.2 is known to differ there, says so. */
import { randomFrom } from '../isa/random-program.ts';
import { CSR, STATUS, X, type CaseWriter, type Mode } from './harness.ts';
import { add, csrBlock, DELEGABLE, ENABLES, MSTATUS_BITS, pmpAddress, pmpConfig, some, tdata1 } from './random-csrs.ts';
import {
  chance,
  dataValue,
  goodAddress,
  pageOffset,
  pick,
  POINTER,
  random64,
  RESULT,
  SUMS,
  value,
  VALUE,
  type Random,
} from './random-draw.ts';
import {
  DATA_PAGES,
  DATA_PAGES_COUNT,
  NEXT_LEVEL,
  PTE,
  pte,
  SATPS,
  SLOTS,
  TDATA,
  USER_OFFSET,
  type Block,
  type Slot,
  type Unit,
} from './random-harness.ts';

const NOWHERE = [
  0x0500_0000n,
  0n,
  -8n,
  1n << 38n,
  1n << 47n,
  1n << 56n,
  (-1n << 38n) - 16n,
  -1n << 38n,
  0xffff_ffff_8000_0000n,
] as const;

/** Through one of the entries, straight at the data, or into nothing. */
function anyAddress(random: Random): bigint {
  if (chance(random, 25)) return goodAddress(random);
  if (chance(random, 10)) return pick(random, NOWHERE) + BigInt(random(2) * random(16));
  const { va, level } = pick(random, SLOTS);
  // Larger pages begin at these places: the data is behind them.
  const inside = [0, 0, DATA_PAGES - 0x8000_0000, DATA_PAGES, DATA_PAGES][level]!;
  const page = level === 0 ? 0 : 4096 * random(DATA_PAGES_COUNT - 1);
  return va + BigInt(inside + page) + pageOffset(random);
}

const LOADS = ['lb', 'lbu', 'lh', 'lhu', 'lw', 'lwu', 'ld'] as const;
const STORES = ['sb', 'sh', 'sw', 'sd'] as const;
/**
 * Aligned where PMP or triggers look: QEMU asks PMP for the aligned parts of a misaligned access, and lets a trigger on
 * stores fire for a misaligned one behind it in its page.
 */
function memoryBlock(random: Random, isAligned: boolean): Block {
  const address = isAligned ? anyAddress(random) & ~7n : anyAddress(random);
  const sum = pick(random, SUMS);
  const kind = random(10);
  const text = address.toString(16);
  const point = (c: CaseWriter): CaseWriter => c.li(POINTER, address);
  if (kind < 5) {
    const name = pick(random, LOADS);
    return { name: `${name} ${text}`, write: c => add(point(c).op(name, { rd: RESULT, rs1: POINTER }), sum) };
  }
  if (kind < 9) {
    const name = pick(random, STORES);
    const stored = dataValue(random);
    return {
      name: `${name} ${text}`,
      write: c => void point(c).li(VALUE, stored).op(name, { rs1: POINTER, rs2: VALUE }),
    };
  }
  const name = pick(random, ['flw', 'fld', 'fsw', 'fsd', 'lr.w', 'lr.d']);
  return {
    name: `${name} ${text}`,
    write: c =>
      void point(c).op(
        name,
        name.startsWith('fs') ? { rs1: POINTER, rs2: 2 } : { rd: name.startsWith('fl') ? 1 : 18, rs1: POINTER },
      ),
  };
}

/**
 * At the data itself, aligned: QEMU calls the fault of an AMO a load's and lets a lone sc fail before it looks at the
 * address, so no rule may lie on that place.
 */
function atomicBlock(random: Random): Block {
  const address = goodAddress(random) & ~7n;
  const sum = pick(random, SUMS);
  const stored = dataValue(random);
  const width = pick(random, ['w', 'd']);
  const amo = pick(random, ['amoand', 'amoor', 'amoswap', 'amoxor', 'amomaxu', 'amomin']);
  if (chance(random, 50)) {
    return {
      name: `${amo}.${width} ${address.toString(16)}`,
      write: c =>
        add(
          c.li(POINTER, address).li(VALUE, stored).op(`${amo}.${width}`, { rd: RESULT, rs1: POINTER, rs2: VALUE }),
          sum,
        ),
    };
  }
  const between = pick(random, ['nothing', 'store', 'ecall', 'elsewhere']);
  return {
    name: `lr, ${between}, sc at ${address.toString(16)}`,
    write: c => {
      c.li(POINTER, address).li(VALUE, stored).op(`lr.${width}`, { rd: RESULT, rs1: POINTER });
      add(c, sum);
      if (between === 'store') c.op('sd', { rs1: POINTER, rs2: VALUE });
      if (between === 'ecall') c.op('ecall');
      if (between === 'elsewhere') c.li(POINTER, address ^ 8n);
      add(c.op(`sc.${width}`, { rd: RESULT, rs1: POINTER, rs2: VALUE }), sum);
    },
  };
}

function fenceBlock(random: Random): Block {
  const name = pick(random, ['sfence.vma', 'sinval.vma', 'sfence.w.inval', 'sfence.inval.ir', 'fence.i', 'fence']);
  const address = anyAddress(random);
  const [hasAddress, hasSpace] = [chance(random, 50), chance(random, 30)];
  return {
    name: `${name}${hasAddress ? ` ${address.toString(16)}` : ''}${hasSpace ? ', asid' : ''}`,
    write: c => {
      if (!name.endsWith('.vma')) return void c.op(name);
      c.li(POINTER, address).li(VALUE, 1);
      c.op(name, { rs1: hasAddress ? POINTER : 0, rs2: hasSpace ? VALUE : 0 });
    },
  };
}

function trapBlock(random: Random): Block {
  const words: readonly (readonly [string, (c: CaseWriter) => void])[] = [
    ['ecall', c => c.op('ecall')],
    ['ebreak', c => c.op('ebreak')],
    ['a word of ones', c => c.out.word(0xffff_ffff)],
    ['two halfwords of zeros', c => void (c.out.word(0), c.out.word(0))],
    ['c.ebreak', c => c.op('c.ebreak').op('c.nop')],
    ['fadd.s', c => c.op('fadd.s', { rd: 1, rs1: 2, rs2: 3 })],
    ['fadd.s with a reserved rounding mode', c => c.out.word(0x0020_d053)],
    ['fmv.x.d', c => add(c.op('fmv.x.d', { rd: RESULT, rs1: 1 }), X.a0)],
    ['fmv.d.x', c => c.op('fmv.d.x', { rd: 1, rs1: X.a1 })],
  ];
  const [name, write] = pick(random, words);
  return { name, write: c => void write(c) };
}

/** To what is behind it, in the mode that mstatus says; below that mode it traps twice. */
function returnBlock(random: Random): Block {
  const name = pick(random, ['mret', 'sret', 'sret'] as const);
  const csr = name === 'mret' ? CSR.mepc : CSR.sepc;
  return {
    name,
    write: c => {
      c.op('auipc', { rd: X.t0, imm: 0 }).op('addi', { rd: X.t0, rs1: X.t0, imm: 16 });
      c.op('csrrw', { rd: 0, rs1: X.t0, imm: csr }).op(name);
    },
  };
}

/**
 * Above U-mode only into nothing: on QEMU a page that runs can then be read with MPRV as M-mode may, and a user's page that
 * was read with SUM runs.
 */
function jumpBlock(random: Random, isIntoNothing: boolean): Block {
  const address = chance(random, isIntoNothing ? 0 : 70) ? anyAddress(random) & ~1n : pick(random, NOWHERE);
  return {
    name: `jump to ${address.toString(16)}`,
    write: c => void c.li(POINTER, address).op('jalr', { rd: 1, rs1: POINTER }),
  };
}

/**
 * An entry for a slot, mostly a leaf at the data. What leads on leads to a table that is there, for QEMU says page fault of
 * one that is not, and to one that no body writes.
 */
function anyEntry(random: Random, { level }: Slot): bigint {
  if (level === 1 && chance(random, 15)) return NEXT_LEVEL | BigInt(random(256) & 0xf1);
  const base = [DATA_PAGES + 4096 * random(DATA_PAGES_COUNT), DATA_PAGES, 0x8000_0000, 0, 0][level]!;
  const skew = level > 0 && chance(random, 10) ? 4096 : 0;
  const flags = chance(random, 75) ? PTE.V | BigInt(random(256)) : PTE.V | PTE.R | PTE.W | BigInt(random(256));
  const high = chance(random, 5) ? 1n << BigInt(54 + random(10)) : 0n;
  const entry = chance(random, 8) ? random64(random) : pte(base + skew, flags | (BigInt(random(4)) << 8n)) | high;
  const isLeaf = (entry & (PTE.R | PTE.W | PTE.X)) !== 0n;
  return isLeaf || level === 0 ? entry : entry | PTE.R;
}
function entryBlock(random: Random, isFenced: boolean): Block {
  const slot = pick(random, SLOTS);
  return entryOf(slot, anyEntry(random, slot), isFenced);
}
const entryOf = (slot: Slot, entry: bigint, isFenced: boolean): Block => ({
  name: `entry of ${slot.va.toString(16)}: ${entry.toString(16)}`,
  write: c => {
    c.store64(slot.at, entry);
    if (isFenced) c.op('sfence.vma', { rs1: 0, rs2: 0 });
  },
});

const writeCsr = (csr: number, drawn: bigint): Block => ({
  name: `CSR ${csr.toString(16)} = ${drawn.toString(16)}`,
  write: c => void c.csr(csr, drawn),
});

function setupOf(random: Random, satp: bigint, hasRules: boolean): Block[] {
  const blocks = SLOTS.map(slot => entryOf(slot, anyEntry(random, slot), false));
  blocks.push(writeCsr(CSR.satp, satp), {
    name: 'sfence.vma',
    write: c => void c.op('sfence.vma', { rs1: 0, rs2: 0 }),
  });
  for (const csr of [CSR.mcounteren, CSR.scounteren, CSR.senvcfg, CSR.mideleg]) {
    if (chance(random, 40)) blocks.push(writeCsr(csr, value(random)));
  }
  if (chance(random, 60)) blocks.push(writeCsr(CSR.medeleg, random64(random) & DELEGABLE));
  if (chance(random, 25)) blocks.push(writeCsr(CSR.mie, pick(random, ENABLES)), writeCsr(CSR.mip, value(random)));
  if (chance(random, 20))
    blocks.push({ name: 'vectored', write: c => void c.csrSet(CSR.mtvec, 1).csrSet(CSR.stvec, 1) });
  if (!hasRules) return blocks;
  // Rules come last: they hold for M-mode too where they match a part of an access.
  for (let i = 0; i < 8; i++) if (chance(random, 60)) blocks.push(writeCsr(CSR.pmpaddr0 + i, pmpAddress(random)));
  blocks.push(writeCsr(CSR.pmpcfg0, pmpConfig(random)));
  return blocks;
}

/** Triggers on the data, or on one of the eight first instructions; t2 holds where those are. */
function armerOf(random: Random): Block {
  const [index, control, address] = [random(2), tdata1(random), goodAddress(random)];
  const ahead = chance(random, 50) ? 4 * random(8) : undefined;
  return {
    name: `trigger ${index}: ${control.toString(16)} at ${ahead === undefined ? address.toString(16) : `body + ${ahead}`}`,
    write: c => {
      c.op('addi', { rd: VALUE, rs1: X.t2, imm: ahead ?? 0 });
      if (ahead === undefined) c.li(VALUE, address);
      c.op('csrrwi', { rd: 0, imm: TDATA.select, uimm: index }).op('csrrw', { rd: 0, rs1: VALUE, imm: TDATA.two });
      c.li(VALUE, control).op('csrrw', { rd: 0, rs1: VALUE, imm: TDATA.one });
    },
  };
}

const EIGHT: Block = {
  name: 'eight instructions',
  write: c => {
    for (let i = 0; i < 8; i++) c.op('addi', { rd: X.a3, rs1: X.a3, imm: 1 });
  },
};

export function randomUnit(seed: number, index: number): Unit {
  const random = randomFrom(Math.imul(seed, 100_003) + index);
  for (let i = 0; i < 4; i++) random(2);
  const mode = pick(random, ['M', 'S', 'S', 'U', 'U'] as const) satisfies Mode;
  const satp = pick(random, [...SATPS, ...SATPS.slice(1)]);
  const hasRules = chance(random, 40);
  const isAtomic = !hasRules && (mode !== 'U' || satp === 0n) && chance(random, 30);
  const hasTriggers = !isAtomic && chance(random, 25);
  const borrows = mode === 'M' && !isAtomic && chance(random, 50);
  const returns = !borrows && !isAtomic && chance(random, 40);
  let status = some(random, [
    ...MSTATUS_BITS.filter(bit => bit !== STATUS.MIE && bit !== STATUS.FS && bit !== STATUS.FS_INITIAL),
    STATUS.FS,
    STATUS.FS_INITIAL,
  ]);
  if (borrows) status |= STATUS.MPRV;
  const body: Block[] = hasTriggers ? [EIGHT] : [];
  const length = 6 + random(14);
  while (body.length < length) {
    const dice = random(100);
    if (dice < 35) body.push(memoryBlock(random, hasRules || hasTriggers));
    else if (dice < 60 && !isAtomic) body.push(csrBlock(random, hasTriggers));
    else if (dice < 68) body.push(fenceBlock(random));
    else if (dice < 78) body.push(trapBlock(random));
    else if (dice < 84 && isAtomic) body.push(atomicBlock(random));
    else if (dice < 88 && returns) body.push(returnBlock(random));
    else if (dice < 92 && mode === 'M' && !returns && !borrows && !hasRules) body.push(entryBlock(random, true));
    else if (dice < 94 && mode === 'U') body.push({ name: 'wfi', write: c => void c.op('wfi') });
    else if (dice === 99) body.push(jumpBlock(random, mode !== 'U'));
  }
  return {
    mode,
    status,
    offset: mode === 'U' && satp !== 0n ? USER_OFFSET : 0n,
    setup: setupOf(random, satp, hasRules),
    armers: hasTriggers && chance(random, 80) ? [armerOf(random)] : [],
    body,
  };
}
