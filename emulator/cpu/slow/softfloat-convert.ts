/** Conversions between the two formats and between floating point and integers; comparisons; classification. */
import {
  canonicalNaN,
  DOUBLE,
  FINITE,
  infinity,
  INFINITE,
  NV,
  NX,
  QUIET,
  raiseFlags,
  roundPack,
  roundsUp,
  shiftRightJam,
  SIGNALING,
  signBit,
  SINGLE,
  unpack,
  Unpacked,
  ZERO,
  zero,
} from './softfloat';

const A = new Unpacked();
const B = new Unpacked();

/** From one format to the other, rounding when it is narrower. */
export function convert(bits: u64, from: i32, to: i32): u64 {
  unpack(bits, from, A);
  if (A.kind >= QUIET) {
    if (A.kind == SIGNALING) raiseFlags(NV);
    return canonicalNaN(to);
  }
  if (A.kind == INFINITE) return infinity(to, A.isNegative);
  if (A.kind == ZERO) return zero(to, A.isNegative);
  return roundPack(A.isNegative, A.exp, A.sig, to);
}

/** To an integer of `width` bits, sign-extended to 64 whatever its kind. Out of range saturates and raises NV alone. */
export function toInteger(bits: u64, format: i32, width: i32, isSigned: bool): u64 {
  unpack(bits, format, A);
  if (A.kind == ZERO) return 0;
  const isNegative = A.isNegative && A.kind < QUIET;
  if (A.kind != FINITE || A.exp > 63) return saturate(isNegative, width, isSigned);
  // Integer part and rest, the rest scaled so that its top bit is one half.
  let whole: u64 = 0;
  let rest: u64 = 0;
  if (A.exp >= 0) {
    whole = A.sig >> (63 - A.exp);
    rest = A.exp == 63 ? 0 : A.sig << (A.exp + 1);
  } else {
    rest = shiftRightJam(A.sig, -1 - A.exp);
  }
  if (roundsUp(isNegative, (whole & 1) != 0, rest, 1 << 63)) {
    whole++;
    if (whole == 0) return saturate(isNegative, width, isSigned);
  }
  if (whole > largest(isNegative, width, isSigned)) return saturate(isNegative, width, isSigned);
  if (rest != 0) raiseFlags(NX);
  const value = isNegative ? 0 - whole : whole;
  return width == 32 ? <u64>(<i64>(<i32>value)) : value;
}

/** Largest magnitude that the integer type holds. */
function largest(isNegative: bool, width: i32, isSigned: bool): u64 {
  if (isSigned) return ((<u64>1) << (width - 1)) - (isNegative ? 0 : 1);
  return isNegative ? 0 : ~(<u64>0) >> (64 - width);
}

function saturate(isNegative: bool, width: i32, isSigned: bool): u64 {
  raiseFlags(NV);
  const magnitude = largest(isNegative, width, isSigned);
  const value = isNegative ? 0 - magnitude : magnitude;
  return width == 32 ? <u64>(<i64>(<i32>value)) : value;
}

export function fromInteger(value: u64, width: i32, isSigned: bool, format: i32): u64 {
  if (width == 32) value = isSigned ? <u64>(<i64>(<i32>value)) : value & 0xffff_ffff;
  if (value == 0) return 0;
  const isNegative = isSigned && value >> 63 != 0;
  const magnitude = isNegative ? 0 - value : value;
  const shift = <i32>clz(magnitude);
  return roundPack(isNegative, 63 - shift, magnitude << shift, format);
}

/** -1, 0, 1, or UNORDERED. Any NaN raises NV when `isSignaling`, else only a signaling one does. */
function compare(a: u64, b: u64, format: i32, isSignaling: bool): i32 {
  unpack(a, format, A);
  unpack(b, format, B);
  if (A.kind >= QUIET || B.kind >= QUIET) {
    if (isSignaling || A.kind == SIGNALING || B.kind == SIGNALING) raiseFlags(NV);
    return UNORDERED;
  }
  const orderA = ordinal(a, format);
  const orderB = ordinal(b, format);
  return orderA < orderB ? -1 : orderA > orderB ? 1 : 0;
}
const UNORDERED: i32 = 2;

/** An integer that orders as the number does; both zeros are 0. */
function ordinal(bits: u64, format: i32): i64 {
  const magnitude = <i64>(bits & (signBit(format) - 1));
  return (bits & signBit(format)) != 0 ? -magnitude : magnitude;
}

export function equal(a: u64, b: u64, format: i32): u64 {
  return compare(a, b, format, false) == 0 ? 1 : 0;
}
export function less(a: u64, b: u64, format: i32): u64 {
  return compare(a, b, format, true) == -1 ? 1 : 0;
}
export function lessOrEqual(a: u64, b: u64, format: i32): u64 {
  return compare(a, b, format, true) <= 0 ? 1 : 0;
}

/** minimumNumber and maximumNumber of IEEE 754-2019: a NaN loses against a number, -0 is below +0. */
export function smaller(a: u64, b: u64, format: i32, wantsLarger: bool): u64 {
  const order = compare(a, b, format, false);
  if (order == UNORDERED) {
    if (A.kind >= QUIET) return B.kind >= QUIET ? canonicalNaN(format) : b;
    return a;
  }
  const isFirstSmaller = order == 0 ? A.isNegative : order < 0;
  return isFirstSmaller != wantsLarger ? a : b;
}

/** fclass: one bit of ten. */
export function classify(bits: u64, format: i32): u64 {
  unpack(bits, format, A);
  if (A.kind == SIGNALING) return 1 << 8;
  if (A.kind == QUIET) return 1 << 9;
  const isSubnormal = A.kind == FINITE && A.exp < (format == DOUBLE ? -1022 : -126);
  const magnitude = A.kind == INFINITE ? 0 : A.kind == ZERO ? 3 : isSubnormal ? 2 : 1;
  return (<u64>1) << (A.isNegative ? magnitude : 7 - magnitude);
}

export function singleFromDouble(bits: u64): u64 {
  return convert(bits, DOUBLE, SINGLE);
}
export function doubleFromSingle(bits: u64): u64 {
  return convert(bits, SINGLE, DOUBLE);
}
