/**
 * Random privileged streams: a bare M-mode program of units. Each begins from the same CSRs, sets some up, and goes on in
 * a mode with a body that may trap often: M-mode's handler writes a row and steps over the instruction, S-mode's folds
 * what it sees into a register. The unit ends when its body does, at an interrupt, when there is no way on (a fetch that
 * failed), or when a budget of traps is used up; then a row tells what became of its page-table entries.
 */
import { viewOf } from '../../emulator/base/bytes.ts';
import { Assembly } from '../isa/random-program.ts';
import {
  BASE,
  CaseWriter,
  CSR,
  M_SLOT,
  MPP,
  MSIP,
  MTIMECMP,
  pointVectors,
  ROW,
  ROWS,
  S_SLOT,
  STATUS,
  vectors,
  writeEnd,
  X,
  type Mode,
} from './harness.ts';

/** Pieces of a unit draw everything when they are made: what they write depends on where they are alone. */
export interface Block {
  readonly name: string;
  readonly write: (c: CaseWriter) => void;
}
export interface Unit {
  readonly mode: Mode;
  /** Bits of mstatus while the body runs; MIE is what mret makes of MPIE. */
  readonly status: bigint;
  /** The body runs this far above where it is. */
  readonly offset: bigint;
  /** In M-mode, before, in this order; `armers` find mepc in t2. */
  readonly setup: readonly Block[];
  readonly armers: readonly Block[];
  readonly body: readonly Block[];
}

/** Physical addresses. */
export const DATA_PAGES = 0x8060_0000;
export const DATA_PAGES_COUNT = 8;
export const TABLES = 0x8068_0000;
const [ROOT_57, ROOT_48, ROOT_39, MIDDLE, SMALL] = [0, 1, 2, 3, 4].map(i => TABLES + 4096 * i) as [
  number,
  number,
  number,
  number,
  number,
];

/** The gigabyte of the window is the fifth; code is the third, and the seventh for U-mode. */
export const WINDOW = 0x1_0000_0000n;
export const USER_OFFSET = 0x1_0000_0000n;
export const SATPS: readonly bigint[] = [
  0n,
  ...[ROOT_39, ROOT_48, ROOT_57].map((root, i) => (BigInt(8 + i) << 60n) | BigInt(root / 4096)),
];

/** Page-table entries that units choose: where the entry is, and the first address that it maps. */
export interface Slot {
  readonly at: number;
  readonly va: bigint;
  readonly level: number;
}
const slot = (table: number, index: number, level: number, va: bigint): Slot => ({ at: table + 8 * index, va, level });
export const SLOTS: readonly Slot[] = [
  ...[0, 1, 2, 3, 4, 5].map(i => slot(SMALL, i, 0, WINDOW + BigInt(4096 * i))),
  ...[1, 2, 3].map(i => slot(MIDDLE, i, 1, WINDOW + (BigInt(i) << 21n))),
  slot(ROOT_39, 5, 2, 5n << 30n),
  slot(ROOT_48, 1, 3, 1n << 39n),
  slot(ROOT_57, 1, 4, 1n << 48n),
];
export const PTE = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, G: 32n, A: 64n, D: 128n } as const;
export const pte = (pa: number, flags: bigint): bigint => (BigInt(pa) >> 2n) | flags;
export const NEXT_LEVEL = pte(SMALL, PTE.V);

/** Registers that bodies keep off, besides those of harness.ts. */
const GIVEN_UP = 22;
const SUPERVISOR_HASH = 23;
const SUPERVISOR_TRAPS = 24;
const MACHINE_TRAPS = 25;
const UNIT = 26;
const TRAPS_MAX = 8;
const H = { cause: 14, value: 15 } as const;
const INTERRUPT_BITS_OF_H = 0x444n;
export const TDATA = { select: 0x7a0, one: 0x7a1, two: 0x7a2 } as const;
const TYPE_2 = 2n << 60n;

/** Fields of a row; the row at the end of a unit holds entries of SLOTS instead. */
export const FIELDS = [
  ...['unit', 'mcause', 'mepc', 'mtval', 'mstatus', 'mip', 'mie', 'scause', 'sepc', 'stval'],
  ...['supervisor', 'slots', 'a0', 'a1', 'a2', 'a3'],
] as const;
const ROW_BYTES = 8 * FIELDS.length;
const END_MARK = 0x80;

export interface RandomProgram {
  readonly image: Uint8Array;
  /** Where the stubs of each unit begin. */
  readonly starts: readonly number[];
}

