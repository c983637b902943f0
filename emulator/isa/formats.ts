/**
 * Instruction formats (RISC-V unprivileged specification, chapters "RV32I", "F" and "C"): which bits are which operand.
 * A register field is a 5-bit number, a 3-bit number meaning x8…x15, or fixed. An immediate is a list of bit runs.
 */

export type RegisterField =
  | { readonly kind: 'full'; readonly at: number }
  | { readonly kind: 'popular'; readonly at: number }
  | { readonly kind: 'fixed'; readonly index: number };

/** Instruction bits hi…lo are immediate bits starting at `to`. */
export interface BitRun {
  readonly hi: number;
  readonly lo: number;
  readonly to: number;
}

export interface Immediate {
  readonly runs: readonly BitRun[];
  readonly signed: boolean;
  /** Number of immediate bits, the implied low zeros included. */
  readonly bits: number;
  /** The runs once more, for the decoder's speed: lo, mask, to of each. */
  readonly fields: Int32Array;
}

export interface Format {
  readonly length: 2 | 4;
  readonly rd?: RegisterField;
  readonly rs1?: RegisterField;
  readonly rs2?: RegisterField;
  readonly rs3?: RegisterField;
  readonly imm?: Immediate;
  /** A second, unsigned immediate: the 5 bits of csrrwi and friends. */
  readonly uimm?: Immediate;
  /** Rounding mode in bits 14…12. */
  readonly rm?: true;
  /** Acquire and release in bits 26 and 25. */
  readonly aqrl?: true;
  /** Assembly operands, in order: rd rs1 rs2 rs3 imm uimm csr rm, `imm(rs1)`, `(rs1)`, `target`, `pred succ`. */
  readonly operands: string;
}

const full = (at: number): RegisterField => ({ kind: 'full', at });
const popular = (at: number): RegisterField => ({ kind: 'popular', at });
const fixed = (index: number): RegisterField => ({ kind: 'fixed', index });
function runs(signed: boolean, ...list: readonly (readonly [hi: number, lo: number, to: number])[]): Immediate {
  const bitRuns = list.map(([hi, lo, to]) => ({ hi, lo, to }));
  return {
    signed,
    runs: bitRuns,
    bits: Math.max(...bitRuns.map(({ hi, lo, to }) => to + hi - lo + 1)),
    fields: Int32Array.from(bitRuns.flatMap(({ hi, lo, to }) => [lo, 2 ** (hi - lo + 1) - 1, to])),
  };
}

const RD = full(7);
const RS1 = full(15);
const RS2 = full(20);
const RS3 = full(27);
const ZERO = fixed(0);
const RA = fixed(1);
const SP = fixed(2);

const I_IMM = runs(true, [31, 20, 0]);
const CI_SIGNED = runs(true, [12, 12, 5], [6, 2, 0]);
const CI_SHAMT = runs(false, [12, 12, 5], [6, 2, 0]);
const C_WORD = runs(false, [12, 10, 3], [6, 6, 2], [5, 5, 6]);
const C_DOUBLE = runs(false, [12, 10, 3], [6, 5, 6]);
const C_BRANCH = runs(true, [12, 12, 8], [11, 10, 3], [6, 5, 6], [4, 3, 1], [2, 2, 5]);
const C_JUMP = runs(
  true,
  [12, 12, 11],
  [11, 11, 4],
  [10, 9, 8],
  [8, 8, 10],
  [7, 7, 6],
  [6, 6, 7],
  [5, 3, 1],
  [2, 2, 5],
);

