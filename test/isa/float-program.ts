/**
 * A program that applies every floating-point instruction to a table of operands: for each case it sets the rounding
 * mode, clears the flags, runs the instruction and stores result and flags behind the operands.
 */
import { viewOf } from '../../emulator/base/bytes.ts';
import { encode } from '../../emulator/isa/encode.ts';
import { formatOf } from '../../emulator/isa/formats.ts';
import { RV64FD } from '../../emulator/isa/rv64fd.ts';
import type { Insn } from '../../emulator/isa/insn.ts';
import { operandsThat, type Random } from './float-operands.ts';
import { Assembly, DATA_BASE, randomFrom } from './random-program.ts';

/** a, b, c, rounding mode, result, flags: 8 bytes each. */
export const CASE_BYTES = 48;
export const DYNAMIC = 7;

/** Rows under test, in the order of the table. */
export const FLOAT_ROWS: readonly Insn[] = RV64FD.filter(insn => !formatOf(insn.format).operands.includes('(rs1)'));

/** A float of either width whose exponent and fraction like the edges. */
function operand(random: Random, isSingle: boolean): bigint {
  const [exponentBits, fractionBits] = isSingle ? [8, 23] : [11, 52];
  const top = 2 ** exponentBits - 1;
  const middle = top >> 1;
  const edges = [
    0,
    1,
    2,
    middle - fractionBits,
    middle - 1,
    middle,
    middle + 1,
    middle + 31,
    middle + 63,
    top - 1,
    top,
  ];
  const near = middle + random(8) - 4;
  const exponent = [edges[random(edges.length)]!, near, near, random(top + 1)][random(4)]!;
  const fractions = [0n, 1n, (1n << BigInt(fractionBits)) - 1n, 1n << BigInt(fractionBits - 1)];
  const wide = (BigInt(random(2 ** 20)) << 40n) | (BigInt(random(2 ** 20)) << 20n) | BigInt(random(2 ** 20));
  const sparse = random(2) === 0 ? wide : wide & (wide << 20n);
  const fraction = random(3) === 0 ? fractions[random(4)]! : sparse;
  const bits =
    (BigInt(random(2)) << BigInt(exponentBits + fractionBits)) |
    (BigInt(exponent) << BigInt(fractionBits)) |
    (fraction & ((1n << BigInt(fractionBits)) - 1n));
  const isBoxed = random(16) !== 0;
  return isSingle && isBoxed ? bits | 0xffff_ffff_0000_0000n : bits;
}

/** An integer operand: any number of leading zeros or ones. */
function integer(random: Random): bigint {
  const wide = (BigInt(random(2 ** 22)) << 44n) | (BigInt(random(2 ** 22)) << 22n) | BigInt(random(2 ** 22));
  const value = BigInt.asUintN(64, wide >> BigInt(random(66)));
  return random(2) === 0 ? value : BigInt.asUintN(64, -value);
}

export interface FloatOptions {
  /** fflags before each case: with NX there, the CPU may use the host's arithmetic. */
  readonly flags: 0 | 1;
  /** The instructions' rounding mode field; DYNAMIC takes the mode of each case. */
  readonly rm: number;
  /** Default: 'edges', any exponent and fraction with a liking for the edges. */
  readonly operands?: 'edges' | keyof typeof operandsThat;
}

export interface FloatProgram {
  readonly code: Uint8Array;
  readonly data: Uint8Array;
  /** Row of each case. */
  readonly rows: readonly Insn[];
}
/** Register contents of a case's operands, and frm. */
interface Case {
  readonly values: readonly bigint[];
  readonly mode: number;
}

const takesSingle = ({ name }: Insn): boolean =>
  name === 'fcvt.d.s' || (name !== 'fcvt.s.d' && /\.s($|\.)|\.w$/.test(name));
const operandsOf = (insn: Insn): string => insn.operands ?? formatOf(insn.format).operands;

export function floatProgram(seed: number, casesPerRow: number, options: FloatOptions): FloatProgram {
  const random = randomFrom(seed);
  return programOf(options, insn =>
    Array.from({ length: casesPerRow }, () => {
      const isSingle = takesSingle(insn);
      const { operands = 'edges' } = options;
      if (operandsOf(insn).includes(',rs1')) return { values: [integer(random), 0n, 0n], mode: random(5) };
      if (operands !== 'edges') return { values: operandsThat[operands](random, isSingle), mode: random(5) };
      const values = [0, 1, 2].map(() => operand(random, isSingle));
      // Sums that cancel: the second or third operand is close to the first.
      if (random(4) === 0) values[1 + random(2)] = values[0]! ^ BigInt(random(4));
      return { values, mode: random(5) };
    }),
  );
}