export function randomProgram(units: readonly Unit[]): RandomProgram {
  const c = new CaseWriter();
  const { out } = c;
  for (let i = 0; i < 8; i++) out.word(0x13); // the way to main
  c.align(256);
  const machineVectors = vectors(c, M_SLOT);
  const supervisorVectors = vectors(c, S_SLOT);
  const machineHandler = c.pc;
  writeMachineHandler(c);
  const supervisorHandler = c.pc;
  writeSupervisorHandler(c);
  pointVectors(c, machineVectors, machineHandler, M_SLOT);
  pointVectors(c, supervisorVectors, supervisorHandler, S_SLOT);
  const main = c.pc;
  writeTables(c);
  c.li(ROW, ROWS).store64(MTIMECMP, -1);
  const starts = units.map((unit, i) => {
    const at = c.pc;
    writeUnit(c, unit, i, machineVectors, supervisorVectors);
    return at;
  });
  copyData(c);
  writeEnd(c);
  const start = new CaseWriter();
  start.li(X.t0, main - BASE).op('auipc', { rd: X.t1, imm: 0 });
  const here = start.out.bytes.length - 4;
  start.op('add', { rd: X.t0, rs1: X.t0, rs2: X.t1 }).op('jalr', { rd: 0, rs1: X.t0, imm: -here });
  start.out.bytes.forEach((byte, i) => (out.bytes[i] = byte));
  if (BASE + out.bytes.length > DATA_PAGES) throw new Error('too many units: code reaches the data');
  return { image: Uint8Array.from(out.bytes), starts };
}

function writeMachineHandler(c: CaseWriter): void {
  const put = (word: number, register: number): void => void c.op('sd', { rs1: ROW, rs2: register, imm: 8 * word });
  c.op('csrrs', { rd: X.s1, rs1: 0, imm: CSR.mstatus });
  c.li(X.s0, STATUS.MPRV).op('csrrc', { rd: 0, rs1: X.s0, imm: CSR.mstatus });
  c.op('add', { rd: X.s0, rs1: UNIT, rs2: MACHINE_TRAPS });
  put(0, X.s0);
  put(4, X.s1);
  const csrs = [CSR.mcause, CSR.mepc, CSR.mtval, undefined, CSR.mip, CSR.mie, CSR.scause, CSR.sepc, CSR.stval];
  csrs.forEach((csr, i) => {
    if (csr === undefined) return;
    c.op('csrrs', { rd: X.s0, rs1: 0, imm: csr });
    put(1 + i, X.s0);
  });
  put(10, SUPERVISOR_HASH);
  c.op('slli', { rd: X.s0, rs1: S_SLOT, imm: 32 }).op('add', { rd: X.s0, rs1: X.s0, rs2: M_SLOT });
  put(11, X.s0);
  [X.a0, X.a1, X.a2, X.a3].forEach((a, i) => put(12 + i, a));
  c.op('addi', { rd: ROW, rs1: ROW, imm: ROW_BYTES });
  // On with the body, or not.
  const toEnd: [at: number, name: string, rs1: number, rs2: number][] = [];
  const endIf = (name: string, rs1: number, rs2: number): void => {
    toEnd.push([c.out.bytes.length, name, rs1, rs2]);
    c.op(name, { rs1, rs2, imm: 0 });
  };
  c.op('addi', { rd: MACHINE_TRAPS, rs1: MACHINE_TRAPS, imm: -1 });
  endIf('beq', MACHINE_TRAPS, 0);
  endIf('bne', GIVEN_UP, 0);
  c.op('csrrs', { rd: X.s0, rs1: 0, imm: CSR.mcause });
  endIf('blt', X.s0, 0);
  for (const cause of [0, 1, 12]) {
    c.op('addi', { rd: H.cause, rs1: 0, imm: cause });
    endIf('beq', X.s0, H.cause);
  }
  c.op('csrrs', { rd: X.s0, rs1: 0, imm: CSR.mepc }).op('addi', { rd: X.s0, rs1: X.s0, imm: 4 });
  c.op('csrrw', { rd: 0, rs1: X.s0, imm: CSR.mepc }).op('csrrw', { rd: 0, rs1: X.s1, imm: CSR.mstatus }).op('mret');
  const end = c.out.bytes.length;
  for (const [at, name, rs1, rs2] of toEnd) {
    const branch = new Assembly();
    branch.insn(name, { rs1, rs2, imm: end - at });
    branch.bytes.forEach((byte, i) => (c.out.bytes[at + i] = byte));
  }
  // A rule for a part of a doubleword forbids the whole, in M-mode too.
  c.op('csrrw', { rd: 0, rs1: 0, imm: CSR.pmpcfg0 });
  c.op('addi', { rd: X.s0, rs1: UNIT, imm: END_MARK });
  put(0, X.s0);
  SLOTS.forEach(({ at }, i) => {
    c.li(X.s0, at).op('ld', { rd: X.s0, rs1: X.s0 });
    put(1 + i, X.s0);
  });
  c.op('addi', { rd: ROW, rs1: ROW, imm: ROW_BYTES });
  c.op('csrrs', { rd: X.s0, rs1: 0, imm: CSR.mscratch }).op('jalr', { rd: 0, rs1: X.s0 });
}

