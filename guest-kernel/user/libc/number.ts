/** Numbers in text. */
import { Bytes } from "../../lib/bytes";

/** Set by the parsers: whether the whole text was a number. */
export let isNumber: bool = false;

/** Decimal with an optional sign; `isNumber` says whether it was one. */
export function parseDec(s: Bytes): i64 {
  let i = 0;
  let negative = false;
  if (s.len > 0 && (s[0] == 0x2d || s[0] == 0x2b)) {
    negative = s[0] == 0x2d;
    i = 1;
  }
  isNumber = i < s.len;
  let v: i64 = 0;
  for (; i < s.len; i++) {
    const d = s[i] - 0x30;
    if (d > 9) {
      isNumber = false;
      return 0;
    }
    v = v * 10 + d;
  }
  return negative ? -v : v;
}

/** As parseDec, with a multiplier at the end: b (512), k, M, G, T (1024), kB, MB, GB (1000). */
export function parseSize(s: Bytes): i64 {
  let end = s.len;
  while (end > 0 && (s[end - 1] < 0x30 || s[end - 1] > 0x39)) end--;
  const v = parseDec(s.slice(0, end));
  if (!isNumber) return 0;
  const rest = s.len - end;
  if (rest == 0) return v;
  let factor: i64 = 1;
  const base: i64 = rest == 2 && s[end + 1] == 0x42 ? 1000 : 1024;
  const isIec = rest == 3 && s[end + 1] == 0x69 && s[end + 2] == 0x42;
  switch (s[end] | 0x20) {
    case 0x63: // c
      break;
    case 0x62: // b
      factor = 512;
      break;
    case 0x6b:
      factor = base;
      break;
    case 0x6d:
      factor = base * base;
      break;
    case 0x67:
      factor = base * base * base;
      break;
    case 0x74:
      factor = base * base * base * base;
      break;
    default:
      isNumber = false;
  }
  if (rest > 1 && base == 1024 && !isIec) isNumber = false;
  return v * factor;
}

/** Octal digits, or -1. */
export function parseOctal(s: Bytes): i64 {
  if (s.len == 0) return -1;
  let v: i64 = 0;
  for (let i = 0; i < s.len; i++) {
    const d = s[i] - 0x30;
    if (d > 7) return -1;
    v = v * 8 + d;
  }
  return v;
}
