/**
 * A bare M-mode program made of cases. Each case starts from the same state, runs a few instructions in a mode, and ends
 * at its first trap (the `ecall` behind its body, if nothing else): the handlers write a row with everything that
 * software could see. The rows come out of the UART at the end, so that two machines can be compared line by line.
 */
import { viewOf } from '../../emulator/base/bytes.ts';
import { Assembly } from '../isa/random-program.ts';

/** Where `-bios FILE` is loaded. */
export const BASE = 0x8000_0000;
const DATA = 0x8040_0000;
export const ROWS = 0x8100_0000;
export const UART = 0x1000_0000;
const FINISHER = 0x0010_0000;
export const MSIP = 0x0200_0000;
export const MTIMECMP = 0x0200_4000;
export const PLIC = 0x0c00_0000;
const VECTORS = 64;
export const PAGE = 4096;

/** x27: next row; x26: address whose doubleword goes into the row, or 0. x30, x31: which vector of S and M was used. */
export const ROW = 27;
const WATCH = 26;
export const S_SLOT = 30;
export const M_SLOT = 31;
/** sstatus as the handler in S-mode found it. */
const S_STATUS = 15;
export const X = { ra: 1, s0: 8, t0: 5, t1: 6, t2: 7, s1: 9, a0: 10, a1: 11, a2: 12, a3: 13 } as const;

export const CSR = {
  ...{ sstatus: 0x100, sie: 0x104, stvec: 0x105, scounteren: 0x106, senvcfg: 0x10a, sscratch: 0x140, sepc: 0x141 },
  ...{ scause: 0x142, stval: 0x143, sip: 0x144, stimecmp: 0x14d, satp: 0x180 },
  ...{ mstatus: 0x300, misa: 0x301, medeleg: 0x302, mideleg: 0x303, mie: 0x304, mtvec: 0x305, mcounteren: 0x306 },
  ...{ menvcfg: 0x30a, mcountinhibit: 0x320, mscratch: 0x340, mepc: 0x341, mcause: 0x342, mtval: 0x343, mip: 0x344 },
  ...{ pmpcfg0: 0x3a0, pmpcfg2: 0x3a2, pmpaddr0: 0x3b0, fcsr: 3, cycle: 0xc00, time: 0xc01, instret: 0xc02 },
} as const;
export const STATUS = {
  ...{ SIE: 2n, MIE: 8n, SPIE: 0x20n, MPIE: 0x80n, SPP: 0x100n, MPP: 0x1800n, MPP_S: 0x800n, FS: 0x6000n },
  ...{ FS_INITIAL: 0x2000n, MPRV: 1n << 17n, SUM: 1n << 18n, MXR: 1n << 19n, TVM: 1n << 20n, TW: 1n << 21n },
  ...{ TSR: 1n << 22n, XLENS: 0xan << 32n },
} as const;
export type Mode = 'U' | 'S' | 'M';
export const MPP: Record<Mode, bigint> = { U: 0n, S: STATUS.MPP_S, M: STATUS.MPP };

export interface Case {
  readonly name: string;
  readonly mode: Mode;
  /** In M-mode, before. */
  readonly setup?: (c: CaseWriter) => void;
  readonly body: (c: CaseWriter) => void;
  /** The body runs this far above where it is: see `USER_CODE`. */
  readonly offset?: bigint;
  /** Bits of mstatus while the body runs, besides FS; MIE is what mret makes of MPIE. */
  readonly status?: bigint;
}

/** Fields of a row, in order. */
export const FIELDS = [
  ...['case', 'mcause', 'mepc', 'mtval', 'mstatus', 'mip', 'scause', 'sepc', 'stval', 'sstatus'],
  ...['a0', 'a1', 'a2', 'a3', 'slots', 'watched'],
] as const;
const ROW_BYTES = 8 * FIELDS.length;

export class CaseWriter {
  readonly out = new Assembly();
  /** Names of the instructions so far. */
  readonly used = new Set<string>();
  /** What lies in memory from DATA on. */
  readonly image = new Map<number, Uint8Array>();
  private free = DATA;