/** Without memory, which may not be there: hash = 31 hash + what it finds. */
function writeSupervisorHandler(c: CaseWriter): void {
  const fold = (csr: number, rd: number): void => {
    c.op('slli', { rd: H.value, rs1: SUPERVISOR_HASH, imm: 5 });
    c.op('sub', { rd: SUPERVISOR_HASH, rs1: H.value, rs2: SUPERVISOR_HASH });
    c.op('csrrs', { rd, rs1: 0, imm: csr });
    c.op('add', { rd: SUPERVISOR_HASH, rs1: SUPERVISOR_HASH, rs2: rd });
  };
  c.op('addi', { rd: SUPERVISOR_TRAPS, rs1: SUPERVISOR_TRAPS, imm: -1 });
  fold(CSR.scause, H.cause);
  fold(CSR.stval, H.value);
  fold(CSR.sstatus, H.value);
  fold(CSR.sepc, H.value);
  const rest = 4 * 3;
  c.op('blt', { rs1: H.cause, rs2: 0, imm: 4 + 4 + rest }).op('blt', { rs1: SUPERVISOR_TRAPS, rs2: 0, imm: 4 + rest });
  c.op('addi', { rd: H.value, rs1: H.value, imm: 4 }).op('csrrw', { rd: 0, rs1: H.value, imm: CSR.sepc }).op('sret');
  c.op('addi', { rd: GIVEN_UP, rs1: 0, imm: 1 }).op('ecall');
}

/** What stays: the way to the window and to the code. */
function writeTables(c: CaseWriter): void {
  const USUAL = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;
  c.store64(ROOT_57, pte(ROOT_48, PTE.V));
  c.store64(ROOT_48, pte(ROOT_39, PTE.V));
  c.store64(ROOT_39 + 8 * 2, pte(BASE, USUAL));
  c.store64(ROOT_39 + 8 * 6, pte(BASE, USUAL | PTE.U));
  c.store64(ROOT_39 + 8 * 4, pte(MIDDLE, PTE.V));
  c.store64(MIDDLE, NEXT_LEVEL);
}

function writeUnit(c: CaseWriter, unit: Unit, index: number, machineVectors: number, supervisorVectors: number): void {
  writeReset(c, machineVectors, supervisorVectors);
  for (const { write } of unit.setup) write(c);
  for (const x of [X.a0, X.a1, X.a2, X.a3, S_SLOT, M_SLOT, GIVEN_UP, SUPERVISOR_HASH]) c.li(x, 0);
  for (let x = 16; x < 22; x++) c.li(x, x);
  for (const x of [28, 29]) c.li(x, x);
  c.li(SUPERVISOR_TRAPS, TRAPS_MAX)
    .li(MACHINE_TRAPS, TRAPS_MAX)
    .li(UNIT, index * 256);
  const start = c.aside(() => {
    for (const { write } of unit.body) write(c);
    c.op('addi', { rd: GIVEN_UP, rs1: 0, imm: 1 }).op('ecall');
    c.align(4);
  });
  const { bytes } = c.out;
  c.csrClear(CSR.mstatus, STATUS.MPP | STATUS.FS).csrSet(CSR.mstatus, MPP[unit.mode] | unit.status);
  // mscratch: what comes behind mret. Its place is known when the rest is.
  const hole = bytes.length;
  for (let i = 0; i < 3; i++) c.op('addi');
  c.csr(CSR.mepc, BigInt(start) + unit.offset);
  for (const { write } of unit.armers) write(c);
  c.op('mret');
  const patch = new CaseWriter();
  patch.op('auipc', { rd: X.t0, imm: 0 }).op('addi', { rd: X.t0, rs1: X.t0, imm: bytes.length - hole });
  patch.op('csrrw', { rd: 0, rs1: X.t0, imm: CSR.mscratch });
  patch.out.bytes.forEach((byte, i) => (bytes[hole + i] = byte));
}

