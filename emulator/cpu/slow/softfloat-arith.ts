/** Addition, multiplication, division, square root and fused multiply-add, each rounded once. */
import {
  canonicalNaN,
  DZ,
  infinity,
  INFINITE,
  invalid,
  NV,
  QUIET,
  raiseFlags,
  RDN,
  roundPack,
  shiftRightJam,
  SIGNALING,
  signBit,
  Unpacked,
  unpack,
  ZERO,
  zero,
} from './softfloat';
import { rounding } from './system';

const A = new Unpacked();
const B = new Unpacked();
const C = new Unpacked();

function unpackBoth(a: u64, b: u64, format: i32): void {
  unpack(a, format, A);
  unpack(b, format, B);
}
function isAnyNaN(): bool {
  return A.kind >= QUIET || B.kind >= QUIET;
}
function nanOfBoth(format: i32): u64 {
  if (A.kind == SIGNALING || B.kind == SIGNALING) raiseFlags(NV);
  return canonicalNaN(format);
}
/** The sign of an exact zero sum of numbers with different signs. */
function zeroSum(format: i32): u64 {
  return zero(format, rounding == RDN);
}

export function add(a: u64, b: u64, format: i32): u64 {
  unpackBoth(a, b, format);
  if (isAnyNaN()) return nanOfBoth(format);
  if (A.kind == INFINITE) return B.kind == INFINITE && A.isNegative != B.isNegative ? invalid(format) : a;
  if (B.kind == INFINITE) return b;
  if (A.kind == ZERO) return B.kind == ZERO && A.isNegative != B.isNegative ? zeroSum(format) : b;
  if (B.kind == ZERO) return a;
  // One bit of headroom for the carry; the bits below the fraction are guard bits.
  const exp = max(A.exp, B.exp);
  const sigA = shiftRightJam(A.sig >> 1, exp - A.exp);
  const sigB = shiftRightJam(B.sig >> 1, exp - B.exp);
  const isSum = A.isNegative == B.isNegative;
  if (!isSum && sigA == sigB) return zeroSum(format);
  const isNegative = isSum || sigA > sigB ? A.isNegative : B.isNegative;
  const sig = isSum ? sigA + sigB : sigA > sigB ? sigA - sigB : sigB - sigA;
  const shift = <i32>clz(sig);
  return roundPack(isNegative, exp + 1 - shift, sig << shift, format);
}

export function sub(a: u64, b: u64, format: i32): u64 {
  unpack(b, format, B);
  return add(a, B.kind >= QUIET ? b : b ^ signBit(format), format);
}

export function mul(a: u64, b: u64, format: i32): u64 {
  unpackBoth(a, b, format);
  if (isAnyNaN()) return nanOfBoth(format);
  const isNegative = A.isNegative != B.isNegative;
  if (A.kind == INFINITE || B.kind == INFINITE) {
    return A.kind == ZERO || B.kind == ZERO ? invalid(format) : infinity(format, isNegative);
  }
  if (A.kind == ZERO || B.kind == ZERO) return zero(format, isNegative);
  const high = mulHigh(A.sig, B.sig);
  const low = A.sig * B.sig;
  // The product is in [1, 4): its top bit may be clear.
  const isShort = high >> 63 == 0;
  const sig = isShort ? (high << 1) | (low >> 63) : high;
  const rest = isShort ? low << 1 : low;
  return roundPack(isNegative, A.exp + B.exp + (isShort ? 0 : 1), sig | (rest != 0 ? 1 : 0), format);
}

function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffff_ffff;
  const a1 = a >> 32;
  const b0 = b & 0xffff_ffff;
  const b1 = b >> 32;
  const middle = a0 * b1 + ((a0 * b0) >> 32);
  const other = a1 * b0 + (middle & 0xffff_ffff);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

export function div(a: u64, b: u64, format: i32): u64 {
  unpackBoth(a, b, format);
  if (isAnyNaN()) return nanOfBoth(format);
  const isNegative = A.isNegative != B.isNegative;
  if (A.kind == INFINITE) return B.kind == INFINITE ? invalid(format) : infinity(format, isNegative);
  if (B.kind == INFINITE) return zero(format, isNegative);
  if (B.kind == ZERO) {
    if (A.kind == ZERO) return invalid(format);
    raiseFlags(DZ);
    return infinity(format, isNegative);
  }
  if (A.kind == ZERO) return zero(format, isNegative);
  // Long division, bit by bit. The significands have 53 bits at most, so remainders fit.
  const divisor = B.sig >> 1;
  let rest = A.sig >> 1;
  let exp = A.exp - B.exp;
  if (rest < divisor) {
    rest <<= 1;
    exp--;
  }
  let quotient: u64 = 0;
  for (let bit = 63; bit >= 0; bit--) {
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= (<u64>1) << bit;
    }
    rest <<= 1;
  }
  return roundPack(isNegative, exp, quotient | (rest != 0 ? 1 : 0), format);
}

