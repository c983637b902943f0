/** What fast-float.ts and fused.ts share: checks in front of the host's floating point, and the numbers' parts. */
import { i32, i64, load, op, type Code, type Mnemonic } from '../../wasm/encoder.ts';
import { FLOAT_FAST, OP_RAW } from '../layout.ts';

/** What a generator may do besides composing expressions. */
export interface FloatEmitter {
  /** To the soft-float, with the instruction untouched, when the i32 is not 0. */
  giveUpIf(condition: Code): void;
  /** Statements that run only when the i32 is not 0. */
  when(condition: Code, body: () => void): void;
  /** Names a value that is used more than once. */
  bind(value: Code): Code;
  bindDouble(value: Code): Code;
  /** Gives what `bind` named another value. */
  assign(name: Code, value: Code): void;
  /** Address of the current op. */
  readonly opAddress: Code;
}

export type Generator = (e: FloatEmitter, operands: readonly Code[]) => Code;

export interface Precision {
  readonly type: 'f32' | 'f64';
  readonly toBits: Mnemonic;
  readonly fractionBits: number;
  readonly topExponent: number;
}
export const SINGLE: Precision = { type: 'f32', toBits: 'i32.reinterpret_f32', fractionBits: 23, topExponent: 0xff };
export const DOUBLE: Precision = { type: 'f64', toBits: 'i64.reinterpret_f64', fractionBits: 52, topExponent: 0x7ff };
export const BOX = i64(-(2n ** 32n));
/** Rounding mode fields. */
export const RTZ = 1;
export const RDN = 2;
export const RUP = 3;
export const DYNAMIC = 7;
/** Values of FLOAT_FAST. */
const NEAREST_AND_INEXACT = 2;

export const roundingField = (e: FloatEmitter): Code =>
  op('i32.and', op('i32.shr_u', load('i32.load', e.opAddress, OP_RAW), i32(12)), i32(7));
export const not = (condition: Code): Code => op('i32.eqz', condition);
export const and = (a: Code, b: Code): Code => op('i32.and', a, b);
export const or = (a: Code, b: Code): Code => op('i32.or', a, b);

/** Gives up unless the mode is "nearest even": named (0), or dynamic (7), where FLOAT_FAST has looked at frm. */
export function requireNearestField(e: FloatEmitter): void {
  const plusOne = and(op('i32.add', roundingField(e), i32(1)), i32(7));
  e.giveUpIf(op('i32.gt_u', plusOne, i32(1)));
}
/** Gives up unless frm is "nearest even" and "inexact" is set or not due. */
export function requireExactOrKnown(e: FloatEmitter, isInexact: () => Code): void {
  e.when(op('i32.ne', load('i32.load', i32(FLOAT_FAST)), i32(NEAREST_AND_INEXACT)), () => {
    e.giveUpIf(not(load('i32.load', i32(FLOAT_FAST))));
    e.giveUpIf(isInexact());
  });
}
export function requireNearest(e: FloatEmitter, isInexact: () => Code): void {
  requireNearestField(e);
  requireExactOrKnown(e, isInexact);
}

/** Register contents as a wasm float; a single must be boxed. */
export function unboxed(e: FloatEmitter, p: Precision, register: Code): Code {
  if (p === DOUBLE) return op('f64.reinterpret_i64', register);
  e.giveUpIf(op('i64.lt_u', register, BOX));
  return op('f32.reinterpret_i32', op('i32.wrap_i64', register));
}
export const boxed = (p: Precision, bits: Code): Code =>
  p === DOUBLE ? bits : op('i64.or', BOX, op('i64.extend_i32_u', bits));
/** A float as register contents, named. */
export const registerOf = (e: FloatEmitter, p: Precision, value: Code): Code => e.bind(boxed(p, op(p.toBits, value)));

export function exponentOf(p: Precision, register: Code): Code {
  return and(op('i32.wrap_i64', op('i64.shr_u', register, i64(p.fractionBits))), i32(p.topExponent));
}
/** The exponent field is not 2 … top - 1: zero, subnormal, or next to it, infinite or NaN. */
export function isUncomfortable(p: Precision, register: Code): Code {
  return op('i32.gt_u', op('i32.sub', exponentOf(p, register), i32(2)), i32(p.topExponent - 3));
}
export const isSpecial = (p: Precision, register: Code): Code =>
  op('i32.eq', exponentOf(p, register), i32(p.topExponent));
export const isNotZero = (p: Precision, register: Code): Code =>
  op('i64.ne', op('i64.shl', register, i64(p === DOUBLE ? 1 : 33)), i64(0));

export const wide = (p: Precision, value: Code): Code => (p === DOUBLE ? value : op('f64.promote_f32', value));
export const asDouble = (register: Code): Code => op('f64.reinterpret_i64', register);

/** What is lost when a + b is rounded to the double `sum`, none of them special. Knuth's TwoSum. */
export function lostInSum(e: FloatEmitter, a: Code, b: Code, sum: Code): Code {
  const bPart = e.bindDouble(op('f64.sub', sum, a));
  const aLoss = op('f64.sub', a, op('f64.sub', sum, bPart));
  return op('f64.add', aLoss, op('f64.sub', b, bPart));
}

export const singleOf = (register: Code): Code => op('f32.reinterpret_i32', op('i32.wrap_i64', register));
export const valueOf = (p: Precision, register: Code): Code => (p === DOUBLE ? asDouble(register) : singleOf(register));
