/**
 * IEEE 754 for the oracle, by another road than the CPU's: every finite value is an exact fraction of BigInts, every
 * operation is exact, and one function rounds the outcome. A square root keeps 64 extra bits and a sticky bit.
 */

export interface FloatState {
  /** fflags */
  flags: bigint;
  /** frm */
  mode: bigint;
  /** Rounding mode of the operation in progress. */
  rounding: bigint;
}

const NX = 1n;
const UF = 2n;
const OF = 4n;
const DZ = 8n;
const NV = 16n;
const RDN = 2n;

interface Format {
  readonly bits: bigint;
  readonly fraction: bigint;
  readonly bias: bigint;
}
const SINGLE: Format = { bits: 32n, fraction: 23n, bias: 127n };
const DOUBLE: Format = { bits: 64n, fraction: 52n, bias: 1023n };
const FORMATS: Readonly<Record<string, Format>> = { s: SINGLE, d: DOUBLE };

/** num / den, den > 0; the sign of zero is kept apart. */
interface Value {
  readonly kind: 'number' | 'infinity' | 'quiet' | 'signaling';
  readonly isNegative: boolean;
  readonly num: bigint;
  readonly den: bigint;
}

const abs = (a: bigint): bigint => (a < 0n ? -a : a);
const bitLength = (a: bigint): bigint => BigInt(a.toString(2).length);
const topExponent = (f: Format): bigint => 2n * f.bias + 1n;
const isNaN64 = (v: Value): boolean => v.kind === 'quiet' || v.kind === 'signaling';
const isZero = (v: Value): boolean => v.kind === 'number' && v.num === 0n;
const nan = (f: Format): bigint => (topExponent(f) << f.fraction) | (1n << (f.fraction - 1n));
const infinite = (f: Format, isNegative: boolean): bigint => signed(f, isNegative) | (topExponent(f) << f.fraction);
const signed = (f: Format, isNegative: boolean): bigint => (isNegative ? 1n << (f.bits - 1n) : 0n);

/** Register contents to encoding and back: a single must be boxed. */
function unbox(f: Format, register: bigint): bigint {
  if (f === DOUBLE) return register;
  return register >> 32n === 0xffff_ffffn ? register & 0xffff_ffffn : nan(SINGLE);
}
function box(f: Format, bits: bigint): bigint {
  return f === DOUBLE ? bits : bits | 0xffff_ffff_0000_0000n;
}

function valueOf(f: Format, bits: bigint): Value {
  const isNegative = bits >> (f.bits - 1n) === 1n;
  const exponent = (bits >> f.fraction) & topExponent(f);
  const fraction = bits & ((1n << f.fraction) - 1n);
  if (exponent === topExponent(f)) {
    const isQuiet = fraction >> (f.fraction - 1n) === 1n;
    const kind = fraction === 0n ? 'infinity' : isQuiet ? 'quiet' : 'signaling';
    return { kind, isNegative, num: isNegative ? -1n : 1n, den: 1n };
  }
  const magnitude = exponent === 0n ? fraction : fraction | (1n << f.fraction);
  const power = (exponent === 0n ? 1n : exponent) - f.bias - f.fraction;
  const num = (isNegative ? -magnitude : magnitude) << (power > 0n ? power : 0n);
  return { kind: 'number', isNegative, num, den: 1n << (power < 0n ? -power : 0n) };
}

/** floor(num / den) rounded to an integer by the mode, and whether that was inexact. num, den >= 0. */
function roundQuotient(
  num: bigint,
  den: bigint,
  isNegative: boolean,
  mode: bigint,
): { value: bigint; isExact: boolean } {
  const floor = num / den;
  const rest = num % den;
  const half = 2n * rest - den;
  const isUp = [
    half > 0n || (half === 0n && (floor & 1n) === 1n),
    false,
    isNegative && rest > 0n,
    !isNegative && rest > 0n,
    half >= 0n,
  ][Number(mode)]!;
  return { value: isUp ? floor + 1n : floor, isExact: rest === 0n };
}

/** num / den to the nearest encoding; raises OF, UF and NX. Zero gets the given sign. */
function round(state: FloatState, f: Format, num: bigint, den: bigint, zeroIsNegative: boolean): bigint {
  if (num === 0n) return signed(f, zeroIsNegative);
  const isNegative = num < 0n;
  const magnitude = abs(num);
  let exponent = bitLength(magnitude) - bitLength(den);
  if (compareScaled(magnitude, den, exponent) < 0) exponent--;
  const min = 1n - f.bias;
  /** Rounds with the last place worth 2^(e - fraction). */
  const at = (e: bigint): { value: bigint; isExact: boolean } => {
    const shift = f.fraction - e;
    return shift >= 0n
      ? roundQuotient(magnitude << shift, den, isNegative, state.rounding)
      : roundQuotient(magnitude, den << -shift, isNegative, state.rounding);
  };
  const used = exponent < min ? min : exponent;
  const { value, isExact } = at(used);
  const isTiny = exponent < min && !(exponent === min - 1n && at(exponent).value === 1n << (f.fraction + 1n));
  // The leading one adds 1 to the exponent field, and so does a carry out of the fraction.
  const encoding = ((used - min) << f.fraction) + value;
  if (encoding >= topExponent(f) << f.fraction) {
    state.flags |= OF | NX;
    const toInfinity = [true, false, isNegative, !isNegative, true][Number(state.rounding)]!;
    return infinite(f, isNegative) - (toInfinity ? 0n : 1n);
  }
  if (!isExact) state.flags |= isTiny ? UF | NX : NX;
  return signed(f, isNegative) | encoding;
}

