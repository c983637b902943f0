/** Pattern matching notation (POSIX.1-2017, XCU 2.13): `*`, `?`, bracket expressions, backslash. */
import { Bytes } from "../../lib/bytes";
import { inClass } from "./regex";

/** Does the whole of `s` match? A slash is an ordinary character. */
export function matchGlob(pattern: Bytes, s: Bytes): bool {
  let p = 0;
  let i = 0;
  // The last '*' seen and how much it has swallowed: backtracking to it alone is enough.
  let star = -1;
  let taken = 0;
  while (i < s.len) {
    if (p < pattern.len && pattern[p] == 0x2a) {
      star = p++;
      taken = i;
      continue;
    }
    const next = p < pattern.len ? one(pattern, p, s[i]) : -1;
    if (next >= 0) {
      p = next;
      i++;
    } else if (star >= 0) {
      p = star + 1;
      i = ++taken;
    } else return false;
  }
  while (p < pattern.len && pattern[p] == 0x2a) p++;
  return p == pattern.len;
}

/** The position behind the pattern item at `p` if it matches `c`, or -1. */
function one(pattern: Bytes, p: i32, c: u8): i32 {
  const k = pattern[p];
  if (k == 0x3f) return p + 1;
  if (k == 0x5c && p + 1 < pattern.len) return pattern[p + 1] == c ? p + 2 : -1;
  if (k == 0x5b) {
    const end = bracketEnd(pattern, p);
    if (end > 0) return inBracket(pattern, p, end, c) ? end + 1 : -1;
  }
  return k == c ? p + 1 : -1;
}

/** The position of the closing bracket, or -1: then '[' is an ordinary character. */
function bracketEnd(pattern: Bytes, p: i32): i32 {
  let i = p + 1;
  if (i < pattern.len && (pattern[i] == 0x21 || pattern[i] == 0x5e)) i++;
  if (i < pattern.len && pattern[i] == 0x5d) i++;
  for (; i < pattern.len; i++) {
    if (pattern[i] == 0x5d) return i;
    if (pattern[i] == 0x5c) i++;
    else if (pattern[i] == 0x5b && i + 1 < pattern.len && pattern[i + 1] == 0x3a) {
      let k = i + 2;
      while (k + 1 < pattern.len && !(pattern[k] == 0x3a && pattern[k + 1] == 0x5d)) k++;
      if (k + 1 < pattern.len) i = k + 1;
    }
  }
  return -1;
}

function inBracket(pattern: Bytes, p: i32, end: i32, c: u8): bool {
  let i = p + 1;
  const invert = pattern[i] == 0x21 || pattern[i] == 0x5e;
  if (invert) i++;
  let found = false;
  while (i < end) {
    if (pattern[i] == 0x5b && i + 1 < end && pattern[i + 1] == 0x3a) {
      let k = i + 2;
      while (k + 1 < end && !(pattern[k] == 0x3a && pattern[k + 1] == 0x5d)) k++;
      if (k + 1 < end) {
        if (inClass(String.UTF8.decodeUnsafe(pattern.ptr + i + 2, k - i - 2), c)) found = true;
        i = k + 2;
        continue;
      }
    }
    if (pattern[i] == 0x5c && i + 1 < end) i++;
    const from = pattern[i++];
    let to = from;
    if (i + 1 < end && pattern[i] == 0x2d) {
      i++;
      if (pattern[i] == 0x5c && i + 1 < end) i++;
      to = pattern[i++];
    }
    if (c >= from && c <= to) found = true;
  }
  return found != invert;
}
