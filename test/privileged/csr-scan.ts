/**
 * A bare M-mode program that tries every CSR number in every mode: what reading gives, and what is read back after all
 * ones, zeros and each single bit were written. It prints a row for every access that is not the plain illegal
 * instruction, so that two machines can be compared line by line.
 */
import { Assembly } from '../isa/random-program.ts';
import { viewOf } from '../../emulator/base/bytes.ts';
import { CSR_NAMES } from '../../emulator/isa/csr-names.ts';

/** Where `-bios FILE` is loaded; stubs and rows are behind the program. */
const BASE = 0x8000_0000;
const READ_STUBS = 0x8001_0000;
const WRITE_STUBS = 0x8002_0000;
const ROWS = 0x8010_0000;
const UART = 0x1000_0000;
const FINISHER = 0x0010_0000;
const MTIMECMP = 0x0200_4000;
const CSRS = 4096;
const ROW_WORDS = 8;
const ROW_BYTES = 8 * ROW_WORDS;

const X = { ra: 1, t0: 5, t1: 6, t2: 7, s0: 8, s1: 9, a0: 10, a1: 11, a2: 12, s2: 18, s3: 19, s4: 20, s5: 21, s6: 22 };
/** More of the callee's own: link, mstatus of the setup, next row, setup number, csr, mode, link of `exec`. */
const S = { link: 23, status: 24, row: 25, setup: 26, csr: 27, mode: 14, execLink: 15, cause: 28, tval: 29, limit: 30 };
const MSTATUS = 0x300;
const MPP = 0x1800;
const FS = 0x6000;
/** Numbers 3a0…3bf, by their upper bits. */
const PMP_CSRS = 0x3a0 >> 5;
/** TVM, TW and TSR. */
const TRAPS = 0x70_0000;

/** State in which all CSRs are tried; each begins where the one before ended. */
const SETUPS: readonly { readonly name: string; readonly writes: readonly (readonly [number, number])[] }[] = [
  {
    // Without a PMP rule, mret to a lower mode is an illegal instruction in QEMU 7.2.
    name: 'after reset',
    writes: [
      [0x3bf, -1],
      [0x3a2, 2 ** 60 + 15 * 2 ** 56],
    ],
  },
  {
    name: 'all open',
    writes: [
      [MSTATUS, FS],
      [0x306, -1],
      [0x106, -1],
      [0x30a, -1],
      [0x10a, -1],
    ],
  },
  { name: 'TVM, TW and TSR', writes: [[MSTATUS, FS | TRAPS]] },
  {
    name: 'mcounteren without time',
    writes: [
      [MSTATUS, 0x2000],
      [0x306, 0x55],
    ],
  },
  {
    name: 'delegated, scounteren 0',
    writes: [
      [0x303, -1],
      [0x306, -1],
      [0x106, 0],
      [0x30a, 0],
    ],
  },
  { name: 'counters inhibited', writes: [[0x320, -1]] },
  {
    name: 'physical memory protected',
    // Entry 15 still opens everything; 2 is locked as a range, 5 is locked and off.
    writes: [
      [0x3b2, 0x2400_0000],
      [0x3b5, 0x1234],
      [0x3a0, 0x8000_8f00_0000],
    ],
  },
];

