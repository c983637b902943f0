/**
 * IEEE 754 numbers in software: taking them apart, rounding and putting them together. Exact results and flags as the
 * RISC-V specification wants them: canonical NaNs, tininess detected after rounding. A format is named by the number of
 * its fraction bits: SINGLE or DOUBLE. Encodings are right-aligned in a u64; NaN boxing is float-ops.ts's.
 */
import { FFLAGS } from '../layout';
import { cell, setCell } from './state';
import { rounding } from './system';

export const SINGLE: i32 = 23;
export const DOUBLE: i32 = 52;

/** fflags */
export const NX: u64 = 1;
export const UF: u64 = 2;
export const OF: u64 = 4;
export const DZ: u64 = 8;
export const NV: u64 = 16;

/** frm */
export const RNE: i32 = 0;
export const RTZ: i32 = 1;
export const RDN: i32 = 2;
export const RUP: i32 = 3;
export const RMM: i32 = 4;

/** Kinds, in an order that makes `kind >= QUIET` mean NaN. */
export const ZERO: i32 = 0;
export const FINITE: i32 = 1;
export const INFINITE: i32 = 2;
export const QUIET: i32 = 3;
export const SIGNALING: i32 = 4;

const TOP: u64 = 1 << 63;

/** A number taken apart. FINITE means sig / 2^63 * 2^exp with the top bit of sig set, subnormals included. */
export class Unpacked {
  kind: i32 = ZERO;
  isNegative: bool = false;
  exp: i32 = 0;
  sig: u64 = 0;
}

export function raiseFlags(flags: u64): void {
  setCell(FFLAGS, cell(FFLAGS) | flags);
}

function biasOf(format: i32): i32 {
  return format == DOUBLE ? 1023 : 127;
}
/** The exponent field of infinities and NaNs. */
function topExponent(format: i32): u64 {
  return format == DOUBLE ? 0x7ff : 0xff;
}
export function signBit(format: i32): u64 {
  return format == DOUBLE ? TOP : 1 << 31;
}
export function canonicalNaN(format: i32): u64 {
  return (topExponent(format) << format) | ((<u64>1) << (format - 1));
}
export function infinity(format: i32, isNegative: bool): u64 {
  return (isNegative ? signBit(format) : 0) | (topExponent(format) << format);
}
export function zero(format: i32, isNegative: bool): u64 {
  return isNegative ? signBit(format) : 0;
}
/** The result of an invalid operation. */
export function invalid(format: i32): u64 {
  raiseFlags(NV);
  return canonicalNaN(format);
}

export function unpack(bits: u64, format: i32, into: Unpacked): void {
  const fraction = bits & (((<u64>1) << format) - 1);
  const exponent = (bits >> format) & topExponent(format);
  into.isNegative = (bits & signBit(format)) != 0;
  if (exponent == topExponent(format)) {
    const isQuiet = fraction >> (format - 1) != 0;
    into.kind = fraction == 0 ? INFINITE : isQuiet ? QUIET : SIGNALING;
  } else if (exponent != 0) {
    into.kind = FINITE;
    into.exp = <i32>exponent - biasOf(format);
    into.sig = TOP | (fraction << (63 - format));
  } else if (fraction != 0) {
    const shift = <i32>clz(fraction);
    into.kind = FINITE;
    into.exp = 1 - biasOf(format) + (63 - format) - shift;
    into.sig = fraction << shift;
  } else {
    into.kind = ZERO;
  }
}

/** Shifts right; what falls out leaves a mark in the lowest bit. */
export function shiftRightJam(value: u64, by: i32): u64 {
  if (by <= 0) return value;
  if (by >= 64) return value != 0 ? 1 : 0;
  return (value >> by) | (value << (64 - by) != 0 ? 1 : 0);
}

/** Does rounding away `rest` (scaled so that `half` is one half) go to the next larger magnitude? */
export function roundsUp(isNegative: bool, isOdd: bool, rest: u64, half: u64): bool {
  if (rounding == RNE) return rest > half || (rest == half && isOdd);
  if (rounding == RMM) return rest >= half;
  if (rounding == RDN) return isNegative && rest != 0;
  if (rounding == RUP) return !isNegative && rest != 0;
  return false;
}

/** Rounds sig / 2^63 * 2^exp (top bit of sig set, lowest bit sticky) to the format and raises OF, UF and NX. */
export function roundPack(isNegative: bool, exp: i32, sig: u64, format: i32): u64 {
  const drop = 63 - format;
  const half = (<u64>1) << (drop - 1);
  const restMask = ((<u64>1) << drop) - 1;
  const bias = biasOf(format);
  const minExp = 1 - bias;
  let isTiny = false;
  let field = exp + bias;
  if (exp < minExp) {
    isTiny = exp < minExp - 1 || !carriesOut(isNegative, sig, drop);
    sig = shiftRightJam(sig, minExp - exp);
    field = 1;
  }
  const rest = sig & restMask;
  let kept = sig >> drop;
  if (roundsUp(isNegative, (kept & 1) != 0, rest, half)) kept++;
  if (field > 0 && kept >> (format + 1) != 0) {
    kept >>= 1;
    field++;
  }
  if (field >= <i32>topExponent(format)) return overflow(isNegative, format);
  if (rest != 0) raiseFlags(isTiny ? UF | NX : NX);
  // The leading one of a normal number adds 1 to the exponent field; a subnormal has none.
  return (isNegative ? signBit(format) : 0) + ((<u64>(field - 1)) << format) + kept;
}

/** Would rounding to full precision, were the exponent unbounded, reach the next power of two? */
function carriesOut(isNegative: bool, sig: u64, drop: i32): bool {
  const kept = sig >> drop;
  const rest = sig & (((<u64>1) << drop) - 1);
  return kept + 1 == (<u64>1) << (64 - drop) && roundsUp(isNegative, true, rest, (<u64>1) << (drop - 1));
}

function overflow(isNegative: bool, format: i32): u64 {
  raiseFlags(OF | NX);
  const toInfinity = rounding == RNE || rounding == RMM || rounding == (isNegative ? RDN : RUP);
  const result = infinity(format, isNegative);
  return toInfinity ? result : result - 1;
}
