/**
 * IR operations that are one or a few RISC-V instructions, as rows: a sequence over `d` (result), `a`, `b` (operands) and
 * temporaries. Instruction selection expands a row with virtual registers.
 *
 * A step is "op dest src src…"; t0, t1 … are temporaries (f0, f1 … float ones), z is x0, #n an immediate, !m the rounding mode.
 */
export interface Step {
  op: string;
  defs: string[];
  uses: string[];
  imm: number;
  rm: number;
}

const RM: Readonly<Record<string, number>> = { rne: 0, rtz: 1, rdn: 2, rup: 3 };

function parseSteps(text: string): Step[] {
  return text.split(';').map(part => {
    const [op, ...words] = part.trim().split(/\s+/) as [string, ...string[]];
    const step: Step = { op, defs: [], uses: [], imm: 0, rm: -1 };
    for (const word of words) {
      if (word.startsWith('#')) step.imm = Number(word.slice(1));
      else if (word.startsWith('!')) step.rm = RM[word.slice(1)]!;
      else if (step.defs.length === 0) step.defs.push(word);
      else step.uses.push(word);
    }
    return step;
  });
}

const rows: Record<string, string> = {
  copy: 'mv d a',
  sext8: 'slli t0 a #56; srai d t0 #56',
  sext16: 'slli t0 a #48; srai d t0 #48',
  sext32: 'addiw d a #0',
  zext32: 'slli t0 a #32; srli d t0 #32',
  eq: 'xor t0 a b; sltiu d t0 #1',
  ne: 'xor t0 a b; sltu d z t0',
  lt_s: 'slt d a b',
  lt_u: 'sltu d a b',
  ge_s: 'slt t0 a b; xori d t0 #1',
  ge_u: 'sltu t0 a b; xori d t0 #1',
  and: 'and d a b',
  or: 'or d a b',
  xor: 'xor d a b',
  rotl32: 'sllw t0 a b; subw t1 z b; srlw t2 a t1; or d t0 t2',
  rotr32: 'srlw t0 a b; subw t1 z b; sllw t2 a t1; or d t0 t2',
  rotl64: 'sll t0 a b; sub t1 z b; srl t2 a t1; or d t0 t2',
  rotr64: 'srl t0 a b; sub t1 z b; sll t2 a t1; or d t0 t2',
  mulhu64: 'mulhu d a b',
  mulh64: 'mulh d a b',
};
const TWINS: Readonly<Record<string, string>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div_s: 'div',
  div_u: 'divu',
  rem_s: 'rem',
  rem_u: 'remu',
  shl: 'sll',
  shr_s: 'sra',
  shr_u: 'srl',
};
for (const [name, op] of Object.entries(TWINS)) {
  rows[`${name}32`] = `${op}w d a b`;
  rows[`${name}64`] = `${op} d a b`;
}
for (const s of ['s', 'd']) {
  const t = s === 's' ? 'f32' : 'f64';
  rows[`${t}.abs`] = `fsgnjx.${s} d a a`;
  rows[`${t}.neg`] = `fsgnjn.${s} d a a`;
  rows[`${t}.sqrt`] = `fsqrt.${s} d a`;
  rows[`${t}.copysign`] = `fsgnj.${s} d a b`;
  for (const op of ['add', 'sub', 'mul', 'div']) rows[`${t}.${op}`] = `f${op}.${s} d a b`;
  for (const op of ['eq', 'lt', 'le']) rows[`${t}.${op}`] = `f${op}.${s} d a b`;
  rows[`${t}.ne`] = `feq.${s} t0 a b; xori d t0 #1`;
  for (const w of ['w', 'wu', 'l', 'lu']) {
    rows[`trunc.${w}.${s}`] = `fcvt.${w}.${s} d a !rtz`;
    // The conversion saturates as wasm wants it, except that NaN must give 0.
    rows[`sat.${w}.${s}`] = `fcvt.${w}.${s} t0 a !rtz; feq.${s} t1 a a; sub t2 z t1; and d t0 t2`;
    rows[`cvt.${s}.${w}`] = `fcvt.${s}.${w} d a`;
  }
}
rows['cvt.s.d'] = 'fcvt.s.d d a';
rows['cvt.d.s'] = 'fcvt.d.s d a';
rows['mv.x.w'] = 'fmv.x.w d a';
rows['mv.x.d'] = 'fmv.x.d d a';
rows['mv.w.x'] = 'fmv.w.x d a';
rows['mv.d.x'] = 'fmv.d.x d a';

export const ROWS: ReadonlyMap<string, Step[]> = new Map(
  Object.entries(rows).map(([name, text]) => [name, parseSteps(text)]),
);

/** Instruction that takes the second operand as a 12-bit immediate (a shift: 5 or 6 bits). */
export const IMMEDIATE: Readonly<Record<string, string>> = {
  add32: 'addiw',
  add64: 'addi',
  and: 'andi',
  or: 'ori',
  xor: 'xori',
  shl32: 'slliw',
  shl64: 'slli',
  shr_s32: 'sraiw',
  shr_s64: 'srai',
  shr_u32: 'srliw',
  shr_u64: 'srli',
  lt_s: 'slti',
  lt_u: 'sltiu',
};

/** Conditional branch for a comparison of integers. */
export const BRANCH: Readonly<Record<string, string>> = {
  eq: 'beq',
  ne: 'bne',
  lt_s: 'blt',
  lt_u: 'bltu',
  ge_s: 'bge',
  ge_u: 'bgeu',
};

/** Rounding mode of operations that round to an integer in float format. */
export const ROUNDING: Readonly<Record<string, number>> = { nearest: 0, trunc: 1, floor: 2, ceil: 3 };