/** Without PMP, what the setups write to it is left out. */
export function csrScanProgram(hasPmp = true): Uint8Array {
  const out = new Assembly();
  const at = (): number => out.bytes.length;
  const jumpTo = (target: number, rd = 0): void => out.insn('jal', { rd, imm: target - at() });

  // Behind a jump: the handler, `exec` and `scan`.
  const start = at();
  out.word(0);
  out.word(0);
  const handler = at();
  out.insn('csrrs', { rd: S.cause, imm: 0x342 });
  out.insn('csrrs', { rd: S.tval, imm: 0x343 });
  out.insn('csrrw', { rs1: 0, imm: 0x180 });
  out.insn('csrrw', { rs1: S.status, imm: MSTATUS });
  out.insn('jalr', { rs1: S.execLink });

  /** exec: t0 stub, mode, a1 → a0, a2, cause, tval. Link in execLink. */
  const exec = at();
  out.insn('csrrw', { rs1: X.t0, imm: 0x341 });
  out.li(X.t2, MPP);
  out.insn('csrrc', { rs1: X.t2, imm: MSTATUS });
  out.insn('slli', { rd: X.t1, rs1: S.mode, imm: 11 });
  out.insn('csrrs', { rs1: X.t1, imm: MSTATUS });
  out.insn('addi', { rd: X.a0, imm: 0 });
  out.insn('addi', { rd: X.a2, imm: 0 });
  out.insn('mret', {});

  const store = (word: number, register: number): void => out.insn('sd', { rs1: S.row, rs2: register, imm: 8 * word });
  const branchOver = (name: string, rs1: number, rs2: number, body: () => void): void => {
    const branch = at();
    out.word(0x13);
    out.word(0x13);
    body();
    const end = at();
    const patch = new Assembly();
    // The opposite condition jumps far: bodies are longer than a branch reaches in no case here.
    patch.insn(name, { rs1, rs2, imm: end - branch });
    patch.bytes.forEach((byte, i) => (out.bytes[branch + i] = byte));
  };

  /** scan: csr, mode → maybe a row. Link in `link`. */
  const scan = at();
  out.la(X.t0, READ_STUBS);
  out.insn('slli', { rd: X.t1, rs1: S.csr, imm: 3 });
  out.insn('add', { rd: X.t0, rs1: X.t0, rs2: X.t1 });
  out.insn('addi', { rd: X.s0, rs1: X.t0, imm: 0 });
  jumpTo(exec, S.execLink);
  // An illegal instruction whose bits are in tval: nothing to tell.
  out.insn('addi', { rd: X.t1, imm: 2 });
  branchOver('bne', S.cause, X.t1, () => {
    out.insn('lwu', { rd: X.t2, rs1: X.s0, imm: 0 });
    branchOver('bne', S.tval, X.t2, () => out.insn('jalr', { rs1: S.link }));
  });
  for (let word = 0; word < ROW_WORDS; word++) store(word, 0);
  out.insn('slli', { rd: X.t1, rs1: S.setup, imm: 8 });
  out.insn('or', { rd: X.t1, rs1: X.t1, rs2: S.mode });
  out.insn('slli', { rd: X.t1, rs1: X.t1, imm: 16 });
  out.insn('or', { rd: X.t1, rs1: X.t1, rs2: S.csr });
  store(0, X.t1);
  store(1, S.cause);
  store(2, X.a0);
  out.insn('addi', { rd: X.t1, imm: 2 });
  branchOver('bne', S.cause, X.t1, () => store(2, S.tval));
  out.insn('addi', { rd: S.row, rs1: S.row, imm: ROW_BYTES });
  // Writes: s1 stub, s2 mask of what may be written.
  out.la(X.s1, WRITE_STUBS);
  out.insn('slli', { rd: X.t1, rs1: S.csr, imm: 4 });
  out.insn('add', { rd: X.s1, rs1: X.s1, rs2: X.t1 });
  out.insn('addi', { rd: X.s2, imm: -1 });
  out.insn('srli', { rd: X.t1, rs1: S.csr, imm: 4 });
  out.insn('addi', { rd: X.t2, imm: 0x3a });
  branchOver('bne', X.t1, X.t2, () => {
    // Never the lock bits of pmpcfg.
    out.li(X.s2, 0x7f7f_7f7f);
    out.insn('slli', { rd: X.t1, rs1: X.s2, imm: 32 });
    out.insn('or', { rd: X.s2, rs1: X.s2, rs2: X.t1 });
  });
  out.insn('addi', { rd: X.t2, imm: 0x7a1 });
  branchOver('bne', S.csr, X.t2, () => {
    // QEMU 7.2 aborts when tdata1 is given type 1 or 8: bits 60 and 63 stay 0.
    out.insn('addi', { rd: X.t1, imm: 9 });
    out.insn('slli', { rd: X.t1, rs1: X.t1, imm: 60 });
    out.insn('xori', { rd: X.s2, rs1: X.t1, imm: -1 });
  });
  const tryWrite = (): void => {
    out.insn('addi', { rd: X.t0, rs1: X.s1, imm: 0 });
    jumpTo(exec, S.execLink);
  };
  out.insn('addi', { rd: X.a1, rs1: X.s2, imm: 0 });
  tryWrite();
  store(3 - ROW_WORDS, S.cause);
  store(4 - ROW_WORDS, X.a2);
  out.insn('addi', { rd: X.t1, imm: 2 });
  branchOver('bne', S.cause, X.t1, () => out.insn('jalr', { rs1: S.link }));
  out.insn('addi', { rd: X.a1, imm: 0 });
  tryWrite();
  store(5 - ROW_WORDS, X.a2);
  // s3 bit, s4 what stays, s5 what else comes.
  out.insn('addi', { rd: X.s3, imm: 1 });
  out.insn('addi', { rd: X.s4, imm: 0 });
  out.insn('addi', { rd: X.s5, imm: 0 });
  const walk = at();
  out.insn('and', { rd: X.a1, rs1: X.s3, rs2: X.s2 });
  tryWrite();
  out.insn('and', { rd: X.t1, rs1: X.a2, rs2: X.s3 });
  out.insn('or', { rd: X.s4, rs1: X.s4, rs2: X.t1 });
  out.insn('xori', { rd: X.t1, rs1: X.s3, imm: -1 });
  out.insn('and', { rd: X.t1, rs1: X.a2, rs2: X.t1 });
  out.insn('or', { rd: X.s5, rs1: X.s5, rs2: X.t1 });
  out.insn('slli', { rd: X.s3, rs1: X.s3, imm: 1 });
  out.insn('bne', { rs1: X.s3, rs2: 0, imm: walk - at() });
  store(6 - ROW_WORDS, X.s4);
  store(7 - ROW_WORDS, X.s5);
  out.insn('jalr', { rs1: S.link });

  const main = at();
  out.la(X.t0, MTIMECMP);
  out.insn('addi', { rd: X.t1, imm: -1 });
  out.insn('sd', { rs1: X.t0, rs2: X.t1, imm: 0 });
  out.la(X.t0, BASE + handler);
  out.insn('csrrw', { rs1: X.t0, imm: 0x305 });
  out.la(S.row, ROWS);
  SETUPS.forEach(({ writes }, setup) => {
    for (const [csr, value] of writes) {
      if (!hasPmp && csr >> 5 === PMP_CSRS) continue;
      load64(out, X.t0, value);
      out.insn('csrrw', { rs1: X.t0, imm: csr });
    }
    out.insn('csrrs', { rd: S.status, imm: MSTATUS });
    out.li(S.setup, setup);
    for (const mode of [3, 1, 0]) {
      out.li(S.mode, mode);
      out.li(S.csr, 0);
      out.li(S.limit, CSRS);
      const loop = at();
      jumpTo(scan, S.link);
      out.insn('addi', { rd: S.csr, rs1: S.csr, imm: 1 });
      out.insn('bne', { rs1: S.csr, rs2: S.limit, imm: loop - at() });
    }
  });
  // The rows, byte by byte.
  out.la(X.s0, ROWS);
  out.la(X.s1, UART);
  const print = at();
  const poll = at();
  out.insn('lbu', { rd: X.t0, rs1: X.s1, imm: 5 });
  out.insn('andi', { rd: X.t0, rs1: X.t0, imm: 0x20 });
  out.insn('beq', { rs1: X.t0, imm: poll - at() });
  out.insn('lbu', { rd: X.t0, rs1: X.s0, imm: 0 });
  out.insn('sb', { rs1: X.s1, rs2: X.t0, imm: 0 });
  out.insn('addi', { rd: X.s0, rs1: X.s0, imm: 1 });
  out.insn('bne', { rs1: X.s0, rs2: S.row, imm: print - at() });
  out.la(X.t0, FINISHER);
  out.li(X.t1, 0x5555);
  out.insn('sw', { rs1: X.t0, rs2: X.t1, imm: 0 });
  jumpTo(at());

  const image = new Uint8Array(WRITE_STUBS - BASE + 16 * CSRS);
  image.set(out.bytes);
  const first = new Assembly();
  first.insn('jal', { imm: main - start });
  image.set(first.bytes);
  for (let csr = 0; csr < CSRS; csr++) {
    const read = new Assembly();
    read.insn('csrrs', { rd: X.a0, rs1: 0, imm: csr });
    read.insn('ecall', {});
    image.set(read.bytes, READ_STUBS - BASE + 8 * csr);
    const write = new Assembly();
    write.insn('csrrw', { rd: X.a0, rs1: X.a1, imm: csr });
    write.insn('csrrs', { rd: X.a2, rs1: 0, imm: csr });
    write.insn('csrrw', { rd: 0, rs1: X.a0, imm: csr });
    write.insn('ecall', {});
    image.set(write.bytes, WRITE_STUBS - BASE + 16 * csr);
  }
  return image;
}

