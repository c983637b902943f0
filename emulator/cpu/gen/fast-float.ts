/**
 * Floating point by the host's own arithmetic. wasm rounds to nearest even and raises no flags, so an operation
 * qualifies when that is the rounding mode in force, when no flag but "inexact" can be due, and when that one is either
 * set already (it stays set, whatever this one does) or seen not to be due: the result is exact. All else goes to
 * cpu/slow, which also sets "inexact" the first time. Fused multiply-add is in fused.ts.
 */
import { choose, i32, i64, load, op, type Code, type Mnemonic } from '../../wasm/encoder.ts';
import { FFLAGS, FLOAT_FAST } from '../layout.ts';
import { doubleFused, singleFused } from './fused.ts';
import {
  and,
  asDouble,
  BOX,
  boxed,
  DOUBLE,
  DYNAMIC,
  exponentOf,
  type FloatEmitter,
  type Generator,
  isNotZero,
  isSpecial,
  isUncomfortable,
  lostInSum,
  not,
  or,
  type Precision,
  RDN,
  registerOf,
  requireExactOrKnown,
  requireNearest,
  requireNearestField,
  roundingField,
  RTZ,
  RUP,
  SINGLE,
  singleOf,
  unboxed,
  valueOf,
  wide,
} from './native-float.ts';

/** A sum is exact when it is tiny, so it must only be finite. */
function sum(p: Precision, name: 'add' | 'sub'): Generator {
  return (e, operands) => {
    requireNearestField(e);
    const [a, b] = operands.map(operand => unboxed(e, p, operand)) as [Code, Code];
    const result = registerOf(e, p, op(`${p.type}.${name}`, a, b));
    e.giveUpIf(isSpecial(p, result));
    requireExactOrKnown(e, () => {
      const [x, y] = [a, b].map(value => e.bindDouble(wide(p, value))) as [Code, Code];
      const addend = name === 'add' ? y : op('f64.neg', y);
      if (p === DOUBLE) {
        const total = e.bindDouble(asDouble(result));
        return not(op('f64.eq', lostInSum(e, x, addend, total), asDouble(i64(0))));
      }
      // As doubles two singles may add up to something inexact too.
      const total = e.bindDouble(op('f64.add', x, addend));
      const isLost = not(op('f64.eq', lostInSum(e, x, addend, total), asDouble(i64(0))));
      return or(isLost, op('f64.ne', total, wide(p, singleOf(result))));
    });
    return result;
  };
}
/** Zeros below the significands of two normal numbers together. */
function zerosBelow(a: Code, b: Code): Code {
  const one = i64(2n ** 52n);
  const zeros = (register: Code): Code => op('i64.ctz', op('i64.or', register, one));
  return op('i32.wrap_i64', op('i64.add', zeros(a), zeros(b)));
}
/** Then their product has 53 bits at most, if both are normal. */
const isExactProduct = (a: Code, b: Code): Code => op('i32.ge_u', zerosBelow(a, b), i32(53));

/** Gives up unless the result is comfortable, or zero because an operand (one of `zeros`) is. */
function requireComfortable(e: FloatEmitter, p: Precision, result: Code, zeros: readonly Code[]): void {
  e.when(isUncomfortable(p, result), () => {
    const isNoZero = zeros.map(zero => isNotZero(p, zero)).reduce(and);
    e.giveUpIf(or(isNotZero(p, result), isNoZero));
  });
}

function product(p: Precision): Generator {
  return (e, [a, b]) => {
    requireNearestField(e);
    const [x, y] = [unboxed(e, p, a!), unboxed(e, p, b!)];
    const result = registerOf(e, p, op(`${p.type}.mul`, x, y));
    requireComfortable(e, p, result, [a!, b!]);
    requireExactOrKnown(e, () =>
      p === DOUBLE
        ? and(isNotZero(p, result), not(isExactProduct(a!, b!)))
        : op('f64.ne', op('f64.mul', wide(p, x), wide(p, y)), wide(p, singleOf(result))),
    );
    return result;
  };
}

/** Exact when the quotient times the divisor, itself exact, is the dividend. */
function quotient(p: Precision): Generator {
  return (e, [a, b]) => {
    requireNearestField(e);
    const [x, y] = [unboxed(e, p, a!), unboxed(e, p, b!)];
    const result = registerOf(e, p, op(`${p.type}.div`, x, y));
    requireComfortable(e, p, result, [a!]);
    requireExactOrKnown(e, () => {
      const back = op('f64.mul', wide(p, valueOf(p, result)), wide(p, y));
      const isWrong = op('f64.ne', back, wide(p, x));
      if (p === SINGLE) return isWrong;
      const isUnsure = or(isUncomfortable(p, a!), not(isExactProduct(result, b!)));
      return and(isNotZero(p, result), or(isWrong, isUnsure));
    });
    return result;
  };
}

