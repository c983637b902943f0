/** printf (POSIX XCU 4): the format is used again until all operands are consumed. */
import { Bytes, BytesBuilder, b } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { formatFloat } from "../../libc/float-format";
import { numberEnd, parseNumber } from "../arithmetic";
import { failed, warnOf } from "../errors";
import { STOP, UNKNOWN, escapeEnd, readEscape, writeEscaped } from "./escapes";

const EMPTY = b("");
const NUL = Bytes.alloc(1);
/** The arguments, and the next one to be consumed. */
let operands: Bytes[] = [];
let next: i32 = 0;
let status: i32 = 0;
let hasStopped: bool = false;

/** A conversion specification. */
@final
class Spec {
  isLeft: bool = false;
  plus: bool = false;
  space: bool = false;
  alternate: bool = false;
  zero: bool = false;
  width: i32 = 0;
  /** -1: none. */
  precision: i32 = -1;
}

export function printf(args: Bytes[]): i32 {
  let at = 1;
  if (at < args.length && args[at].len == 2 && args[at][0] == 0x2d && args[at][1] == 0x2d) at++;
  if (at >= args.length) return failed("usage: printf format [arg ...]");
  const format = args[at];
  operands = args;
  next = at + 1;
  status = 0;
  hasStopped = false;
  do {
    const before = next;
    if (!pass(format)) break;
    if (next == before) break;
  } while (next < operands.length && !hasStopped);
  operands = [];
  return status;
}

/** Writes the format once. False: nothing more is to be written. */
function pass(format: Bytes): bool {
  for (let i = 0; i < format.len;) {
    const c = format[i];
    if (c == 0x5c) {
      const e = readEscape(format, i + 1, false);
      if (e == UNKNOWN || e == STOP) stdout.byte(format[i++]);
      else {
        stdout.byte(<u8>e);
        i = escapeEnd;
      }
    } else if (c != 0x25) {
      stdout.byte(c);
      i++;
    } else if (i + 1 < format.len && format[i + 1] == 0x25) {
      stdout.byte(c);
      i += 2;
    } else {
      i = conversion(format, i + 1);
      if (i < 0 || hasStopped) return false;
    }
  }
  return true;
}

function operand(): Bytes | null {
  return next < operands.length ? operands[next++] : null;
}

/** From behind the `%`. Returns where the format goes on, or -1 after an error. */
function conversion(format: Bytes, i: i32): i32 {
  const s = new Spec();
  for (; i < format.len; i++) {
    const c = format[i];
    if (c == 0x2d) s.isLeft = true;
    else if (c == 0x2b) s.plus = true;
    else if (c == 0x20) s.space = true;
    else if (c == 0x23) s.alternate = true;
    else if (c == 0x30) s.zero = true;
    else break;
  }
  if (i < format.len && format[i] == 0x2a) {
    s.width = <i32>integer();
    if (s.width < 0) {
      s.isLeft = true;
      s.width = -s.width;
    }
    i++;
  } else
    for (; i < format.len && format[i] >= 0x30 && format[i] <= 0x39; i++) s.width = s.width * 10 + (format[i] - 0x30);
  if (i < format.len && format[i] == 0x2e) {
    i++;
    s.precision = 0;
    if (i < format.len && format[i] == 0x2a) {
      s.precision = <i32>integer();
      i++;
    } else
      for (; i < format.len && format[i] >= 0x30 && format[i] <= 0x39; i++)
        s.precision = s.precision * 10 + (format[i] - 0x30);
  }
  const c = i < format.len ? format[i] : <u8>0;
  switch (c) {
    case 0x64: // d
    case 0x69: // i
      writeSigned(s, integer());
      break;
    case 0x6f: // o
      writeUnsigned(s, <u64>integer(), 8, false);
      break;
    case 0x75: // u
      writeUnsigned(s, <u64>integer(), 10, false);
      break;
    case 0x78: // x
      writeUnsigned(s, <u64>integer(), 16, false);
      break;
    case 0x58: // X
      writeUnsigned(s, <u64>integer(), 16, true);
      break;
    case 0x63: {
      // c
      const a = operand();
      // Without an operand it is a NUL byte.
      padded(s, a && a.len > 0 ? a.slice(0, 1) : NUL);
      break;
    }
    case 0x73: {
      // s
      const a = operand();
      const t = a ? a : EMPTY;
      padded(s, s.precision >= 0 ? t.slice(0, s.precision) : t);
      break;
    }
    case 0x62: // b
      escapedOperand(s);
      break;
    case 0x61: // a
    case 0x65:
    case 0x66:
    case 0x67:
    case 0x41:
    case 0x45:
    case 0x46:
    case 0x47: {
      const a = operand();
      floating(s, c, a ? a : EMPTY);
      break;
    }
    default:
      failed(c == 0 ? "missing format character" : "%" + String.fromCharCode(c) + ": invalid directive");
      status = 2;
      return -1;
  }
  return i + 1;
}

function fill(c: u8, n: i32): void {
  for (; n > 0; n--) stdout.byte(c);
}

function padded(s: Spec, text: Bytes): void {
  if (!s.isLeft) fill(0x20, s.width - text.len);
  stdout.bytes(text);
  if (s.isLeft) fill(0x20, s.width - text.len);
}

