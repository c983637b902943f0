/**
 * Floating point that the host's own arithmetic can do: wasm rounds to nearest even and raises no flags, so an operation
 * qualifies when that is the rounding mode in force, when "inexact" is already set (it stays set, whatever this one
 * does), and when the result is comfortably normal, so that no other flag can be due. All else goes to cpu/slow.
 */
import { i32, i64, load, op, type Code, type Mnemonic } from '../../wasm/encoder.ts';
import { FLOAT_FAST, OP_RAW } from '../layout.ts';

/** What a generator may do besides composing expressions. */
export interface FloatEmitter {
  /** To the soft-float, with the instruction untouched, when the i32 is not 0. */
  giveUpIf(condition: Code): void;
  bind(value: Code): Code;
  /** Address of the current op. */
  readonly opAddress: Code;
}

type Generator = (e: FloatEmitter, operands: readonly Code[]) => Code;

interface Precision {
  readonly type: 'f32' | 'f64';
  readonly toBits: Mnemonic;
  readonly fractionBits: number;
  readonly topExponent: number;
}
const SINGLE: Precision = { type: 'f32', toBits: 'i32.reinterpret_f32', fractionBits: 23, topExponent: 0xff };
const DOUBLE: Precision = { type: 'f64', toBits: 'i64.reinterpret_f64', fractionBits: 52, topExponent: 0x7ff };
const BOX = i64(-(2n ** 32n));
const ROUND_NEAREST = 0;
const ROUND_TO_ZERO = 1;

const roundingField = (e: FloatEmitter): Code =>
  op('i32.and', op('i32.shr_u', load('i32.load', e.opAddress, OP_RAW), i32(12)), i32(7));

/** The mode in force is "nearest even": named (0), or dynamic (7) and FLOAT_FAST has looked at frm. */
function requireNearest(e: FloatEmitter): void {
  e.giveUpIf(op('i32.eqz', load('i32.load', i32(FLOAT_FAST))));
  const plusOne = op('i32.and', op('i32.add', roundingField(e), i32(1)), i32(7));
  e.giveUpIf(op('i32.gt_u', plusOne, i32(1)));
}
function requireRounding(e: FloatEmitter, mode: number): void {
  e.giveUpIf(op('i32.ne', roundingField(e), i32(mode)));
}

/** Register contents as a wasm float; a single must be boxed. */
function unboxed(e: FloatEmitter, p: Precision, register: Code): Code {
  if (p === DOUBLE) return op('f64.reinterpret_i64', register);
  e.giveUpIf(op('i64.lt_u', register, BOX));
  return op('f32.reinterpret_i32', op('i32.wrap_i64', register));
}
const boxed = (p: Precision, bits: Code): Code =>
  p === DOUBLE ? bits : op('i64.or', BOX, op('i64.extend_i32_u', bits));

/** Gives up unless the exponent field is 2 … top - 1: neither zero, subnormal, nor next to it, infinite or NaN. */
function comfortable(e: FloatEmitter, p: Precision, value: Code): Code {
  const wide = boxed(p, op(p.toBits, value));
  const bits = e.bind(wide);
  const shifted = op('i32.wrap_i64', op('i64.shr_u', bits, i64(p.fractionBits)));
  const exponent = op('i32.and', shifted, i32(p.topExponent));
  e.giveUpIf(op('i32.gt_u', op('i32.sub', exponent, i32(2)), i32(p.topExponent - 3)));
  return bits;
}

function arithmetic(p: Precision, name: 'add' | 'sub' | 'mul' | 'div' | 'sqrt'): Generator {
  return (e, operands) => {
    requireNearest(e);
    const values = operands.map(operand => unboxed(e, p, operand));
    return comfortable(e, p, op(`${p.type}.${name}`, ...values));
  };
}

/** Ordered operands only: a NaN may raise a flag. */
function comparison(p: Precision, name: 'eq' | 'lt' | 'le'): Generator {
  return (e, operands) => {
    const [a, b] = operands.map(operand => unboxed(e, p, operand)) as [Code, Code];
    const isOrdered = op('i32.and', op(`${p.type}.eq`, a, a), op(`${p.type}.eq`, b, b));
    e.giveUpIf(op('i32.eqz', isOrdered));
    return op('i64.extend_i32_u', op(`${p.type}.${name}`, a, b));
  };
}