function root(p: Precision): Generator {
  return (e, [a]) => {
    requireNearestField(e);
    const x = unboxed(e, p, a!);
    const result = registerOf(e, p, op(`${p.type}.sqrt`, x));
    requireComfortable(e, p, result, [a!]);
    requireExactOrKnown(e, () => {
      const value = wide(p, valueOf(p, result));
      const isWrong = op('f64.ne', op('f64.mul', value, value), wide(p, x));
      if (p === SINGLE) return isWrong;
      const isUnsure = or(isUncomfortable(p, a!), not(isExactProduct(result, result)));
      return and(isNotZero(p, result), or(isWrong, isUnsure));
    });
    return result;
  };
}

/** Ordered operands only: a NaN may raise a flag, or be another NaN than wasm's. */
function ordered(e: FloatEmitter, p: Precision, operands: readonly Code[]): [Code, Code] {
  const [a, b] = operands.map(operand => unboxed(e, p, operand)) as [Code, Code];
  e.giveUpIf(not(and(op(`${p.type}.eq`, a, a), op(`${p.type}.eq`, b, b))));
  return [a, b];
}
function comparison(p: Precision, name: 'eq' | 'lt' | 'le'): Generator {
  return (e, operands) => op('i64.extend_i32_u', op(`${p.type}.${name}`, ...ordered(e, p, operands)));
}
function extreme(p: Precision, name: 'min' | 'max'): Generator {
  return (e, operands) => boxed(p, op(p.toBits, op(`${p.type}.${name}`, ...ordered(e, p, operands))));
}

/** The sign bit of the second operand, changed by `combine`, on the first one's magnitude. */
function signs(p: Precision, combine: (a: Code, b: Code) => Code): Generator {
  const sign = p === DOUBLE ? 63n : 31n;
  const mask = i64(1n << sign);
  return (e, [a, b]) => {
    if (p === SINGLE) e.giveUpIf(op('i64.lt_u', and64(a!, b!), BOX));
    const magnitude = and64(a!, i64(~(1n << sign)));
    return op('i64.or', magnitude, and64(combine(a!, b!), mask));
  };
}
const and64 = (a: Code, b: Code): Code => op('i64.and', a, b);

/** fclass: the magnitude's kind from infinite to zero is 0 … 3, mirrored for positive numbers; then the NaNs. */
function classes(p: Precision): Generator {
  const fraction = BigInt(p.fractionBits);
  const infinite = BigInt(p.topExponent) << fraction;
  const magnitudeMask = (1n << (p === DOUBLE ? 63n : 31n)) - 1n;
  const select = (condition: Code, yes: Code, no: Code): Code => op('select', yes, no, condition);
  return (e, [a]) => {
    if (p === SINGLE) e.giveUpIf(op('i64.lt_u', a!, BOX));
    const magnitude = e.bind(and64(a!, i64(magnitudeMask)));
    const isNormal = op('i64.ge_u', magnitude, i64(1n << fraction));
    const small = select(op('i64.eqz', magnitude), i64(3), i64(2));
    const finite = select(isNormal, i64(1), small);
    const kind = e.bind(select(op('i64.eq', magnitude, i64(infinite)), i64(0), finite));
    const isPositive = op('i64.eqz', and64(a!, i64(magnitudeMask + 1n)));
    const number = select(isPositive, op('i64.sub', i64(7), kind), kind);
    const isQuiet = op('i64.ge_u', magnitude, i64(infinite | (1n << (fraction - 1n))));
    const nan = select(isQuiet, i64(9), i64(8));
    return op('i64.shl', i64(1), select(op('i64.lt_u', i64(infinite), magnitude), nan, number));
  };
}

/** From a 64-bit integer, which the format may have to round. Small ones it need not. */
function fromLong(p: Precision, convert: Mnemonic, isSigned: boolean): Generator {
  const limit = 1n << BigInt(p.fractionBits + 1);
  return (e, [a]) => {
    requireNearest(e, () =>
      isSigned ? op('i64.lt_u', i64(2n * limit), op('i64.add', a!, i64(limit))) : op('i64.lt_u', i64(limit), a!),
    );
    return boxed(p, op(p.toBits, op(convert, a!)));
  };
}
/** From a 32-bit integer to a single. */
function singleFromWord(convert: Mnemonic): Generator {
  return (e, [a]) => {
    const exact = e.bindDouble(op(convert, op('i32.wrap_i64', a!)));
    const result = e.bind(boxed(SINGLE, op('i32.reinterpret_f32', op('f32.demote_f64', exact))));
    requireNearest(e, () => op('f64.ne', exact, wide(SINGLE, singleOf(result))));
    return result;
  };
}
/** From a 32-bit integer to a double, which always holds it: the rounding mode must only not be a reserved one. */
function doubleFromWord(convert: Mnemonic): Generator {
  return (e, [a]) => {
    requireStatic(e);
    return op('i64.reinterpret_f64', op(convert, op('i32.wrap_i64', a!)));
  };
}
function requireStatic(e: FloatEmitter): void {
  e.giveUpIf(op('i32.eq', roundingField(e), i32(DYNAMIC)));
}

