/** CSR accesses of random privileged streams: what is drawn for each number, and what is kept off because QEMU 7.2 differs. */
import { CSR, STATUS, X, type CaseWriter } from './harness.ts';
import { DATA_PAGES, DATA_PAGES_COUNT, SATPS, TDATA, type Block } from './random-harness.ts';
import { chance, goodAddress, pick, random64, RESULT, SUMS, value, type Random } from './random-draw.ts';

const FETCHES_AND_ECALL = (1n << 0n) | (1n << 1n) | (1n << 9n) | (1n << 12n);
/**
 * medeleg: what lets S-mode loop for ever stays with M-mode, so do load access faults, whose tval is not QEMU's; and QEMU
 * keeps H's exceptions with H off.
 */
export const DELEGABLE = 0xffffn & ~FETCHES_AND_ECALL & ~0x420n;
/** One enabled interrupt at a time: of several, QEMU takes the one with the lowest number. */
export const ENABLES = [0n, 1n << 1n, 1n << 3n, 1n << 5n, 1n << 9n, 1n << 13n] as const;
const SSTATUS_BITS = [
  STATUS.SIE,
  STATUS.SPIE,
  STATUS.SPP,
  STATUS.FS,
  STATUS.FS_INITIAL,
  STATUS.SUM,
  STATUS.MXR,
] as const;
/** Not MPP's reserved 2, and MPRV only where nothing returns to a lower mode, which leaves it set on QEMU. */
export const MSTATUS_BITS = [...SSTATUS_BITS, STATUS.MPIE, STATUS.MIE, STATUS.TVM, STATUS.TW, STATUS.TSR] as const;

type Operation = 'csrrw' | 'csrrs' | 'csrrc';
interface CsrRule {
  readonly csr: number;
  readonly draw: (random: Random) => bigint;
  readonly operations?: readonly Operation[];
  /** Of what is read, the bits that are compared. */
  readonly seen?: bigint;
}
const ANY: readonly Operation[] = ['csrrw', 'csrrs', 'csrrc'];
const SET_OR_CLEAR: readonly Operation[] = ['csrrs', 'csrrc'];
const WRITE: readonly Operation[] = ['csrrw'];
export const some = (random: Random, bits: readonly bigint[]): bigint =>
  bits.reduce((sum, bit) => (chance(random, 30) ? sum | bit : sum), 0n);
/** Without STCE: what was written to STIP before stays on QEMU when it becomes the timer's. */
const environment = (random: Random): bigint => value(random) & ~(1n << 63n);
const even = (random: Random): bigint => value(random) & ~1n;
const H_INTERRUPTS = 0x1444n;

/** An entry's address: a piece of the data, of the page tables, of much, or of everything. */
export function pmpAddress(random: Random): bigint {
  const base = BigInt(DATA_PAGES + 4096 * random(DATA_PAGES_COUNT) + 8 * random(512)) >> 2n;
  const kind = random(8);
  if (kind < 4) return base | ((1n << BigInt(random(12))) - 1n);
  if (kind < 6) return (BigInt(DATA_PAGES + 4096 * random(0x90)) >> 2n) | ((1n << BigInt(random(4))) - 1n);
  return kind === 6 ? base : (random64(random) >> 10n) | 1n;
}
/** QEMU keeps the bits above. */
const PMP_ADDRESS = (1n << 54n) - 1n;
/** Without locks, which stay, and without reserved bits, which QEMU keeps. */
export function pmpConfig(random: Random): bigint {
  let sum = 0n;
  for (let i = 0; i < 8; i++) if (chance(random, 35)) sum |= BigInt(random(32)) << BigInt(8 * i);
  return sum;
}
/** Types that QEMU 7.2 does not abort at; accesses and modes as they come. */
export function tdata1(random: Random): bigint {
  return (pick(random, [2n, 6n]) << 60n) | (random64(random) & 0x7f_ffffn);
}
/** Mostly one that works; else any mode, but with a root that is there. */
const anySatp = (random: Random): bigint =>
  chance(random, 85)
    ? pick(random, SATPS) | (BigInt(random(3)) << 44n)
    : pick(random, SATPS.slice(1)) | (BigInt(random(16)) << 60n);