/** The sign bit of the second operand, changed by `combine`, on the first one's magnitude. */
function signs(p: Precision, combine: (a: Code, b: Code) => Code): Generator {
  const sign = p === DOUBLE ? 63n : 31n;
  const mask = i64(1n << sign);
  return (e, [a, b]) => {
    if (p === SINGLE) e.giveUpIf(op('i64.lt_u', op('i64.and', a!, b!), BOX));
    const magnitude = op('i64.and', a!, i64(~(1n << sign)));
    return op('i64.or', magnitude, op('i64.and', combine(a!, b!), mask));
  };
}

/** From an integer that the format may have to round. */
function fromInteger(p: Precision, convert: Mnemonic): Generator {
  return (e, [a]) => {
    requireNearest(e);
    return comfortable(e, p, op(convert, a!));
  };
}
/** From a 32-bit integer, which a double always holds. */
function fromWord(convert: Mnemonic): Generator {
  return (e, [a]) => {
    requireRounding(e, ROUND_NEAREST);
    return op('i64.reinterpret_f64', op(convert, op('i32.wrap_i64', a!)));
  };
}
/** As C converts: towards zero, in range. */
function toInteger(p: Precision, limit: number, truncate: Mnemonic, isWord: boolean): Generator {
  return (e, [a]) => {
    e.giveUpIf(op('i32.eqz', load('i32.load', i32(FLOAT_FAST))));
    requireRounding(e, ROUND_TO_ZERO);
    const value = unboxed(e, p, a!);
    // Below the limit in magnitude: the exponent field says so, NaN and infinity included.
    const bits = op(p.toBits, value);
    const wide = p === DOUBLE ? bits : op('i64.extend_i32_u', bits);
    const exponent = op('i32.and', op('i32.wrap_i64', op('i64.shr_u', wide, i64(p.fractionBits))), i32(p.topExponent));
    e.giveUpIf(op('i32.ge_u', exponent, i32((p.topExponent >> 1) + limit)));
    const integer = op(truncate, value);
    return isWord ? op('i64.extend_i32_s', integer) : integer;
  };
}

function both(suffix: 's' | 'd', p: Precision): [string, Generator][] {
  const arithmetics = (['add', 'sub', 'mul', 'div', 'sqrt'] as const).map((name): [string, Generator] => [
    `${suffix}.${name}`,
    arithmetic(p, name),
  ]);
  const comparisons = (['eq', 'lt', 'le'] as const).map((name): [string, Generator] => [
    `${suffix}.${name}`,
    comparison(p, name),
  ]);
  return [
    ...arithmetics,
    ...comparisons,
    [`${suffix}.sgnj`, signs(p, (_, b) => b)],
    [`${suffix}.sgnjn`, signs(p, (_, b) => op('i64.xor', b, i64(-1)))],
    [`${suffix}.sgnjx`, signs(p, (a, b) => op('i64.xor', a, b))],
    [`${suffix}.from.l`, fromInteger(p, `${p.type}.convert_i64_s`)],
    [`${suffix}.from.lu`, fromInteger(p, `${p.type}.convert_i64_u`)],
    [`${suffix}.to.w`, toInteger(p, 31, `i32.trunc_${p.type}_s`, true)],
    [`${suffix}.to.l`, toInteger(p, 63, `i64.trunc_${p.type}_s`, false)],
  ];
}

/** By the name that rows use. Precondition of each: mstatus.FS is dirty. */
export const FAST_FLOAT: ReadonlyMap<string, Generator> = new Map<string, Generator>([
  ...both('s', SINGLE),
  ...both('d', DOUBLE),
  ['d.from.w', fromWord('f64.convert_i32_s')],
  ['d.from.wu', fromWord('f64.convert_i32_u')],
  [
    's.from.d',
    (e, [a]) => {
      requireNearest(e);
      return comfortable(e, SINGLE, op('f32.demote_f64', unboxed(e, DOUBLE, a!)));
    },
  ],
  [
    'd.from.s',
    (e, [a]) => {
      requireRounding(e, ROUND_NEAREST);
      return comfortable(e, DOUBLE, op('f64.promote_f32', unboxed(e, SINGLE, a!)));
    },
  ],
]);
