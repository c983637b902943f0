/** Small questions about bytes that lexer, expansion and builtins share. */
import { Bytes } from "../../lib/bytes";

/** Whether `s` is the ASCII literal `t`, without making a slice of it. */
export function isText(s: Bytes, t: string): bool {
  if (s.len != t.length) return false;
  for (let i = 0; i < s.len; i++) if (s[i] != <u8>t.charCodeAt(i)) return false;
  return true;
}

export function isDigit(c: i32): bool {
  return <u32>(c - 0x30) < 10;
}

export function isNameStart(c: i32): bool {
  return <u32>((c | 0x20) - 0x61) < 26 || c == 0x5f;
}

export function isNameChar(c: i32): bool {
  return isNameStart(c) || isDigit(c);
}

/** A variable or function name of POSIX: letters, digits, underscores, no digit first. */
export function isName(s: Bytes): bool {
  if (s.len == 0 || !isNameStart(s[0])) return false;
  for (let i = 1; i < s.len; i++) if (!isNameChar(s[i])) return false;
  return true;
}

/** Digits only, at least one. The value is at most i32.MAX_VALUE; -1 when it is no number. */
export function smallNumber(s: Bytes): i32 {
  if (s.len == 0) return -1;
  let v: i64 = 0;
  for (let i = 0; i < s.len; i++) {
    if (!isDigit(s[i])) return -1;
    v = min(v * 10 + (s[i] - 0x30), <i64>i32.MAX_VALUE);
  }
  return <i32>v;
}