  get pc(): number {
    return BASE + this.out.bytes.length;
  }
  op(name: string, operands: Parameters<Assembly['insn']>[1] = {}): this {
    this.out.insn(name, operands);
    this.used.add(name);
    return this;
  }
  /** Any 64-bit constant. */
  li(rd: number, value: bigint | number): this {
    const bits = BigInt.asIntN(64, BigInt(value));
    if (bits === BigInt.asIntN(32, bits)) {
      this.out.li(rd, Number(bits));
      return this;
    }
    const low = BigInt.asIntN(12, bits);
    let rest = (bits - low) >> 12n;
    let shift = 12;
    while ((rest & 1n) === 0n) {
      rest >>= 1n;
      shift++;
    }
    this.li(rd, rest).op('slli', { rd, rs1: rd, imm: shift });
    return low === 0n ? this : this.op('addi', { rd, rs1: rd, imm: Number(low) });
  }
  csr(number: number, value: bigint | number): this {
    return this.li(X.t2, value).op('csrrw', { rd: 0, rs1: X.t2, imm: number });
  }
  csrSet(number: number, value: bigint | number): this {
    return this.li(X.t2, value).op('csrrs', { rd: 0, rs1: X.t2, imm: number });
  }
  csrClear(number: number, value: bigint | number): this {
    return this.li(X.t2, value).op('csrrc', { rd: 0, rs1: X.t2, imm: number });
  }
  store32(address: number, value: number): this {
    return this.li(X.t1, address).li(X.t2, value).op('sw', { rs1: X.t1, rs2: X.t2 });
  }
  store64(address: bigint | number, value: bigint | number): this {
    return this.li(X.t1, address).li(X.t2, value).op('sd', { rs1: X.t1, rs2: X.t2 });
  }
  /** Its doubleword goes into the row. */
  watch(address: number): this {
    return this.li(WATCH, address);
  }
  /** A page of zeros. */
  page(): number {
    this.free += PAGE;
    this.image.set(this.free - PAGE, new Uint8Array(PAGE));
    return this.free - PAGE;
  }
  poke64(pa: number, value: bigint): void {
    const page = this.image.get(pa - (pa % PAGE))!;
    viewOf(page).setBigUint64(pa % PAGE, BigInt.asUintN(64, value), true);
  }
  /** Jumps over the code that `body` writes; returns where that is. */
  aside(body: () => void): number {
    const { bytes } = this.out;
    const at = bytes.length;
    bytes.push(0, 0, 0, 0);
    const target = this.pc;
    body();
    const jump = new Assembly();
    jump.insn('jal', { rd: 0, imm: bytes.length - at });
    jump.bytes.forEach((byte, i) => (bytes[at + i] = byte));
    return target;
  }
  align(bytes: number): void {
    while (this.out.bytes.length % bytes !== 0) this.op(this.out.bytes.length % 4 === 0 ? 'addi' : 'c.nop');
  }
}

/** The image for `-bios`. @param prepare makes what all cases share */
export function privilegedProgram(cases: readonly Case[], c: CaseWriter = new CaseWriter()): Uint8Array {
  const { out } = c;
  out.bytes.push(...new Array<number>(8).fill(0)); // la t0, main; jr t0
  out.bytes.push(...new Array<number>(24).fill(0));
  c.align(256);
  const machineVectors = vectors(c, M_SLOT);
  const supervisorVectors = vectors(c, S_SLOT);
  const machineHandler = c.pc;
  writeHandler(c);
  const supervisorHandler = c.pc;
  c.op('csrrs', { rd: S_STATUS, rs1: 0, imm: CSR.sstatus }).op('ecall');
  pointVectors(c, machineVectors, machineHandler, M_SLOT);
  pointVectors(c, supervisorVectors, supervisorHandler, S_SLOT);

  const main = c.pc;
  c.li(ROW, ROWS);
  cases.forEach((one, i) => writeCase(c, one, i, machineVectors, supervisorVectors));
  writeEnd(c);

  const start = new CaseWriter();
  start.li(X.t0, main - BASE).op('auipc', { rd: X.t1, imm: 0 });
  const here = start.out.bytes.length - 4;
  start.op('add', { rd: X.t0, rs1: X.t0, rs2: X.t1 }).op('jalr', { rd: 0, rs1: X.t0, imm: -here });
  start.out.bytes.forEach((byte, i) => (out.bytes[i] = byte));
  const end = Math.max(...c.image.keys(), BASE + out.bytes.length - PAGE) + PAGE;
  if (BASE + out.bytes.length > DATA) throw new Error('too many cases: code reaches DATA');
  const image = new Uint8Array(end - BASE);
  image.set(out.bytes);
  for (const [pa, bytes] of c.image) image.set(bytes, pa - BASE);
  return image;
}

export function vectors(c: CaseWriter, slot: number): number {
  const at = c.pc;
  for (let i = 0; i < VECTORS; i++) c.op('jal', { rd: slot, imm: 0 });
  return at;
}
export function pointVectors(c: CaseWriter, at: number, handler: number, slot: number): void {
  for (let i = 0; i < VECTORS; i++) {
    const jump = new Assembly();
    jump.insn('jal', { rd: slot, imm: handler - (at + 4 * i) });
    jump.bytes.forEach((byte, k) => (c.out.bytes[at - BASE + 4 * i + k] = byte));
  }
}