export function sqrt(a: u64, format: i32): u64 {
  unpack(a, format, A);
  if (A.kind >= QUIET) {
    if (A.kind == SIGNALING) raiseFlags(NV);
    return canonicalNaN(format);
  }
  if (A.kind == ZERO) return a;
  if (A.isNegative) return invalid(format);
  if (A.kind == INFINITE) return a;
  // Digit by digit: 60 bits of root from the radicand's 54 bits and zeros behind them.
  const isOdd = (A.exp & 1) != 0;
  let radicand = isOdd ? A.sig : A.sig >> 1;
  let root: u64 = 0;
  let rest: u64 = 0;
  for (let i = 0; i < ROOT_BITS; i++) {
    rest = (rest << 2) | (radicand >> 62);
    radicand <<= 2;
    const trial = (root << 2) | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  const sig = (root << (64 - ROOT_BITS)) | (rest != 0 ? 1 : 0);
  return roundPack(false, A.exp >> 1, sig, format);
}
/** rest stays below 2^(ROOT_BITS + 2): within 64 bits. */
const ROOT_BITS: i32 = 60;

/** a * b + c */
export function fma(a: u64, b: u64, c: u64, format: i32): u64 {
  unpackBoth(a, b, format);
  unpack(c, format, C);
  const isInvalidProduct = (A.kind == INFINITE && B.kind == ZERO) || (A.kind == ZERO && B.kind == INFINITE);
  if (isAnyNaN() || C.kind >= QUIET) {
    if (isInvalidProduct || A.kind == SIGNALING || B.kind == SIGNALING || C.kind == SIGNALING) raiseFlags(NV);
    return canonicalNaN(format);
  }
  if (isInvalidProduct) return invalid(format);
  const isNegative = A.isNegative != B.isNegative;
  if (A.kind == INFINITE || B.kind == INFINITE) {
    return C.kind == INFINITE && C.isNegative != isNegative ? invalid(format) : infinity(format, isNegative);
  }
  if (C.kind == INFINITE) return c;
  if (A.kind == ZERO || B.kind == ZERO) {
    if (C.kind != ZERO) return c;
    return C.isNegative == isNegative ? c : zeroSum(format);
  }
  return addProduct(isNegative, format);
}

/** The finite product A * B, exact in 128 bits, plus C. */
function addProduct(isNegative: bool, format: i32): u64 {
  let high = mulHigh(A.sig, B.sig);
  let low = A.sig * B.sig;
  let exp = A.exp + B.exp + 1;
  if (high >> 63 == 0) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    exp--;
  }
  if (C.kind == ZERO) return roundPack(isNegative, exp, high | (low != 0 ? 1 : 0), format);
  // One bit of headroom for the carry. Both operands have zeros below, so that jamming hurts no close subtraction.
  low = (low >> 1) | (high << 63);
  high >>= 1;
  let otherHigh = C.sig >> 1;
  let otherLow: u64 = 0;
  const distance = exp - C.exp;
  if (distance > 0) {
    otherLow = lowOfShift(otherHigh, otherLow, distance);
    otherHigh = distance >= 64 ? 0 : otherHigh >> distance;
  } else if (distance < 0) {
    low = lowOfShift(high, low, -distance);
    high = -distance >= 64 ? 0 : high >> -distance;
    exp = C.exp;
  }
  if (isNegative == C.isNegative) {
    const sum = low + otherLow;
    high += otherHigh + (sum < low ? 1 : 0);
    low = sum;
  } else {
    if (high == otherHigh && low == otherLow) return zeroSum(format);
    if (high > otherHigh || (high == otherHigh && low > otherLow)) {
      high -= otherHigh + (low < otherLow ? 1 : 0);
      low -= otherLow;
    } else {
      high = otherHigh - high - (otherLow < low ? 1 : 0);
      low = otherLow - low;
      isNegative = C.isNegative;
    }
  }
  return normalizePack(isNegative, exp + 1, high, low, format);
}

/** The low word of (high, low) shifted right by 1 or more, jammed. */
function lowOfShift(high: u64, low: u64, by: i32): u64 {
  if (by >= 128) return high != 0 || low != 0 ? 1 : 0;
  if (by >= 64) return shiftRightJam(high, by - 64) | (low != 0 ? 1 : 0);
  return (high << (64 - by)) | shiftRightJam(low, by);
}

/** Packs (high, low) / 2^127 * 2^exp. */
function normalizePack(isNegative: bool, exp: i32, high: u64, low: u64, format: i32): u64 {
  if (high == 0) {
    high = low;
    low = 0;
    exp -= 64;
  }
  const shift = <i32>clz(high);
  if (shift > 0) {
    high = (high << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  return roundPack(isNegative, exp - shift, high | (low != 0 ? 1 : 0), format);
}