/** Zero, the subnormal and normal ends, one and what is near it, integers' limits, infinity, NaNs of both kinds. */
function edgesOf(isSingle: boolean): readonly bigint[] {
  const [exponentBits, fractionBits] = isSingle ? [8n, 23n] : [11n, 52n];
  const top = (1n << exponentBits) - 1n;
  const one = top >> 1n;
  const ones = (1n << fractionBits) - 1n;
  const at = (exponent: bigint, fraction: bigint): bigint => (exponent << fractionBits) | fraction;
  const positive = [
    ...[at(0n, 0n), at(0n, 1n), at(0n, ones), at(1n, 0n), at(one - 1n, ones), at(one, 0n), at(one, 1n)],
    ...[at(one + 31n, 0n), at(one + 63n, 0n), at(top - 1n, ones), at(top, 0n), at(top, 1n)],
    at(top, 1n << (fractionBits - 1n)),
  ];
  const sign = 1n << (exponentBits + fractionBits);
  const all = positive.flatMap(bits => [bits, bits | sign]);
  if (!isSingle) return all;
  // The last two are not boxed: they count as NaN.
  return [...all.map(bits => bits | 0xffff_ffff_0000_0000n), at(one, 0n), 0xffff_fffe_3f80_0000n];
}
const INTEGER_EDGES = [0n, 1n, -1n, 31n, -31n, 24n, 53n, 63n, -63n].flatMap(power =>
  power > 1n ? [1n << power, (1n << power) - 1n, (1n << power) + 1n] : power < -1n ? [-(1n << -power)] : [power],
);
/** Triples are too many to try them all. */
const THIRDS = 9;

export function edgeFloatProgram(flags: 0 | 1): FloatProgram {
  return programOf({ flags, rm: DYNAMIC }, insn => {
    const format = formatOf(insn.format);
    const edges = operandsOf(insn).includes(',rs1')
      ? INTEGER_EDGES.map(value => BigInt.asUintN(64, value))
      : edgesOf(takesSingle(insn));
    const some = (list: readonly bigint[]): readonly bigint[] => list.filter((_, i) => i % 3 === 0).slice(0, THIRDS);
    const firsts = format.rs3 ? some(edges) : edges;
    const seconds = format.rs3 ? some(edges) : format.rs2 ? edges : [0n];
    const thirds = format.rs3 ? some(edges) : [0n];
    const modes = format.rm ? [0, 1, 2, 3, 4] : [0];
    return modes.flatMap(mode =>
      firsts.flatMap(a => seconds.flatMap(b => thirds.map(c => ({ values: [a, b, c], mode })))),
    );
  });
}

/** The cases whose results, flags or operands differ. */
export function floatDifferences({ rows }: FloatProgram, ours: Uint8Array, theirs: Uint8Array): string[] {
  const [a, b] = [viewOf(ours), viewOf(theirs)];
  return rows.flatMap((insn, i) => {
    const words = (view: DataView): string =>
      [0, 8, 16, 24, 32, 40].map(field => view.getBigUint64(i * CASE_BYTES + field, true).toString(16)).join(' ');
    return words(a) === words(b) ? [] : [`${insn.name}: ${words(a)}, should be ${words(b)}`];
  });
}

function programOf(options: FloatOptions, casesOf: (insn: Insn) => readonly Case[]): FloatProgram {
  const tables = FLOAT_ROWS.map(insn => ({ insn, cases: casesOf(insn) }));
  const rows = tables.flatMap(({ insn, cases }) => cases.map(() => insn));
  const data = new Uint8Array(rows.length * CASE_BYTES);
  const view = viewOf(data);
  const out = new Assembly();
  let at = 0;
  for (const { insn, cases } of tables) {
    const first = at;
    for (const { values, mode } of cases) {
      values.forEach((value, k) => view.setBigUint64(at + 8 * k, value, true));
      view.setUint32(at + 24, mode, true);
      at += CASE_BYTES;
    }
    emitLoop(out, insn, operandsOf(insn), DATA_BASE + first, DATA_BASE + at, options);
  }
  out.finish(DATA_BASE, data.length);
  return { code: Uint8Array.from(out.bytes), data, rows };
}

function emitLoop(
  out: Assembly,
  insn: Insn,
  operands: string,
  start: number,
  end: number,
  { flags, rm }: FloatOptions,
): void {
  const POINTER = 31;
  const END = 30;
  const RESULT = 8;
  out.la(POINTER, start);
  out.la(END, end);
  const loop = out.bytes.length;
  [1, 2, 3].forEach((f, k) => out.insn('fld', { rd: f, rs1: POINTER, imm: 8 * k }));
  const isFromInteger = operands.includes(',rs1');
  if (isFromInteger) out.insn('ld', { rd: 1, rs1: POINTER, imm: 0 });
  out.insn('ld', { rd: 6, rs1: POINTER, imm: 24 });
  out.insn('csrrw', { rd: 0, rs1: 6, imm: 2 });
  out.insn('csrrwi', { rd: 0, uimm: flags, imm: 1 });
  const { rs2 } = formatOf(insn.format);
  out.word(encode(insn, { rd: RESULT, rs1: 1, ...(rs2 ? { rs2: 2 } : {}), rs3: 3, rm }));
  out.insn('csrrs', { rd: 7, rs1: 0, imm: 1 });
  out.insn(operands.startsWith('frd') ? 'fsd' : 'sd', { rs1: POINTER, rs2: RESULT, imm: 32 });
  out.insn('sd', { rs1: POINTER, rs2: 7, imm: 40 });
  out.insn('addi', { rd: POINTER, rs1: POINTER, imm: CASE_BYTES });
  out.insn('bne', { rs1: POINTER, rs2: END, imm: loop - out.bytes.length });
}