export const FORMATS = {
  R: { length: 4, rd: RD, rs1: RS1, rs2: RS2, operands: 'rd,rs1,rs2' },
  /** One source only; the rs2 field belongs to the opcode. */
  R1: { length: 4, rd: RD, rs1: RS1, operands: 'rd,rs1' },
  I: { length: 4, rd: RD, rs1: RS1, imm: I_IMM, operands: 'rd,rs1,imm' },
  Load: { length: 4, rd: RD, rs1: RS1, imm: I_IMM, operands: 'rd,imm(rs1)' },
  Shift6: { length: 4, rd: RD, rs1: RS1, imm: runs(false, [25, 20, 0]), operands: 'rd,rs1,imm' },
  Shift5: { length: 4, rd: RD, rs1: RS1, imm: runs(false, [24, 20, 0]), operands: 'rd,rs1,imm' },
  S: { length: 4, rs1: RS1, rs2: RS2, imm: runs(true, [31, 25, 5], [11, 7, 0]), operands: 'rs2,imm(rs1)' },
  B: {
    length: 4,
    rs1: RS1,
    rs2: RS2,
    imm: runs(true, [31, 31, 12], [7, 7, 11], [30, 25, 5], [11, 8, 1]),
    operands: 'rs1,rs2,target',
  },
  U: { length: 4, rd: RD, imm: runs(true, [31, 12, 12]), operands: 'rd,imm' },
  J: {
    length: 4,
    rd: RD,
    imm: runs(true, [31, 31, 20], [19, 12, 12], [20, 20, 11], [30, 21, 1]),
    operands: 'rd,target',
  },
  Fence: { length: 4, imm: runs(false, [31, 20, 0]), operands: 'pred,succ' },
  /** The registers and immediate that fence.i leaves room for are ignored. */
  None: { length: 4, operands: '' },
  SFence: { length: 4, rs1: RS1, rs2: RS2, operands: 'rs1,rs2' },
  Csr: { length: 4, rd: RD, rs1: RS1, imm: runs(false, [31, 20, 0]), operands: 'rd,csr,rs1' },
  CsrImm: { length: 4, rd: RD, imm: runs(false, [31, 20, 0]), uimm: runs(false, [19, 15, 0]), operands: 'rd,csr,uimm' },
  Amo: { length: 4, rd: RD, rs1: RS1, rs2: RS2, aqrl: true, operands: 'rd,rs2,(rs1)' },
  LoadReserved: { length: 4, rd: RD, rs1: RS1, aqrl: true, operands: 'rd,(rs1)' },
  /** Floating point with a rounding mode: three, two and one source registers. */
  R4rm: { length: 4, rd: RD, rs1: RS1, rs2: RS2, rs3: RS3, rm: true, operands: 'frd,frs1,frs2,frs3,rm' },
  Rrm: { length: 4, rd: RD, rs1: RS1, rs2: RS2, rm: true, operands: 'frd,frs1,frs2,rm' },
  R1rm: { length: 4, rd: RD, rs1: RS1, rm: true, operands: 'frd,frs1,rm' },

  CNone: { length: 2, operands: '' },
  CInop: { length: 2, rd: ZERO, rs1: ZERO, imm: CI_SIGNED, operands: '' },
  /** c.addi: rd is also the source. */
  CI: { length: 2, rd: RD, rs1: full(7), imm: CI_SIGNED, operands: 'rd,imm' },
  CIshamt: { length: 2, rd: RD, rs1: full(7), imm: CI_SHAMT, operands: 'rd,imm' },
  /** c.li */
  CIli: { length: 2, rd: RD, rs1: ZERO, imm: CI_SIGNED, operands: 'rd,imm' },
  CIlui: { length: 2, rd: RD, imm: runs(true, [12, 12, 17], [6, 2, 12]), operands: 'rd,imm' },
  CI16sp: {
    length: 2,
    rd: SP,
    rs1: SP,
    imm: runs(true, [12, 12, 9], [6, 6, 4], [5, 5, 6], [4, 3, 7], [2, 2, 5]),
    operands: 'rd,imm',
  },
  CIlwsp: {
    length: 2,
    rd: RD,
    rs1: SP,
    imm: runs(false, [12, 12, 5], [6, 4, 2], [3, 2, 6]),
    operands: 'rd,imm(rs1)',
  },
  CIldsp: {
    length: 2,
    rd: RD,
    rs1: SP,
    imm: runs(false, [12, 12, 5], [6, 5, 3], [4, 2, 6]),
    operands: 'rd,imm(rs1)',
  },
  CSSw: { length: 2, rs1: SP, rs2: full(2), imm: runs(false, [12, 9, 2], [8, 7, 6]), operands: 'rs2,imm(rs1)' },
  CSSd: { length: 2, rs1: SP, rs2: full(2), imm: runs(false, [12, 10, 3], [9, 7, 6]), operands: 'rs2,imm(rs1)' },
  CIW: {
    length: 2,
    rd: popular(2),
    rs1: SP,
    imm: runs(false, [12, 11, 4], [10, 7, 6], [6, 6, 2], [5, 5, 3]),
    operands: 'rd,rs1,imm',
  },
  CLw: { length: 2, rd: popular(2), rs1: popular(7), imm: C_WORD, operands: 'rd,imm(rs1)' },
  CLd: { length: 2, rd: popular(2), rs1: popular(7), imm: C_DOUBLE, operands: 'rd,imm(rs1)' },
  CSw: { length: 2, rs1: popular(7), rs2: popular(2), imm: C_WORD, operands: 'rs2,imm(rs1)' },
  CSd: { length: 2, rs1: popular(7), rs2: popular(2), imm: C_DOUBLE, operands: 'rs2,imm(rs1)' },
  CA: { length: 2, rd: popular(7), rs1: popular(7), rs2: popular(2), operands: 'rd,rs2' },
  CBimm: { length: 2, rd: popular(7), rs1: popular(7), imm: CI_SIGNED, operands: 'rd,imm' },
  CBshamt: { length: 2, rd: popular(7), rs1: popular(7), imm: CI_SHAMT, operands: 'rd,imm' },
  CB: { length: 2, rs1: popular(7), rs2: ZERO, imm: C_BRANCH, operands: 'rs1,target' },
  CJ: { length: 2, rd: ZERO, imm: C_JUMP, operands: 'target' },
  /** c.add: rd is also a source. */
  CR: { length: 2, rd: RD, rs1: full(7), rs2: full(2), operands: 'rd,rs2' },
  /** c.mv */
  CRmv: { length: 2, rd: RD, rs1: ZERO, rs2: full(2), operands: 'rd,rs2' },
  /** c.jr and c.jalr: the immediate of the jalr they stand for is absent, hence 0. */
  CRjr: { length: 2, rd: ZERO, rs1: full(7), operands: 'rs1' },
  CRjalr: { length: 2, rd: RA, rs1: full(7), operands: 'rs1' },
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof FORMATS;

export function formatOf(name: FormatName): Format {
  return FORMATS[name];
}

/** Reads an immediate out of an instruction word (any value a 32-bit word can hold, signed or not). */
export function decodeImmediate(layout: Immediate, word: number): number {
  const { fields } = layout;
  let value = 0;
  for (let i = 0; i < fields.length; i += 3) value |= ((word >>> fields[i]!) & fields[i + 1]!) << fields[i + 2]!;
  const unused = 32 - layout.bits;
  return layout.signed ? (value << unused) >> unused : value >>> 0;
}

/** The instruction bits that hold `value`; bits of `value` that the layout has no room for are ignored. */
export function encodeImmediate(layout: Pick<Immediate, 'runs'>, value: number): number {
  let word = 0;
  for (const { hi, lo, to } of layout.runs) {
    const bits = hi - lo + 1;
    word |= ((value >> to) & ((1 << bits) - 1)) << lo;
  }
  return word >>> 0;
}

/** The smallest and largest immediate and the step between them. */
export function immediateRange(layout: Pick<Immediate, 'runs' | 'signed'>): { min: number; max: number; step: number } {
  const bits = Math.max(...layout.runs.map(({ hi, lo, to }) => to + hi - lo + 1));
  const step = 2 ** Math.min(...layout.runs.map(({ to }) => to));
  return layout.signed
    ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - step, step }
    : { min: 0, max: 2 ** bits - step, step };
}
