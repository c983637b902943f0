/** printf's %e %f %g %a of a double, exactly: its decimal digits come from integer arithmetic on a big number. */
import { Bytes, BytesBuilder } from "../../lib/bytes";

/** Base 10^9 digits, least significant first: 2^1024 has 309 decimal digits, 2^-1074 has 1074 behind the point. */
const WORDS: i32 = 130;
const BASE: u64 = 1_000_000_000;

@final
class Decimal {
  /** Digits without leading zeros; empty for zero. */
  digits: StaticArray<u8> = new StaticArray<u8>(0);
  /** How many of them stand before the point (may be negative or beyond the digits). */
  point: i32 = 0;

  /** Exact value of mantissa * 2^exponent. */
  constructor(mantissa: u64, exponent: i32) {
    const words = new StaticArray<u32>(WORDS);
    let n = 0;
    for (let m = mantissa; m != 0; m /= BASE) words[n++] = <u32>(m % BASE);
    let scale = 0;
    // A negative power: times 5^k, with the point k digits to the left.
    const factor: u64 = exponent >= 0 ? 2 : 5;
    for (let k = abs(exponent); k > 0; k--) {
      let carry: u64 = 0;
      for (let i = 0; i < n; i++) {
        const v = <u64>words[i] * factor + carry;
        words[i] = <u32>(v % BASE);
        carry = v / BASE;
      }
      if (carry != 0) words[n++] = <u32>carry;
    }
    if (exponent < 0) scale = -exponent;
    const all = new StaticArray<u8>(n * 9);
    for (let i = 0; i < n; i++) {
      let v = words[n - 1 - i];
      for (let k = 8; k >= 0; k--, v /= 10) all[i * 9 + k] = <u8>(v % 10);
    }
    let first = 0;
    while (first < all.length && all[first] == 0) first++;
    this.digits = StaticArray.fromArray<u8>(all.slice(first));
    this.point = all.length - first - scale;
  }

  /** Rounds to `n` digits from the first, to nearest, ties to even. */
  round(n: i32): void {
    if (n >= this.digits.length) return;
    let up = false;
    if (n >= 0) {
      const next = this.digits[n];
      let rest = false;
      for (let i = n + 1; i < this.digits.length; i++) if (this.digits[i] != 0) rest = true;
      up = next > 5 || (next == 5 && (rest || (n > 0 && (this.digits[n - 1] & 1) == 1)));
    }
    const kept = new StaticArray<u8>(max(n, 0));
    for (let i = 0; i < kept.length; i++) kept[i] = this.digits[i];
    this.digits = kept;
    if (!up) return;
    let i = n - 1;
    while (i >= 0 && kept[i] == 9) kept[i--] = 0;
    if (i >= 0) {
      kept[i]++;
      return;
    }
    const grown = new StaticArray<u8>(kept.length + 1);
    grown[0] = 1;
    this.digits = grown;
    this.point++;
  }

  at(i: i32): u8 {
    return i >= 0 && i < this.digits.length ? this.digits[i] : 0;
  }
}

/** `v` is not negative. `letter` is one of eEfFgGaA; a negative precision is the default. */
export function formatFloat(v: f64, letter: u8, precision: i32, alternate: bool): Bytes {
  const isUpper = letter < 0x60;
  const out = new BytesBuilder();
  if (!isFinite(v)) return out.text(isNaN(v) ? (isUpper ? "NAN" : "nan") : isUpper ? "INF" : "inf").take();
  const bits = reinterpret<u64>(v);
  const field = <i32>((bits >> 52) & 0x7ff);
  const fraction = bits & 0xf_ffff_ffff_ffff;
  if ((letter | 0x20) == 0x61) return hexFloat(field, fraction, isUpper, precision);
  const d = new Decimal(field == 0 ? fraction : fraction | 0x10_0000_0000_0000, max(field, 1) - 1075);
  const isZero = d.digits.length == 0;
  if (precision < 0) precision = 6;
  switch (letter | 0x20) {
    case 0x66:
      d.round(d.point + precision);
      fixed(d, precision, alternate, out);
      break;
    case 0x65:
      d.round(precision + 1);
      scientific(d, isZero, precision, alternate, isUpper, out);
      break;
    default: {
      const p = max(precision, 1);
      d.round(p);
      const exponent = isZero ? 0 : d.point - 1;
      // Without '#', zeros at the end are not written.
      let n = d.digits.length;
      while (n > 0 && d.digits[n - 1] == 0) n--;
      if (exponent < -4 || exponent >= p) {
        scientific(d, isZero, alternate ? p - 1 : max(n - 1, 0), alternate, isUpper, out);
      } else fixed(d, alternate ? p - 1 - exponent : max(n - d.point, 0), alternate, out, isZero);
    }
  }
  return out.take();
}

function fixed(d: Decimal, decimals: i32, alternate: bool, out: BytesBuilder, isZero: bool = false): void {
  if (isZero && !alternate) decimals = 0;
  if (d.point <= 0) out.byte(0x30);
  for (let i = 0; i < d.point; i++) out.byte(0x30 + d.at(i));
  if (decimals > 0 || alternate) out.byte(0x2e);
  for (let i = 0; i < decimals; i++) out.byte(0x30 + d.at(d.point + i));
}

function scientific(d: Decimal, isZero: bool, decimals: i32, alternate: bool, isUpper: bool, out: BytesBuilder): void {
  out.byte(0x30 + d.at(0));
  if (decimals > 0 || alternate) out.byte(0x2e);
  for (let i = 1; i <= decimals; i++) out.byte(0x30 + d.at(i));
  const exponent = isZero ? 0 : d.point - 1;
  out
    .byte(isUpper ? 0x45 : 0x65)
    .byte(exponent < 0 ? 0x2d : 0x2b)
    .dec(abs(exponent), 2, 0x30);
}

/** %a: 0xh.hhhp±d. */
function hexFloat(field: i32, fraction: u64, isUpper: bool, precision: i32): Bytes {
  const out = new BytesBuilder();
  let lead: u64 = field == 0 ? 0 : 1;
  let exponent = field == 0 ? (fraction == 0 ? 0 : -1022) : field - 1023;
  let digits = 13;
  if (precision >= 0 && precision < 13) {
    const drop = <u64>(4 * (13 - precision));
    const all = (lead << 52) | fraction;
    let kept = all >> drop;
    const rest = all & (((<u64>1) << drop) - 1);
    const half = (<u64>1) << (drop - 1);
    if (rest > half || (rest == half && (kept & 1) == 1)) kept++;
    const whole = kept << drop;
    lead = whole >> 52;
    fraction = whole & 0xf_ffff_ffff_ffff;
    digits = precision;
  } else if (precision < 0) {
    while (digits > 0 && ((fraction >> (<u64>(4 * (13 - digits)))) & 15) == 0) digits--;
  }
  out.text(isUpper ? "0X" : "0x").unsigned(lead);
  const width = precision > 13 ? precision : digits;
  if (width > 0) out.byte(0x2e);
  for (let i = 0; i < width; i++) {
    const h = i < 13 ? <u8>((fraction >> (<u64>(4 * (12 - i)))) & 15) : 0;
    out.byte(h < 10 ? 0x30 + h : (isUpper ? 0x37 : 0x57) + h);
  }
  if (fraction == 0 && lead == 0) exponent = 0;
  out
    .byte(isUpper ? 0x50 : 0x70)
    .byte(exponent < 0 ? 0x2d : 0x2b)
    .dec(abs(exponent));
  return out.take();
}