function writeReset(c: CaseWriter, machineVectors: number, supervisorVectors: number): void {
  c.csr(CSR.mstatus, STATUS.FS | STATUS.XLENS);
  c.csr(CSR.menvcfg, -(1n << 63n)).csr(CSR.stimecmp, -1);
  const zeros = [
    CSR.satp,
    CSR.medeleg,
    CSR.mideleg,
    CSR.mie,
    CSR.mcounteren,
    CSR.scounteren,
    CSR.menvcfg,
    CSR.mip,
    CSR.senvcfg,
  ];
  zeros.push(
    CSR.scause,
    CSR.sepc,
    CSR.stval,
    CSR.mtval,
    CSR.mcause,
    CSR.sscratch,
    CSR.mcountinhibit,
    CSR.fcsr,
    CSR.pmpcfg0,
  );
  for (const csr of zeros) c.op('csrrw', { rd: 0, rs1: 0, imm: csr });
  // A range that ends at 0 is everything on QEMU 7.2.
  for (let i = 0; i < 8; i++) c.op('csrrwi', { rd: 0, uimm: 1, imm: CSR.pmpaddr0 + i });
  c.csr(CSR.pmpaddr0 + 15, -1).csr(CSR.pmpcfg2, 0x1fn << 56n);
  disarm(c);
  c.csr(CSR.mtvec, machineVectors).csr(CSR.stvec, supervisorVectors);
  c.store32(MSIP, 0);
  c.op('sfence.vma', { rs1: 0, rs2: 0 });
}

function disarm(c: CaseWriter): void {
  for (const index of [1, 0]) {
    c.csr(TDATA.select, index).csr(TDATA.one, TYPE_2).op('csrrw', { rd: 0, rs1: 0, imm: TDATA.two });
  }
}

/** What bodies stored, as rows. */
function copyData(c: CaseWriter): void {
  disarm(c);
  c.li(X.t0, DATA_PAGES).li(X.t1, DATA_PAGES + 4096 * DATA_PAGES_COUNT);
  c.op('ld', { rd: X.t2, rs1: X.t0 }).op('sd', { rs1: ROW, rs2: X.t2 });
  c.op('addi', { rd: X.t0, rs1: X.t0, imm: 8 }).op('addi', { rd: ROW, rs1: ROW, imm: 8 });
  c.op('bne', { rs1: X.t0, rs2: X.t1, imm: -16 });
}

/** QEMU says of a misaligned load that nothing answers where its aligned first part would be. */
const LOAD_ACCESS = 5n;
/** What of a row is not compared: that, and bits that QEMU keeps for H with H off. */
function ignored(field: (typeof FIELDS)[number], mcause: bigint): bigint {
  if (field === 'mip' || field === 'mie') return INTERRUPT_BITS_OF_H;
  return field === 'mtval' && mcause === LOAD_ACCESS ? 7n : 0n;
}

/** The rows of each unit as texts, and the data behind them as the last. */
export function parseUnits(bytes: Uint8Array, units: number): string[][] {
  const view = viewOf(bytes);
  const rows: string[][] = Array.from({ length: units + 1 }, () => []);
  const end = bytes.length - 4096 * DATA_PAGES_COUNT;
  for (let at = 0; at + ROW_BYTES <= end; at += ROW_BYTES) {
    const words = FIELDS.map((_, i) => view.getBigUint64(at + 8 * i, true));
    const isEnd = (words[0]! & BigInt(END_MARK)) !== 0n;
    const text = isEnd
      ? `entries ${words
          .slice(1, 1 + SLOTS.length)
          .map(word => word.toString(16))
          .join(' ')}`
      : FIELDS.slice(1)
          .map((name, i) => `${name} ${(words[i + 1]! & ~ignored(name, words[1]!)).toString(16)}`)
          .join(', ');
    rows[Math.min(units, Number(words[0]! >> 8n))]!.push(text);
  }
  for (let at = Math.max(0, end); at + 8 <= bytes.length; at += 8) {
    const word = view.getBigUint64(at, true);
    if (word !== 0n) rows[units]!.push(`data ${(at - end).toString(16)}: ${word.toString(16)}`);
  }
  return rows;
}
