/** Backslash escapes of echo, printf's %b and printf's format. */
import { Bytes } from "../../../lib/bytes";
import { Out } from "../../libc/out";

/** Where the escape that `readEscape` read ends. */
export let escapeEnd: i32 = 0;
export const STOP: i32 = -1;
export const UNKNOWN: i32 = -2;

/** The byte of the escape whose letter is at `at`, in an operand (`inText`) or in a format; STOP for \c; UNKNOWN: the backslash stands for itself. */
export function readEscape(s: Bytes, at: i32, inText: bool): i32 {
  escapeEnd = at + 1;
  if (at >= s.len) return UNKNOWN;
  const c = s[at];
  switch (c) {
    case 0x61: // a
      return 7;
    case 0x62: // b
      return 8;
    case 0x63: // c
      return inText ? STOP : UNKNOWN;
    case 0x65: // e
      return 27;
    case 0x66: // f
      return 12;
    case 0x6e: // n
      return 10;
    case 0x72: // r
      return 13;
    case 0x74: // t
      return 9;
    case 0x76: // v
      return 11;
    case 0x5c:
      return 0x5c;
  }
  if (c < 0x30 || c > 0x37) return UNKNOWN;
  // A zero in front of three digits belongs to echo's way of writing them.
  let i = inText && c == 0x30 ? at + 1 : at;
  let v = 0;
  for (const end = i + 3; i < end && i < s.len && s[i] >= 0x30 && s[i] <= 0x37; i++) v = v * 8 + (s[i] - 0x30);
  escapeEnd = i;
  return v & 255;
}

/** Writes a text with its escapes. False: \c, nothing more is to be written. */
export function writeEscaped(s: Bytes, out: Out): bool {
  for (let i = 0; i < s.len;) {
    if (s[i] != 0x5c) {
      out.byte(s[i++]);
      continue;
    }
    const c = readEscape(s, i + 1, true);
    if (c == STOP) return false;
    if (c == UNKNOWN) {
      out.byte(s[i++]);
      continue;
    }
    out.byte(<u8>c);
    i = escapeEnd;
  }
  return true;
}
