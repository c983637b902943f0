/**
 * F and D: single and double precision. The rows of both precisions are one table: they differ in the `fmt` field, in
 * two opcodes (load, store) and in name. Arithmetic is in cpu/slow; `float` names the operation, e.g. `d.add`.
 */
import type { FormatName } from './formats.ts';
import type { FloatFormat, Insn, Ops } from './insn.ts';

const OP_FP = 0x53;

interface Precision {
  readonly suffix: FloatFormat;
  /** Bits 26…25. */
  readonly fmt: number;
  readonly width: 4 | 8;
  /** funct3 of loads and stores. */
  readonly funct3: number;
}
const SINGLE: Precision = { suffix: 's', fmt: 0, width: 4, funct3: 2 };
const DOUBLE: Precision = { suffix: 'd', fmt: 1, width: 8, funct3: 3 };

/** An OP-FP encoding; `fields` are added to the mask of what is fixed. */
function opFp(p: Precision, funct5: number, fixed: { funct3?: number; rs2?: number }): { match: number; mask: number } {
  let match = (funct5 << 27) | (p.fmt << 25) | OP_FP;
  let mask = 0xfe00007f;
  if (fixed.funct3 !== undefined) {
    match |= fixed.funct3 << 12;
    mask |= 0x7000;
  }
  if (fixed.rs2 !== undefined) {
    match |= fixed.rs2 << 20;
    mask |= 0x01f00000;
  }
  return { match: match >>> 0, mask: mask >>> 0 };
}

function rowsOf(p: Precision): Insn[] {
  const two = (
    name: string,
    format: FormatName,
    operands: string | undefined,
    funct5: number,
    funct3?: number,
  ): Insn => ({
    name: `f${name}.${p.suffix}`,
    format,
    ...(operands ? { operands } : {}),
    ...opFp(p, funct5, funct3 === undefined ? {} : { funct3 }),
    run: o => o.float(`${p.suffix}.${name}`, o.rs1, o.rs2),
  });
  const one = (
    name: string,
    format: FormatName,
    operands: string,
    op: string,
    funct5: number,
    fixed: { funct3?: number; rs2?: number },
  ): Insn => ({
    name,
    format,
    operands,
    ...opFp(p, funct5, fixed),
    run: o => o.float(op, o.rs1),
  });
  const fused = (name: string, opcode: number): Insn => ({
    name: `f${name}.${p.suffix}`,
    format: 'R4rm',
    match: (p.fmt << 25) | opcode,
    mask: 0x0600007f,
    run: o => o.float(`${p.suffix}.${name}`, o.rs1, o.rs2, o.rs3),
  });
  /** Integer kinds by their number in the rs2 field. */
  const INTEGERS = ['w', 'wu', 'l', 'lu'];
  const s = p.suffix;
  return [
    {
      name: p.width === 4 ? 'flw' : 'fld',
      format: 'Load',
      operands: 'frd,imm(rs1)',
      match: 0x07 | (p.funct3 << 12),
      mask: 0x707f,
      run: o => boxed(o, p, o.load(p.width, false, o.add(o.rs1, o.imm))),
    },
    {
      name: p.width === 4 ? 'fsw' : 'fsd',
      format: 'S',
      operands: 'frs2,imm(rs1)',
      match: 0x27 | (p.funct3 << 12),
      mask: 0x707f,
      run: o => o.store(p.width, o.add(o.rs1, o.imm), o.rs2),
    },
    fused('madd', 0x43),
    fused('msub', 0x47),
    fused('nmsub', 0x4b),
    fused('nmadd', 0x4f),
    two('add', 'Rrm', undefined, 0x00),
    two('sub', 'Rrm', undefined, 0x01),
    two('mul', 'Rrm', undefined, 0x02),
    two('div', 'Rrm', undefined, 0x03),
    one(`fsqrt.${s}`, 'R1rm', 'frd,frs1,rm', `${s}.sqrt`, 0x0b, { rs2: 0 }),
    two('sgnj', 'R', 'frd,frs1,frs2', 0x04, 0),
    two('sgnjn', 'R', 'frd,frs1,frs2', 0x04, 1),
    two('sgnjx', 'R', 'frd,frs1,frs2', 0x04, 2),
    two('min', 'R', 'frd,frs1,frs2', 0x05, 0),
    two('max', 'R', 'frd,frs1,frs2', 0x05, 1),
    two('le', 'R', 'rd,frs1,frs2', 0x14, 0),
    two('lt', 'R', 'rd,frs1,frs2', 0x14, 1),
    two('eq', 'R', 'rd,frs1,frs2', 0x14, 2),
    one(`fclass.${s}`, 'R1', 'rd,frs1', `${s}.class`, 0x1c, { rs2: 0, funct3: 1 }),
    ...INTEGERS.flatMap((integer, rs2) => [
      one(`fcvt.${integer}.${s}`, 'R1rm', 'rd,frs1,rm', `${s}.to.${integer}`, 0x18, { rs2 }),
      one(`fcvt.${s}.${integer}`, 'R1rm', 'frd,rs1,rm', `${s}.from.${integer}`, 0x1a, { rs2 }),
    ]),
    {
      name: p.width === 4 ? 'fmv.x.w' : 'fmv.x.d',
      format: 'R1',
      operands: 'rd,frs1',
      ...opFp(p, 0x1c, { rs2: 0, funct3: 0 }),
      run: o => (p.width === 4 ? o.sext32(o.rs1) : o.rs1),
    },
    {
      name: p.width === 4 ? 'fmv.w.x' : 'fmv.d.x',
      format: 'R1',
      operands: 'frd,rs1',
      ...opFp(p, 0x1e, { rs2: 0, funct3: 0 }),
      run: o => boxed(o, p, p.width === 4 ? o.zext32(o.rs1) : o.rs1),
    },
  ];
}

/** A single in a 64-bit register has all upper bits set. */
function boxed<V>(o: Ops<V>, p: Precision, value: V): V {
  return p.width === 4 ? o.or(o.shl(o.const(-1), o.const(32)), value) : value;
}

const conversion = (name: string, to: Precision, rs2: number, op: string): Insn => ({
  name,
  format: 'R1rm',
  operands: 'frd,frs1,rm',
  ...opFp(to, 0x08, { rs2 }),
  run: o => o.float(op, o.rs1),
});

export const RV64F: readonly Insn[] = rowsOf(SINGLE);
export const RV64D: readonly Insn[] = [
  ...rowsOf(DOUBLE),
  conversion('fcvt.s.d', SINGLE, 1, 's.from.d'),
  conversion('fcvt.d.s', DOUBLE, 0, 'd.from.s'),
];
export const RV64FD: readonly Insn[] = [...RV64F, ...RV64D];