/** Sign of num - den * 2^exponent. */
function compareScaled(num: bigint, den: bigint, exponent: bigint): number {
  const [a, b] = exponent >= 0n ? [num, den << exponent] : [num << -exponent, den];
  return a < b ? -1 : a > b ? 1 : 0;
}

function invalid(state: FloatState, f: Format): bigint {
  state.flags |= NV;
  return nan(f);
}
function nanResult(state: FloatState, f: Format, ...values: Value[]): bigint {
  return values.some(v => v.kind === 'signaling') ? invalid(state, f) : nan(f);
}
const negate = (v: Value): Value => ({ ...v, isNegative: !v.isNegative, num: -v.num });

function sum(state: FloatState, f: Format, a: Value, b: Value): bigint {
  if (isNaN64(a) || isNaN64(b)) return nanResult(state, f, a, b);
  if (a.kind === 'infinity') {
    return b.kind === 'infinity' && a.isNegative !== b.isNegative ? invalid(state, f) : infinite(f, a.isNegative);
  }
  if (b.kind === 'infinity') return infinite(f, b.isNegative);
  const zeroSign = a.isNegative === b.isNegative ? a.isNegative : state.rounding === RDN;
  return round(state, f, a.num * b.den + b.num * a.den, a.den * b.den, zeroSign);
}

/** The exact product as a value; undefined when it is infinity times zero. */
function product(a: Value, b: Value): Value | undefined {
  const isNegative = a.isNegative !== b.isNegative;
  if (a.kind === 'infinity' || b.kind === 'infinity') {
    return isZero(a) || isZero(b) ? undefined : { kind: 'infinity', isNegative, num: 1n, den: 1n };
  }
  return { kind: 'number', isNegative, num: a.num * b.num, den: a.den * b.den };
}

function multiplyAdd(state: FloatState, f: Format, a: Value, b: Value, c: Value): bigint {
  if (isNaN64(a) || isNaN64(b)) return nanResult(state, f, a, b, c);
  const p = product(a, b);
  if (p === undefined) return invalid(state, f);
  return sum(state, f, p, c);
}

function divide(state: FloatState, f: Format, a: Value, b: Value): bigint {
  if (isNaN64(a) || isNaN64(b)) return nanResult(state, f, a, b);
  const isNegative = a.isNegative !== b.isNegative;
  if (a.kind === 'infinity') return b.kind === 'infinity' ? invalid(state, f) : infinite(f, isNegative);
  if (b.kind === 'infinity') return signed(f, isNegative);
  if (isZero(b)) {
    if (isZero(a)) return invalid(state, f);
    state.flags |= DZ;
    return infinite(f, isNegative);
  }
  const sign = b.num < 0n ? -1n : 1n;
  return round(state, f, a.num * b.den * sign, a.den * abs(b.num), isNegative);
}

function squareRoot(state: FloatState, f: Format, a: Value): bigint {
  if (isNaN64(a)) return nanResult(state, f, a);
  if (isZero(a)) return signed(f, a.isNegative);
  if (a.isNegative) return invalid(state, f);
  if (a.kind === 'infinity') return infinite(f, false);
  // sqrt(n / d) = sqrt(n d 4^k) / (d 2^k)
  const k = 128n;
  const radicand = (a.num * a.den) << (2n * k);
  const root = integerRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  return round(state, f, 2n * root + sticky, (a.den << k) * 2n, false);
}
function integerRoot(n: bigint): bigint {
  let guess = 1n << (bitLength(n) / 2n + 1n);
  for (;;) {
    const next = (guess + n / guess) / 2n;
    if (next >= guess) return guess;
    guess = next;
  }
}