const CSR_RULES: readonly CsrRule[] = [
  { csr: CSR.sstatus, draw: r => some(r, SSTATUS_BITS), operations: SET_OR_CLEAR },
  { csr: CSR.mstatus, draw: r => some(r, MSTATUS_BITS), operations: SET_OR_CLEAR },
  { csr: CSR.mstatus, draw: r => pick(r, [STATUS.MPP, STATUS.MPP_S]), operations: ['csrrs'] },
  { csr: CSR.mstatus, draw: () => STATUS.MPP, operations: ['csrrc'] },
  { csr: CSR.sie, draw: r => pick(r, ENABLES), operations: WRITE },
  { csr: CSR.mie, draw: r => pick(r, ENABLES), operations: WRITE, seen: ~H_INTERRUPTS },
  { csr: CSR.sip, draw: value, operations: ANY },
  { csr: CSR.mip, draw: value, operations: ANY, seen: ~H_INTERRUPTS },
  { csr: CSR.medeleg, draw: r => value(r) & DELEGABLE, operations: WRITE, seen: ~0xf0_0400n },
  { csr: CSR.mideleg, draw: value, operations: ANY, seen: ~H_INTERRUPTS },
  { csr: CSR.satp, draw: anySatp, operations: WRITE },
  ...[CSR.scounteren, CSR.mcounteren, CSR.senvcfg, CSR.sscratch, CSR.scause, CSR.stval].map(csr => ({
    csr,
    draw: value,
  })),
  ...[CSR.mcause, CSR.mcountinhibit, CSR.misa].map(csr => ({ csr, draw: value })),
  // Setting and clearing nothing leaves FS alone on QEMU.
  ...[1, 2, CSR.fcsr].map(csr => ({ csr, draw: (r: Random) => value(r) | 32n })),
  { csr: CSR.mtval, draw: value, seen: ~7n },
  { csr: CSR.menvcfg, draw: environment, operations: WRITE },
  // Bit 0 can be set on QEMU.
  ...[CSR.sepc, CSR.mepc].map(csr => ({ csr, draw: even })),
  { csr: CSR.pmpcfg0, draw: pmpConfig, operations: WRITE },
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(i => ({ csr: CSR.pmpaddr0 + i, draw: pmpAddress, operations: WRITE })),
];
const TRIGGER_RULES: readonly CsrRule[] = [
  { csr: TDATA.select, draw: r => BigInt(r(3)), operations: WRITE },
  { csr: TDATA.one, draw: tdata1, operations: WRITE },
  { csr: TDATA.two, draw: r => goodAddress(r), operations: WRITE },
];
/** Numbers whose value is not the same twice, or QEMU's own: read, and not compared. */
const isVague = (csr: number): boolean =>
  (csr >= 0xb00 && csr < 0xb20) || (csr >= 0xc00 && csr < 0xc20) || csr === 0xf12 || csr === 0xf13;
/** vstimecmp, with H off. */
const isLeftOut = (csr: number): boolean => csr === 0x24d;

export const add = (c: CaseWriter, sum: number, from: number = RESULT): void =>
  void c.op('add', { rd: sum, rs1: sum, rs2: from });

const isPmpAddress = (csr: number): boolean => csr >= CSR.pmpaddr0 && csr < CSR.pmpaddr0 + 8;
/** QEMU 7.2 works out a range when its own entry is written, not when its start is. */
function touch(c: CaseWriter, csr: number): void {
  c.op('csrrs', { rd: X.t2, rs1: 0, imm: csr }).op('csrrw', { rd: 0, rs1: X.t2, imm: csr });
}

export function csrBlock(random: Random, hasTriggers: boolean): Block {
  const sum = pick(random, SUMS);
  if (chance(random, 25)) {
    const csr = random(4096);
    const seen =
      csr >= CSR.pmpaddr0 && csr < CSR.pmpaddr0 + 16
        ? PMP_ADDRESS
        : (CSR_RULES.find(rule => rule.csr === csr)?.seen ?? -1n);
    if (isLeftOut(csr)) return csrBlock(random, hasTriggers);
    return {
      name: `read CSR ${csr.toString(16)}`,
      write: c => {
        c.op('csrrs', { rd: RESULT, rs1: 0, imm: csr });
        if (isVague(csr)) c.li(RESULT, 1);
        else if (seen !== -1n) c.li(X.t2, seen).op('and', { rd: RESULT, rs1: RESULT, rs2: X.t2 });
        add(c, sum);
      },
    };
  }
  const {
    csr,
    draw,
    operations = ANY,
    seen = -1n,
  } = pick(random, hasTriggers ? [...CSR_RULES, ...TRIGGER_RULES] : CSR_RULES);
  const operation = pick(random, operations);
  const drawn = draw(random);
  return {
    name: `${operation} CSR ${csr.toString(16)}, ${drawn.toString(16)}`,
    write: c => {
      c.li(X.t2, drawn).op(operation, { rd: RESULT, rs1: X.t2, imm: csr });
      if (isPmpAddress(csr)) touch(c, csr + 1);
      if (seen !== -1n) c.li(X.t2, seen).op('and', { rd: RESULT, rs1: RESULT, rs2: X.t2 });
      add(c, sum);
    },
  };
}
