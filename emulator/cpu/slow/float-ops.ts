/**
 * The floating-point operations that instruction rows name (`d.add` is dAdd): register contents in, register contents
 * out. A single lives NaN-boxed in a 64-bit register; one that is not boxed counts as the canonical NaN.
 */
import { add, div, fma, mul, sqrt, sub } from './softfloat-arith';
import {
  classify,
  doubleFromSingle,
  equal,
  fromInteger,
  less,
  lessOrEqual,
  singleFromDouble,
  smaller,
  toInteger,
} from './softfloat-convert';
import { canonicalNaN, DOUBLE, SINGLE } from './softfloat';

const BOX: u64 = 0xffff_ffff_0000_0000;
const SIGN_S: u64 = 1 << 31;
const SIGN_D: u64 = 1 << 63;

function unbox(register: u64): u64 {
  return (register & BOX) == BOX ? register & ~BOX : canonicalNaN(SINGLE);
}
function box(single: u64): u64 {
  return single | BOX;
}

export function sAdd(a: u64, b: u64): u64 {
  return box(add(unbox(a), unbox(b), SINGLE));
}
export function dAdd(a: u64, b: u64): u64 {
  return add(a, b, DOUBLE);
}
export function sSub(a: u64, b: u64): u64 {
  return box(sub(unbox(a), unbox(b), SINGLE));
}
export function dSub(a: u64, b: u64): u64 {
  return sub(a, b, DOUBLE);
}
export function sMul(a: u64, b: u64): u64 {
  return box(mul(unbox(a), unbox(b), SINGLE));
}
export function dMul(a: u64, b: u64): u64 {
  return mul(a, b, DOUBLE);
}
export function sDiv(a: u64, b: u64): u64 {
  return box(div(unbox(a), unbox(b), SINGLE));
}
export function dDiv(a: u64, b: u64): u64 {
  return div(a, b, DOUBLE);
}
export function sSqrt(a: u64): u64 {
  return box(sqrt(unbox(a), SINGLE));
}
export function dSqrt(a: u64): u64 {
  return sqrt(a, DOUBLE);
}

// The sign of the product, and of the addend, as the four fused instructions want them.
export function sMadd(a: u64, b: u64, c: u64): u64 {
  return box(fma(unbox(a), unbox(b), unbox(c), SINGLE));
}
export function dMadd(a: u64, b: u64, c: u64): u64 {
  return fma(a, b, c, DOUBLE);
}
export function sMsub(a: u64, b: u64, c: u64): u64 {
  return box(fma(unbox(a), unbox(b), unbox(c) ^ SIGN_S, SINGLE));
}
export function dMsub(a: u64, b: u64, c: u64): u64 {
  return fma(a, b, c ^ SIGN_D, DOUBLE);
}
export function sNmsub(a: u64, b: u64, c: u64): u64 {
  return box(fma(unbox(a) ^ SIGN_S, unbox(b), unbox(c), SINGLE));
}
export function dNmsub(a: u64, b: u64, c: u64): u64 {
  return fma(a ^ SIGN_D, b, c, DOUBLE);
}
export function sNmadd(a: u64, b: u64, c: u64): u64 {
  return box(fma(unbox(a) ^ SIGN_S, unbox(b), unbox(c) ^ SIGN_S, SINGLE));
}
export function dNmadd(a: u64, b: u64, c: u64): u64 {
  return fma(a ^ SIGN_D, b, c ^ SIGN_D, DOUBLE);
}

export function sSgnj(a: u64, b: u64): u64 {
  return box((unbox(a) & ~SIGN_S) | (unbox(b) & SIGN_S));
}
export function dSgnj(a: u64, b: u64): u64 {
  return (a & ~SIGN_D) | (b & SIGN_D);
}
export function sSgnjn(a: u64, b: u64): u64 {
  return box((unbox(a) & ~SIGN_S) | (~unbox(b) & SIGN_S));
}
export function dSgnjn(a: u64, b: u64): u64 {
  return (a & ~SIGN_D) | (~b & SIGN_D);
}
export function sSgnjx(a: u64, b: u64): u64 {
  return box((unbox(a) & ~SIGN_S) | ((unbox(a) ^ unbox(b)) & SIGN_S));
}
export function dSgnjx(a: u64, b: u64): u64 {
  return (a & ~SIGN_D) | ((a ^ b) & SIGN_D);
}
export function sMin(a: u64, b: u64): u64 {
  return box(smaller(unbox(a), unbox(b), SINGLE, false));
}
export function dMin(a: u64, b: u64): u64 {
  return smaller(a, b, DOUBLE, false);
}
export function sMax(a: u64, b: u64): u64 {
  return box(smaller(unbox(a), unbox(b), SINGLE, true));
}
export function dMax(a: u64, b: u64): u64 {
  return smaller(a, b, DOUBLE, true);
}
export function sEq(a: u64, b: u64): u64 {
  return equal(unbox(a), unbox(b), SINGLE);
}
export function dEq(a: u64, b: u64): u64 {
  return equal(a, b, DOUBLE);
}
export function sLt(a: u64, b: u64): u64 {
  return less(unbox(a), unbox(b), SINGLE);
}
export function dLt(a: u64, b: u64): u64 {
  return less(a, b, DOUBLE);
}
export function sLe(a: u64, b: u64): u64 {
  return lessOrEqual(unbox(a), unbox(b), SINGLE);
}
export function dLe(a: u64, b: u64): u64 {
  return lessOrEqual(a, b, DOUBLE);
}
export function sClass(a: u64): u64 {
  return classify(unbox(a), SINGLE);
}
export function dClass(a: u64): u64 {
  return classify(a, DOUBLE);
}

export function sToW(a: u64): u64 {
  return toInteger(unbox(a), SINGLE, 32, true);
}
export function dToW(a: u64): u64 {
  return toInteger(a, DOUBLE, 32, true);
}
export function sFromW(value: u64): u64 {
  return box(fromInteger(value, 32, true, SINGLE));
}
export function dFromW(value: u64): u64 {
  return fromInteger(value, 32, true, DOUBLE);
}
export function sToWu(a: u64): u64 {
  return toInteger(unbox(a), SINGLE, 32, false);
}
export function dToWu(a: u64): u64 {
  return toInteger(a, DOUBLE, 32, false);
}
export function sFromWu(value: u64): u64 {
  return box(fromInteger(value, 32, false, SINGLE));
}
export function dFromWu(value: u64): u64 {
  return fromInteger(value, 32, false, DOUBLE);
}
export function sToL(a: u64): u64 {
  return toInteger(unbox(a), SINGLE, 64, true);
}
export function dToL(a: u64): u64 {
  return toInteger(a, DOUBLE, 64, true);
}
export function sFromL(value: u64): u64 {
  return box(fromInteger(value, 64, true, SINGLE));
}
export function dFromL(value: u64): u64 {
  return fromInteger(value, 64, true, DOUBLE);
}
export function sToLu(a: u64): u64 {
  return toInteger(unbox(a), SINGLE, 64, false);
}
export function dToLu(a: u64): u64 {
  return toInteger(a, DOUBLE, 64, false);
}
export function sFromLu(value: u64): u64 {
  return box(fromInteger(value, 64, false, SINGLE));
}
export function dFromLu(value: u64): u64 {
  return fromInteger(value, 64, false, DOUBLE);
}

export function sFromD(a: u64): u64 {
  return box(singleFromDouble(a));
}
export function dFromS(a: u64): u64 {
  return doubleFromSingle(unbox(a));
}
