/**
 * A program that applies every floating-point instruction to a table of operands: for each case it sets the rounding
 * mode, clears the flags, runs the instruction and stores result and flags behind the operands.
 */
import { encode } from '../../emulator/isa/encode.ts';
import { formatOf } from '../../emulator/isa/formats.ts';
import { RV64FD } from '../../emulator/isa/rv64fd.ts';
import type { Insn } from '../../emulator/isa/insn.ts';
import { Assembly, DATA_BASE, randomFrom } from './random-program.ts';

/** a, b, c, rounding mode, result, flags: 8 bytes each. */
export const CASE_BYTES = 48;
export const DYNAMIC = 7;

/** Rows under test, in the order of the table. */
export const FLOAT_ROWS: readonly Insn[] = RV64FD.filter(insn => !formatOf(insn.format).operands.includes('(rs1)'));

type Random = (below: number) => number;

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
}

export function floatProgram(
  seed: number,
  casesPerRow: number,
  options: FloatOptions,
): { code: Uint8Array; data: Uint8Array } {
  const random = randomFrom(seed);
  const data = new Uint8Array(FLOAT_ROWS.length * casesPerRow * CASE_BYTES);
  const view = new DataView(data.buffer);
  const out = new Assembly();
  FLOAT_ROWS.forEach((insn, row) => {
    const operands = insn.operands ?? formatOf(insn.format).operands;
    const first = row * casesPerRow * CASE_BYTES;
    for (let i = 0; i < casesPerRow; i++) {
      const at = first + i * CASE_BYTES;
      const isSingle = insn.name === 'fcvt.d.s' || (insn.name !== 'fcvt.s.d' && /\.s($|\.)|\.w$/.test(insn.name));
      const values = operands.includes(',rs1')
        ? [integer(random), 0n, 0n]
        : [0, 1, 2].map(() => operand(random, isSingle));
      // Sums that cancel: the second or third operand is close to the first.
      if (random(4) === 0) values[1 + random(2)] = values[0]! ^ BigInt(random(4));
      values.forEach((value, k) => view.setBigUint64(at + 8 * k, value, true));
      view.setUint32(at + 24, random(5), true);
    }
    emitLoop(out, insn, operands, DATA_BASE + first, DATA_BASE + first + casesPerRow * CASE_BYTES, options);
  });
  out.finish(DATA_BASE, data.length);
  return { code: Uint8Array.from(out.bytes), data };
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
