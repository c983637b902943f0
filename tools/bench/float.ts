/**
 * Floating-point loops that the compiler of this repository does not write: fused operations, singles, and numbers so
 * round that "inexact" never gets set (as in programs that keep integers in doubles). Run in M-mode as firmware.
 */
import { encode, rowNamed, type Operands } from '../../emulator/isa/encode.ts';

const FINISHER = 0x0010_0000;
const PASS = 0x5555;
const MSTATUS_FS = 0x6000;
const ITERATIONS = 1_000_000;
/** Where loops keep their counter and constants: t0 counts, s0 and s1 are integers. */
const [T0, T1, S0] = [5, 6, 8];
const RNE = 0;
const DYNAMIC = 7;

type Step = readonly [name: string, operands: Operands];

export interface FloatLoop {
  readonly name: string;
  readonly body: readonly Step[];
}

const chains = (body: (f: number) => readonly Step[]): readonly Step[] => [10, 11, 12, 13].flatMap(body);

export const FLOAT_LOOPS: readonly FloatLoop[] = [
  {
    name: 'doubles, fused',
    body: chains(f => [['fmadd.d', { rd: f, rs1: f, rs2: 2, rs3: 3, rm: DYNAMIC }]]),
  },
  {
    name: 'singles, fused',
    body: chains(f => [['fmadd.s', { rd: f + 10, rs1: f + 10, rs2: 4, rs3: 5, rm: DYNAMIC }]]),
  },
  {
    name: 'round doubles, no flag set',
    body: [
      ['fcvt.d.w', { rd: 10, rs1: T0, rm: RNE }],
      ['fadd.d', { rd: 11, rs1: 10, rs2: 6, rm: DYNAMIC }],
      ['fmul.d', { rd: 12, rs1: 11, rs2: 6, rm: DYNAMIC }],
      ['fsub.d', { rd: 13, rs1: 12, rs2: 10, rm: DYNAMIC }],
      ['fdiv.d', { rd: 14, rs1: 12, rs2: 6, rm: DYNAMIC }],
      ['fmin.d', { rd: 15, rs1: 14, rs2: 13 }],
      ['fcvt.l.d', { rd: S0, rs1: 15, rm: 1 }],
    ],
  },
];

/** The loop, a million times, then the finisher. f2…f5 are constants near 1 and 0.1, f6 is 2. */
export function floatLoopImage({ body }: FloatLoop): Uint8Array {
  const bytes: number[] = [];
  const emit = (name: string, operands: Operands): void => {
    const word = encode(rowNamed(name), operands);
    bytes.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
  };
  const load = (rd: number, value: number): void => {
    const low = (value << 20) >> 20;
    emit('lui', { rd, imm: (value - low) | 0 });
    emit('addiw', { rd, rs1: rd, imm: low });
  };
  const fraction = (frd: number, numerator: number, denominator: number, suffix: 's' | 'd'): void => {
    load(T0, numerator);
    load(T1, denominator);
    emit(`fcvt.${suffix}.w`, { rd: frd, rs1: T0, rm: RNE });
    emit(`fcvt.${suffix}.w`, { rd: 1, rs1: T1, rm: RNE });
    emit(`fdiv.${suffix}`, { rd: frd, rs1: frd, rs2: 1, rm: RNE });
  };
  load(T0, MSTATUS_FS);
  emit('csrrs', { rs1: T0, imm: 0x300 });
  fraction(2, 9, 10, 'd');
  fraction(3, 1, 10, 'd');
  fraction(4, 9, 10, 's');
  fraction(5, 1, 10, 's');
  for (const f of [10, 11, 12, 13]) fraction(f, f, 7, 'd');
  for (const f of [20, 21, 22, 23]) fraction(f, f, 7, 's');
  load(T0, 2);
  emit('fcvt.d.w', { rd: 6, rs1: T0, rm: RNE });
  emit('csrrwi', { rd: 0, uimm: 0, imm: 3 });
  load(T0, ITERATIONS);
  const start = bytes.length;
  for (const [name, operands] of body) emit(name, operands);
  emit('addi', { rd: T0, rs1: T0, imm: -1 });
  emit('bne', { rs1: T0, rs2: 0, imm: start - bytes.length });
  load(T0, FINISHER);
  load(T1, PASS);
  emit('sw', { rs1: T0, rs2: T1 });
  emit('jal', {});
  return Uint8Array.from(bytes);
}