/** %b: the operand with its escapes. */
function escapedOperand(s: Spec): void {
  const a = operand();
  if (!a) return padded(s, EMPTY);
  if (s.width == 0 && s.precision < 0) {
    hasStopped = !writeEscaped(a, stdout);
    return;
  }
  const text = new BytesBuilder();
  for (let i = 0; i < a.len;) {
    const e = a[i] == 0x5c ? readEscape(a, i + 1, true) : UNKNOWN;
    if (e == STOP) {
      hasStopped = true;
      break;
    }
    if (e == UNKNOWN) text.byte(a[i++]);
    else {
      text.byte(<u8>e);
      i = escapeEnd;
    }
  }
  const t = text.take();
  padded(s, s.precision >= 0 ? t.slice(0, s.precision) : t);
}

/** The next operand as a number: C's notation, or a quote and a byte whose value it is. */
function integer(): i64 {
  const a = operand();
  if (!a) return 0;
  if (a.len > 0 && (a[0] == 0x22 || a[0] == 0x27)) return a.len > 1 ? a[1] : 0;
  let i = 0;
  while (i < a.len && (a[i] == 0x20 || (a[i] >= 9 && a[i] <= 13))) i++;
  const v = parseNumber(a, i);
  check(a, numberEnd, i);
  return v;
}

function check(a: Bytes, end: i32, start: i32): void {
  if (end == a.len && end > start) return;
  if (a.len == 0) return;
  warnOf(a, end == start ? "expected numeric value" : "not completely converted");
  status = 1;
}

function writeSigned(s: Spec, v: i64): void {
  const isNegative = v < 0;
  const sign = isNegative ? "-" : s.plus ? "+" : s.space ? " " : "";
  number(s, sign, digits(isNegative ? <u64>0 - <u64>v : <u64>v, 10, false));
}

function writeUnsigned(s: Spec, v: u64, base: u64, isUpper: bool): void {
  let text = digits(v, base, isUpper);
  let prefix = "";
  if (s.alternate && base == 8 && text[0] != 0x30) text = b("0").concat(text);
  if (s.alternate && base == 16 && v != 0) prefix = isUpper ? "0X" : "0x";
  number(s, prefix, text);
}

function digits(v: u64, base: u64, isUpper: bool): Bytes {
  const out = Bytes.alloc(22);
  let at = 22;
  do {
    const d = <u8>(v % base);
    out[--at] = d < 10 ? 0x30 + d : (isUpper ? 0x37 : 0x57) + d;
    v /= base;
  } while (v != 0);
  return out.slice(at);
}

/** Sign or prefix, zeros, digits, in the width. */
function number(s: Spec, prefix: string, text: Bytes): void {
  if (s.precision == 0 && text.len == 1 && text[0] == 0x30) text = EMPTY;
  let zeros = max(s.precision - text.len, 0);
  if (s.zero && !s.isLeft && s.precision < 0) zeros = max(s.width - text.len - prefix.length, 0);
  const spaces = s.width - text.len - zeros - prefix.length;
  if (!s.isLeft) fill(0x20, spaces);
  stdout.text(prefix);
  fill(0x30, zeros);
  stdout.bytes(text);
  if (s.isLeft) fill(0x20, spaces);
}

function floating(s: Spec, letter: u8, a: Bytes): void {
  let v: f64 = 0;
  if (a.len > 0 && (a[0] == 0x22 || a[0] == 0x27)) v = a.len > 1 ? <f64>a[1] : 0;
  else if (a.len > 0) {
    const end = floatEnd(a);
    v = parseFloat(String.UTF8.decodeUnsafe(a.ptr, end));
    check(a, end, 0);
    if (end == 0) v = 0;
  }
  const isNegative = reinterpret<u64>(v) >> 63 != 0;
  const text = formatFloat(isNegative ? -v : v, letter, s.precision, s.alternate);
  const sign = isNegative ? "-" : s.plus ? "+" : s.space ? " " : "";
  const zeros = s.zero && !s.isLeft && isFinite(v) ? max(s.width - text.len - sign.length, 0) : 0;
  const spaces = s.width - text.len - zeros - sign.length;
  if (!s.isLeft) fill(0x20, spaces);
  stdout.text(sign);
  fill(0x30, zeros);
  stdout.bytes(text);
  if (s.isLeft) fill(0x20, spaces);
}

/** How much of the text is a decimal floating-point number. */
function floatEnd(a: Bytes): i32 {
  let i = 0;
  if (i < a.len && (a[i] == 0x2d || a[i] == 0x2b)) i++;
  let count = 0;
  for (; i < a.len && a[i] >= 0x30 && a[i] <= 0x39; i++) count++;
  if (i < a.len && a[i] == 0x2e) for (i++; i < a.len && a[i] >= 0x30 && a[i] <= 0x39; i++) count++;
  if (count == 0) return 0;
  if (i < a.len && (a[i] | 0x20) == 0x65) {
    let k = i + 1;
    if (k < a.len && (a[k] == 0x2d || a[k] == 0x2b)) k++;
    if (k < a.len && a[k] >= 0x30 && a[k] <= 0x39) {
      while (k < a.len && a[k] >= 0x30 && a[k] <= 0x39) k++;
      i = k;
    }
  }
  return i;
}
