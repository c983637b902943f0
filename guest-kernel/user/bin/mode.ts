/** File modes as text: octal, or POSIX chmod's symbolic form. */
import { Bytes } from "../../lib/bytes";
import { parseOctal } from "../libc/number";

/** The umask that an absent "who" respects; set by whoever read it. */
let umask: u32 = 0;

export function setModeUmask(mask: u32): void {
  umask = mask;
}

/** `text` applied to `mode` (permission bits) of a directory or file; -1 when it is no mode. */
export function parseMode(text: Bytes, mode: u32, isDir: bool): i32 {
  const octal = parseOctal(text);
  if (octal >= 0) return octal <= 0o7777 ? <i32>octal : -1;
  let i = 0;
  while (i < text.len) {
    let who: u32 = 0;
    for (; i < text.len; i++) {
      const c = text[i];
      if (c == 0x75) who |= 0o4700;
      else if (c == 0x67) who |= 0o2070;
      else if (c == 0x6f) who |= 0o1007;
      else if (c == 0x61) who |= 0o7777;
      else break;
    }
    if (i == text.len || !isOperator(text[i])) return -1;
    while (i < text.len && isOperator(text[i])) {
      const op = text[i++];
      let bits: u32 = 0;
      for (; i < text.len && text[i] != 0x2c && !isOperator(text[i]); i++) {
        const c = text[i];
        if (c == 0x72) bits |= 0o444;
        else if (c == 0x77) bits |= 0o222;
        else if (c == 0x78) bits |= 0o111;
        else if (c == 0x58) bits |= isDir || (mode & 0o111) != 0 ? 0o111 : 0;
        else if (c == 0x73) bits |= 0o6000;
        else if (c == 0x74) bits |= 0o1000;
        else if (c == 0x75) bits |= spread(mode >> 6);
        else if (c == 0x67) bits |= spread(mode >> 3);
        else if (c == 0x6f) bits |= spread(mode);
        else return -1;
      }
      const reach = who != 0 ? who | (bits & 0o1000) : 0o7777 & ~umask;
      bits &= who != 0 ? reach : reach | (bits & 0o7000);
      if (op == 0x2b) mode |= bits;
      else if (op == 0x2d) mode &= ~bits;
      else mode = (mode & ~((who != 0 ? who : 0o777) & ~(isDir ? 0o6000 : 0))) | bits;
    }
    if (i < text.len && text[i++] != 0x2c) return -1;
  }
  return <i32>mode;
}

function isOperator(c: u8): bool {
  return c == 0x2b || c == 0x2d || c == 0x3d;
}

function spread(bits: u32): u32 {
  return (bits & 7) * 0o111;
}