/** Any 64-bit constant, from 16-bit pieces. */
function load64(out: Assembly, rd: number, value: number): void {
  const bits = BigInt.asUintN(64, BigInt(value));
  out.insn('addi', { rd, imm: 0 });
  for (let piece = 5; piece >= 0; piece--) {
    out.insn('slli', { rd, rs1: rd, imm: 11 });
    out.insn('ori', { rd, rs1: rd, imm: Number((bits >> BigInt(11 * piece)) & 0x7ffn) & 0x7ff });
  }
}

export interface ScanRow {
  readonly setup: number;
  readonly mode: number;
  readonly csr: number;
  readonly fields: Readonly<Record<(typeof FIELDS)[number], bigint>>;
}
export const FIELDS = ['readCause', 'value', 'writeCause', 'ones', 'zeros', 'single', 'others'] as const;

export function parseScan(bytes: Uint8Array): ScanRow[] {
  const view = viewOf(bytes);
  const rows: ScanRow[] = [];
  for (let row = 0; row + ROW_BYTES <= bytes.length; row += ROW_BYTES) {
    const key = view.getUint32(row, true);
    const fields = Object.fromEntries(
      FIELDS.map((name, i) => [name, view.getBigUint64(row + 8 * (i + 1), true)]),
    ) as Record<(typeof FIELDS)[number], bigint>;
    rows.push({ setup: key >>> 24, mode: (key >>> 16) & 3, csr: key & 0xfff, fields });
  }
  return rows;
}

const MODES = ['U', 'S', '?', 'M'];
export function keyOf({ setup, mode, csr }: ScanRow): string {
  const name = CSR_NAMES.get(csr) ?? '';
  return `${SETUPS[setup]?.name}: ${MODES[mode]} ${csr.toString(16).padStart(3, '0')} ${name}`;
}
