/** Numbers as names. */
import { Bytes } from "../../lib/bytes";

/** The value of a decimal without sign or leading zeros, at most nine digits, or -1. */
export function parseDecimal(text: Bytes): i64 {
  if (text.len == 0 || text.len > 9 || (text.len > 1 && text[0] == 0x30)) return -1;
  let v: i64 = 0;
  for (let i = 0; i < text.len; i++) {
    const d = <i64>text[i] - 0x30;
    if (d < 0 || d > 9) return -1;
    v = v * 10 + d;
  }
  return v;
}