interface IntegerKind {
  /** Numbers below 2^bits in magnitude fit. */
  readonly bits: number;
  readonly isSigned: boolean;
  readonly truncate: Mnemonic;
  readonly extend: (value: Code) => Code;
}
const word = (value: Code): Code => op('i64.extend_i32_s', value);
const same = (value: Code): Code => value;
const INTEGERS: Readonly<Record<'w' | 'wu' | 'l' | 'lu', IntegerKind>> = {
  w: { bits: 31, isSigned: true, truncate: 'i32.trunc_f64_s', extend: word },
  wu: { bits: 32, isSigned: false, truncate: 'i32.trunc_f64_u', extend: word },
  l: { bits: 63, isSigned: true, truncate: 'i64.trunc_f64_s', extend: same },
  lu: { bits: 64, isSigned: false, truncate: 'i64.trunc_f64_u', extend: same },
};

/** Rounded first, by any mode but "nearest, ties to larger"; then in range, as the exponent field says, NaN included. */
function toInteger(p: Precision, { bits, isSigned, truncate, extend }: IntegerKind): Generator {
  return (e, [a]) => {
    const value = e.bindDouble(wide(p, unboxed(e, p, a!)));
    const field = roundingField(e);
    const is = (mode: number): Code => op('i32.eq', field, i32(mode));
    const up = choose('f64', is(RUP), op('f64.ceil', value), op('f64.nearest', value));
    const down = choose('f64', is(RDN), op('f64.floor', value), up);
    const rounded = e.bindDouble(choose('f64', is(RTZ), op('f64.trunc', value), down));
    const whole = e.bind(op('i64.reinterpret_f64', rounded));
    const isUnknown = or(op('i32.ne', field, i32(DYNAMIC)), not(load('i32.load', i32(FLOAT_FAST))));
    e.giveUpIf(and(op('i32.lt_u', i32(RUP), field), isUnknown));
    e.giveUpIf(op('i32.ge_u', exponentOf(DOUBLE, whole), i32((DOUBLE.topExponent >> 1) + bits)));
    if (!isSigned) e.giveUpIf(op('i64.lt_s', whole, i64(0)));
    e.when(not(and(load('i32.load', i32(FFLAGS)), i32(1))), () => e.giveUpIf(op('f64.ne', rounded, value)));
    return extend(op(truncate, rounded));
  };
}
function both(suffix: 's' | 'd', p: Precision): [string, Generator][] {
  const named = (name: string, generator: Generator): [string, Generator] => [`${suffix}.${name}`, generator];
  return [
    named('add', sum(p, 'add')),
    named('sub', sum(p, 'sub')),
    named('mul', product(p)),
    named('div', quotient(p)),
    named('sqrt', root(p)),
    ...(['eq', 'lt', 'le'] as const).map(name => named(name, comparison(p, name))),
    ...(['min', 'max'] as const).map(name => named(name, extreme(p, name))),
    named(
      'sgnj',
      signs(p, (_, b) => b),
    ),
    named(
      'sgnjn',
      signs(p, (_, b) => op('i64.xor', b, i64(-1))),
    ),
    named(
      'sgnjx',
      signs(p, (a, b) => op('i64.xor', a, b)),
    ),
    named('class', classes(p)),
    named('from.l', fromLong(p, `${p.type}.convert_i64_s`, true)),
    named('from.lu', fromLong(p, `${p.type}.convert_i64_u`, false)),
    ...(['w', 'wu', 'l', 'lu'] as const).map(kind => named(`to.${kind}`, toInteger(p, INTEGERS[kind]))),
    ...(['madd', 'msub', 'nmsub', 'nmadd'] as const).map(name =>
      named(name, p === DOUBLE ? doubleFused(name) : singleFused(name)),
    ),
  ];
}

/** By the name that rows use. Precondition of each: mstatus.FS is dirty. */
export const FAST_FLOAT: ReadonlyMap<string, Generator> = new Map<string, Generator>([
  ...both('s', SINGLE),
  ...both('d', DOUBLE),
  ['s.from.w', singleFromWord('f64.convert_i32_s')],
  ['s.from.wu', singleFromWord('f64.convert_i32_u')],
  ['d.from.w', doubleFromWord('f64.convert_i32_s')],
  ['d.from.wu', doubleFromWord('f64.convert_i32_u')],
  [
    's.from.d',
    (e, [a]) => {
      requireNearestField(e);
      const value = asDouble(a!);
      const result = registerOf(e, SINGLE, op('f32.demote_f64', value));
      e.when(isUncomfortable(SINGLE, result), () => e.giveUpIf(isNotZero(DOUBLE, a!)));
      requireExactOrKnown(e, () => op('f64.ne', value, wide(SINGLE, singleOf(result))));
      return result;
    },
  ],
  [
    'd.from.s',
    (e, [a]) => {
      requireStatic(e);
      const value = unboxed(e, SINGLE, a!);
      e.giveUpIf(op('f32.ne', value, value));
      return op('i64.reinterpret_f64', op('f64.promote_f32', value));
    },
  ],
]);
