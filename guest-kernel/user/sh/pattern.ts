/** Pattern matching (POSIX XCU 2.13), byte by byte: `*`, `?`, brackets with ranges and classes, backslash. */
import { Bytes } from "../../lib/bytes";
import { Expanded } from "./expanded";

const STAR: u8 = 0x2a;
const QUESTION: u8 = 0x3f;
const OPEN: u8 = 0x5b;
const CLOSE: u8 = 0x5d;
const BACKSLASH: u8 = 0x5c;

/** Whether a byte of [from, to) could match something but itself. */
export function isPattern(p: Expanded, from: i32, to: i32): bool {
  for (let i = from; i < to; i++) {
    if (!p.isActive(i)) continue;
    const c = p.text[i];
    if (c == STAR || c == QUESTION) return true;
    if (c == OPEN && bracketEnd(p, i, to) > 0) return true;
  }
  return false;
}

/** Whether [from, to) of the pattern matches all of `s`. */
export function matches(p: Expanded, from: i32, to: i32, s: Bytes): bool {
  let i = from;
  let k = 0;
  // Where the last `*` stands and how far it reaches: on a mismatch it takes one byte more.
  let star = -1;
  let reach = 0;
  while (true) {
    if (i < to && !p.isByte(i)) {
      i++;
      continue;
    }
    if (i < to && p.text[i] == STAR && p.isActive(i)) {
      star = ++i;
      reach = k;
      continue;
    }
    if (k == s.len) {
      if (i >= to) return true;
    } else {
      const next = i < to ? matchOne(p, i, to, s[k]) : 0;
      if (next > 0) {
        i = next;
        k++;
        continue;
      }
    }
    if (star < 0 || reach >= s.len) return false;
    k = ++reach;
    i = star;
  }
}

/** One element of the pattern against one byte: where the next element begins, or 0. */
function matchOne(p: Expanded, i: i32, to: i32, c: u8): i32 {
  const m = p.text[i];
  if (p.isActive(i)) {
    if (m == QUESTION) return i + 1;
    if (m == BACKSLASH && i + 1 < to) return p.text[i + 1] == c ? i + 2 : 0;
    if (m == OPEN) {
      const end = bracketEnd(p, i, to);
      if (end > 0) return inBracket(p, i + 1, end, c) ? end + 1 : 0;
    }
  }
  return m == c ? i + 1 : 0;
}

/** Where the bracket expression that begins at `i` has its `]`, or 0: it is no bracket expression. */
function bracketEnd(p: Expanded, i: i32, to: i32): i32 {
  let k = i + 1;
  if (k < to && p.isActive(k) && p.text[k] == 0x21) k++;
  if (k < to && p.text[k] == CLOSE) k++;
  for (; k < to; k++) {
    if (!p.isActive(k)) continue;
    if (p.text[k] == CLOSE) return k;
    if (p.text[k] == BACKSLASH) k++;
    else if (p.text[k] == OPEN && k + 1 < to && p.text[k + 1] == 0x3a) {
      const end = classEnd(p, k + 2, to);
      if (end > 0) k = end + 1;
    }
  }
  return 0;
}

/** Where the `:]` of a class whose name begins at `i` stands, or 0. */
function classEnd(p: Expanded, i: i32, to: i32): i32 {
  let k = i;
  while (k < to && p.text[k] >= 0x61 && p.text[k] <= 0x7a) k++;
  return k > i && k + 1 < to && p.text[k] == 0x3a && p.text[k + 1] == CLOSE ? k : 0;
}

/** Whether `c` is among what stands in [i, end), the inside of a bracket expression. */
function inBracket(p: Expanded, i: i32, end: i32, c: u8): bool {
  const isNegated = p.isActive(i) && p.text[i] == 0x21;
  if (isNegated) i++;
  let found = false;
  while (i < end) {
    if (!p.isByte(i)) {
      i++;
      continue;
    }
    if (p.isActive(i) && p.text[i] == OPEN && i + 1 < end && p.text[i + 1] == 0x3a) {
      const stop = classEnd(p, i + 2, end);
      if (stop > 0) {
        if (inClass(p.take(i + 2, stop), c)) found = true;
        i = stop + 2;
        continue;
      }
    }
    if (p.isActive(i) && p.text[i] == BACKSLASH && i + 1 < end) i++;
    const low = p.text[i++];
    let high = low;
    if (i + 1 < end && p.isActive(i) && p.text[i] == 0x2d) {
      i++;
      if (p.isActive(i) && p.text[i] == BACKSLASH && i + 1 < end) i++;
      high = p.text[i++];
    }
    if (c >= low && c <= high) found = true;
  }
  return found != isNegated;
}

function inClass(name: Bytes, c: u8): bool {
  const isUpper = c >= 0x41 && c <= 0x5a;
  const isLower = c >= 0x61 && c <= 0x7a;
  const isDigit = c >= 0x30 && c <= 0x39;
  const isGraph = c > 0x20 && c < 0x7f;
  const text = String.UTF8.decodeUnsafe(name.ptr, name.len);
  if (text == "alpha") return isUpper || isLower;
  if (text == "digit") return isDigit;
  if (text == "alnum") return isUpper || isLower || isDigit;
  if (text == "upper") return isUpper;
  if (text == "lower") return isLower;
  if (text == "space") return c == 0x20 || (c >= 9 && c <= 13);
  if (text == "blank") return c == 0x20 || c == 9;
  if (text == "punct") return isGraph && !isUpper && !isLower && !isDigit;
  if (text == "print") return isGraph || c == 0x20;
  if (text == "graph") return isGraph;
  if (text == "cntrl") return c < 0x20 || c == 0x7f;
  if (text == "xdigit") return isDigit || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
  return false;
}
