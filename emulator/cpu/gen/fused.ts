/**
 * Fused multiply-add by the host's arithmetic, rounded once. wasm has no such operation, so the product is taken apart
 * into a rounded value and what rounding lost, both exact, and their sum with the addend is rounded to odd (to the
 * neighbour with an odd last digit, when inexact) before the last rounding to nearest, which is then the only one that
 * shows: Boldo and Melquiond, "Emulation of a FMA and Correctly Rounded Sums" (2008). It needs room for the parts, so
 * exponents near the ends give up.
 */
import { i32, i64, load, op, type Code } from '../../wasm/encoder.ts';
import { FLOAT_FAST } from '../layout.ts';
import {
  and,
  asDouble,
  DOUBLE,
  exponentOf,
  type FloatEmitter,
  type Generator,
  isNotZero,
  isSpecial,
  isUncomfortable,
  lostInSum,
  or,
  registerOf,
  requireExactOrKnown,
  requireNearestField,
  SINGLE,
  singleOf,
  unboxed,
  wide,
} from './native-float.ts';

type Fused = 'madd' | 'msub' | 'nmsub' | 'nmadd';

/** Exponent fields that leave room below (2 x 53 bits) and above. */
const LOW = 200;
const HIGH = 1800;
/** A factor up to here can be split without overflow. */
const FACTOR_HIGH = 1900;
/** 2^27 + 1 cuts a significand of 53 bits into halves whose products are exact (Dekker). */
const SPLITTER = asDouble(i64(0x41a0_0000_0200_0000n));
const ZERO = asDouble(i64(0));

const isNegatedProduct = (name: Fused): boolean => name.startsWith('n');
const isNegatedAddend = (name: Fused): boolean => name === 'msub' || name === 'nmadd';
const negatedIf = (isNegated: boolean, value: Code): Code => (isNegated ? op('f64.neg', value) : value);
const isOutside = (register: Code): Code =>
  op('i32.gt_u', op('i32.sub', exponentOf(DOUBLE, register), i32(LOW)), i32(HIGH - LOW));

/** `rounded` plus the non-zero `lost`, rounded to odd: one down in magnitude when they pull apart, then the last bit set. */
function toOdd(e: FloatEmitter, rounded: Code, lost: Code): Code {
  const bits = e.bind(op('i64.reinterpret_f64', rounded));
  const apart = op('i64.shr_u', op('i64.xor', bits, op('i64.reinterpret_f64', lost)), i64(63));
  const odd = op('i64.or', op('i64.sub', bits, apart), i64(1));
  return asDouble(op('select', odd, bits, op('f64.ne', lost, ZERO)));
}

/** What the product of x and y loses when it is rounded to `product`. */
function lostInProduct(e: FloatEmitter, x: Code, y: Code, product: Code): Code {
  const split = (value: Code): [high: Code, low: Code] => {
    const scaled = e.bindDouble(op('f64.mul', value, SPLITTER));
    const high = e.bindDouble(op('f64.sub', scaled, op('f64.sub', scaled, value)));
    return [high, e.bindDouble(op('f64.sub', value, high))];
  };
  const [xHigh, xLow] = split(x);
  const [yHigh, yLow] = split(y);
  const first = op('f64.sub', product, op('f64.mul', xHigh, yHigh));
  const second = op('f64.sub', first, op('f64.mul', xLow, yHigh));
  const third = op('f64.sub', second, op('f64.mul', xHigh, yLow));
  return op('f64.sub', op('f64.mul', xLow, yLow), third);
}

export function doubleFused(name: Fused): Generator {
  return (e, [a, b, c]) => {
    requireNearestField(e);
    const x = e.bindDouble(negatedIf(isNegatedProduct(name), asDouble(a!)));
    const y = e.bindDouble(asDouble(b!));
    const z = e.bindDouble(negatedIf(isNegatedAddend(name), asDouble(c!)));
    const product = e.bindDouble(op('f64.mul', x, y));
    // With a factor that is zero this is all, and exact.
    const result = e.bind(op('i64.reinterpret_f64', op('f64.add', product, z)));
    const hasZeroFactor = op('i32.eqz', and(isNotZero(DOUBLE, a!), isNotZero(DOUBLE, b!)));
    const isOtherMode = op('i32.eqz', load('i32.load', i32(FLOAT_FAST)));
    e.giveUpIf(and(hasZeroFactor, or(isSpecial(DOUBLE, result), isOtherMode)));
    e.when(op('i32.eqz', hasZeroFactor), () => {
      e.giveUpIf(isOutside(op('i64.reinterpret_f64', product)));
      e.giveUpIf(and(isNotZero(DOUBLE, c!), isOutside(c!)));
      const isLarge = (factor: Code): Code => op('i32.lt_u', i32(FACTOR_HIGH), exponentOf(DOUBLE, factor));
      e.giveUpIf(or(isLarge(a!), isLarge(b!)));
      const low = e.bindDouble(lostInProduct(e, x, y, product));
      const lowSum = e.bindDouble(op('f64.add', z, low));
      const lowLost = lostInSum(e, z, low, lowSum);
      const high = e.bindDouble(op('f64.add', product, lowSum));
      const highLost = e.bindDouble(lostInSum(e, product, lowSum, high));
      const rest = e.bindDouble(lowLost);
      const both = e.bindDouble(op('f64.add', rest, highLost));
      const lost = e.bindDouble(lostInSum(e, rest, highLost, both));
      const tail = e.bindDouble(toOdd(e, both, lost));
      const total = e.bindDouble(op('f64.add', high, tail));
      e.assign(result, op('i64.reinterpret_f64', total));
      requireExactOrKnown(e, () => or(op('f64.ne', lost, ZERO), op('f64.ne', lostInSum(e, high, tail, total), ZERO)));
    });
    return result;
  };
}

/** A product of singles is exact as a double, and a double has room to be rounded to odd first. */
export function singleFused(name: Fused): Generator {
  return (e, operands) => {
    requireNearestField(e);
    const [x, y, z] = operands.map(operand => wide(SINGLE, unboxed(e, SINGLE, operand))) as [Code, Code, Code];
    const product = e.bindDouble(negatedIf(isNegatedProduct(name), op('f64.mul', x, y)));
    const addend = e.bindDouble(negatedIf(isNegatedAddend(name), z));
    const sum = e.bindDouble(op('f64.add', product, addend));
    const lost = e.bindDouble(lostInSum(e, product, addend, sum));
    const result = registerOf(e, SINGLE, op('f32.demote_f64', toOdd(e, sum, lost)));
    e.when(isUncomfortable(SINGLE, result), () => e.giveUpIf(op('f64.ne', sum, ZERO)));
    requireExactOrKnown(e, () => or(op('f64.ne', lost, ZERO), op('f64.ne', sum, wide(SINGLE, singleOf(result)))));
    return result;
  };
}