function compareValues(a: Value, b: Value): number {
  const key = (v: Value): bigint =>
    v.kind === 'infinity' ? (v.isNegative ? -1n : 1n) << 2200n : (v.num << 1100n) / v.den;
  const [x, y] = [key(a), key(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function extreme(state: FloatState, f: Format, wantsLarger: boolean, bits: readonly bigint[]): bigint {
  const [a, b] = [valueOf(f, bits[0]!), valueOf(f, bits[1]!)];
  if (a.kind === 'signaling' || b.kind === 'signaling') state.flags |= NV;
  if (isNaN64(a)) return isNaN64(b) ? nan(f) : bits[1]!;
  if (isNaN64(b)) return bits[0]!;
  const order = compareValues(a, b) || Number(b.isNegative) - Number(a.isNegative);
  return order < 0 === wantsLarger ? bits[1]! : bits[0]!;
}

function test(state: FloatState, op: string, a: Value, b: Value): bigint {
  if (isNaN64(a) || isNaN64(b)) {
    if (op !== 'eq' || a.kind === 'signaling' || b.kind === 'signaling') state.flags |= NV;
    return 0n;
  }
  const order = compareValues(a, b);
  return (op === 'eq' ? order === 0 : op === 'lt' ? order < 0 : order <= 0) ? 1n : 0n;
}

function classOf(f: Format, bits: bigint): bigint {
  const v = valueOf(f, bits);
  if (isNaN64(v)) return v.kind === 'signaling' ? 1n << 8n : 1n << 9n;
  const exponent = (bits >> f.fraction) & topExponent(f);
  const place = v.kind === 'infinity' ? 0n : v.num === 0n ? 3n : exponent === 0n ? 2n : 1n;
  return 1n << (v.isNegative ? place : 7n - place);
}

const INTEGERS: Readonly<Record<string, { width: number; isSigned: boolean }>> = {
  w: { width: 32, isSigned: true },
  wu: { width: 32, isSigned: false },
  l: { width: 64, isSigned: true },
  lu: { width: 64, isSigned: false },
};

function toInteger(state: FloatState, kind: string, a: Value): bigint {
  const { width, isSigned } = INTEGERS[kind]!;
  const bits = BigInt(width);
  const [min, max] = isSigned ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  const clamp = (value: bigint): bigint => {
    state.flags |= NV;
    return extend(value);
  };
  const extend = (value: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(width, value));
  if (a.kind !== 'number') return clamp(a.kind === 'infinity' && a.isNegative ? min : max);
  const { value, isExact } = roundQuotient(abs(a.num), a.den, a.isNegative, state.rounding);
  const result = a.isNegative ? -value : value;
  if (result < min || result > max) return clamp(result < min ? min : max);
  if (!isExact) state.flags |= NX;
  return extend(result);
}

function fromInteger(state: FloatState, f: Format, kind: string, register: bigint): bigint {
  const { width, isSigned } = INTEGERS[kind]!;
  const value = isSigned ? BigInt.asIntN(width, register) : BigInt.asUintN(width, register);
  return round(state, f, value, 1n, false);
}

/** The operation that a row names, on register contents: `d.add`, `s.to.wu`, `d.from.s`. */
export function floatOperation(state: FloatState, op: string, registers: readonly bigint[]): bigint {
  const [format, name, kind] = op.split('.') as [string, string, string | undefined];
  const f = FORMATS[format]!;
  if (name === 'from' && kind !== undefined && kind in INTEGERS)
    return box(f, fromInteger(state, f, kind, registers[0]!));
  if (name === 'from') {
    const source = valueOf(FORMATS[kind!]!, unbox(FORMATS[kind!]!, registers[0]!));
    const minusZero: Value = { kind: 'number', isNegative: source.isNegative, num: 0n, den: 1n };
    return box(f, sum(state, f, source, minusZero));
  }
  const bits = registers.map(register => unbox(f, register));
  const [a, b, c] = bits.map(encoding => valueOf(f, encoding)) as [Value, Value, Value];
  const sign = signed(f, true);
  switch (name) {
    case 'add':
      return box(f, sum(state, f, a, b));
    case 'sub':
      return box(f, sum(state, f, a, negate(b)));
    case 'mul':
      return box(f, multiply(state, f, a, b));
    case 'div':
      return box(f, divide(state, f, a, b));
    case 'sqrt':
      return box(f, squareRoot(state, f, a));
    case 'madd':
      return box(f, multiplyAdd(state, f, a, b, c));
    case 'msub':
      return box(f, multiplyAdd(state, f, a, b, negate(c)));
    case 'nmsub':
      return box(f, multiplyAdd(state, f, negate(a), b, c));
    case 'nmadd':
      return box(f, multiplyAdd(state, f, negate(a), b, negate(c)));
    case 'sgnj':
      return box(f, (bits[0]! & ~sign) | (bits[1]! & sign));
    case 'sgnjn':
      return box(f, (bits[0]! & ~sign) | (~bits[1]! & sign));
    case 'sgnjx':
      return box(f, bits[0]! ^ (bits[1]! & sign));
    case 'min':
    case 'max':
      return box(f, extreme(state, f, name === 'max', bits));
    case 'class':
      return classOf(f, bits[0]!);
    case 'to':
      return toInteger(state, kind!, a);
    default:
      return test(state, name, a, b);
  }
}

function multiply(state: FloatState, f: Format, a: Value, b: Value): bigint {
  if (isNaN64(a) || isNaN64(b)) return nanResult(state, f, a, b);
  const p = product(a, b);
  if (p === undefined) return invalid(state, f);
  return p.kind === 'infinity' ? infinite(f, p.isNegative) : round(state, f, p.num, p.den, p.isNegative);
}