/** In M-mode: the row, then the next case, whose address is in mscratch. */
function writeHandler(c: CaseWriter): void {
  const put = (word: number, register: number): void => void c.op('sd', { rs1: ROW, rs2: register, imm: 8 * word });
  c.op('csrrs', { rd: X.s1, rs1: 0, imm: CSR.mstatus });
  c.csrClear(CSR.mstatus, STATUS.MPRV);
  put(4, X.s1);
  const csrs = [CSR.mcause, CSR.mepc, CSR.mtval, undefined, CSR.mip, CSR.scause, CSR.sepc, CSR.stval];
  csrs.forEach((csr, i) => {
    if (csr === undefined) return;
    c.op('csrrs', { rd: X.t0, rs1: 0, imm: csr });
    put(1 + i, X.t0);
  });
  put(9, S_STATUS);
  [X.a0, X.a1, X.a2, X.a3].forEach((a, i) => put(10 + i, a));
  c.op('slli', { rd: X.t0, rs1: S_SLOT, imm: 32 }).op('add', { rd: X.t0, rs1: X.t0, rs2: M_SLOT });
  put(14, X.t0);
  put(15, 0);
  c.op('beq', { rs1: WATCH, rs2: 0, imm: 12 }).op('ld', { rd: X.t0, rs1: WATCH });
  put(15, X.t0);
  c.op('addi', { rd: ROW, rs1: ROW, imm: ROW_BYTES });
  c.op('csrrs', { rd: X.t0, rs1: 0, imm: CSR.mscratch }).op('jalr', { rd: 0, rs1: X.t0 });
}

function writeCase(c: CaseWriter, one: Case, index: number, machineVectors: number, supervisorVectors: number): void {
  // Every case begins like this.
  c.csr(CSR.mstatus, STATUS.FS | STATUS.XLENS);
  for (const csr of [CSR.satp, CSR.medeleg, CSR.mideleg, CSR.mie, CSR.mcounteren, CSR.scounteren, CSR.sstatus]) {
    if (csr !== CSR.sstatus) c.op('csrrw', { rd: 0, rs1: 0, imm: csr });
  }
  c.csr(CSR.menvcfg, -(1n << 63n))
    .csr(CSR.stimecmp, -1)
    .op('csrrw', { rd: 0, rs1: 0, imm: CSR.menvcfg });
  c.op('csrrw', { rd: 0, rs1: 0, imm: CSR.mip });
  for (const csr of [CSR.scause, CSR.sepc, CSR.stval, CSR.mtval, CSR.pmpcfg0]) {
    c.op('csrrw', { rd: 0, rs1: 0, imm: csr });
  }
  c.csr(CSR.pmpaddr0 + 15, -1).csr(CSR.pmpcfg2, 0x1fn << 56n);
  c.csr(CSR.mtvec, machineVectors).csr(CSR.stvec, supervisorVectors);
  c.store32(MSIP, 0)
    .store64(MTIMECMP, -1)
    .store32(PLIC + 0x2000, 0);
  c.store32(PLIC + 0x20_0000, 0); // QEMU's PLIC looks at the enables when the threshold is written
  c.li(X.t1, UART).op('sb', { rs1: X.t1, rs2: 0, imm: 1 });
  c.op('sfence.vma', { rs1: 0, rs2: 0 }).li(WATCH, 0);
  one.setup?.(c);
  for (const x of [X.a0, X.a1, X.a2, X.a3, S_STATUS, S_SLOT, M_SLOT]) c.li(x, 0);
  c.li(X.t0, index).op('sd', { rs1: ROW, rs2: X.t0 });
  const status = MPP[one.mode] | (one.status ?? 0n);
  const { bytes } = c.out;
  const start = c.aside(() => {
    one.body(c);
    c.op('ecall');
    c.align(4);
  });
  // mscratch: what comes behind mret.
  c.csrClear(CSR.mstatus, STATUS.MPP).csrSet(CSR.mstatus, status);
  c.csr(CSR.mepc, BigInt(start) + (one.offset ?? 0n));
  const next = bytes.length;
  c.op('auipc', { rd: X.t0, imm: 0 }).op('addi', { rd: X.t0, rs1: X.t0, imm: 16 });
  c.op('csrrw', { rd: 0, rs1: X.t0, imm: CSR.mscratch }).op('mret');
  if (bytes.length - next !== 16) throw new Error('mscratch misses the next case');
}

export function writeEnd(c: CaseWriter): void {
  c.li(X.t0, ROWS).li(X.t1, UART);
  const at = c.pc;
  c.op('lbu', { rd: X.t2, rs1: X.t1, imm: 5 }).op('andi', { rd: X.t2, rs1: X.t2, imm: 0x20 });
  c.op('beq', { rs1: X.t2, rs2: 0, imm: -8 });
  c.op('lbu', { rd: X.t2, rs1: X.t0 }).op('sb', { rs1: X.t1, rs2: X.t2 }).op('addi', { rd: X.t0, rs1: X.t0, imm: 1 });
  c.op('bne', { rs1: X.t0, rs2: ROW, imm: at - c.pc });
  c.store32(FINISHER, 0x5555).op('jal', { rd: 0, imm: 0 });
}

export type Row = Readonly<Record<(typeof FIELDS)[number], bigint>>;

export function parseRows(bytes: Uint8Array): Row[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.length / ROW_BYTES) }, (_, row) => {
    const word = (i: number): bigint => view.getBigUint64(row * ROW_BYTES + 8 * i, true);
    return Object.fromEntries(FIELDS.map((name, i) => [name, word(i)])) as Record<(typeof FIELDS)[number], bigint>;
  });
}
