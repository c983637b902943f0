/** umask, in octal and in symbols. */
import { Nr } from "../../../abi/nr";
import { Bytes } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { parseOctal } from "../../libc/number";
import { sys } from "../../libc/sys";
import { failedOf, illegalNumber } from "../errors";
import { isDigit, isText } from "../text";

const WHO = "ugo";

export function umask(args: Bytes[]): i32 {
  const isSymbolic = args.length > 1 && isText(args[1], "-S");
  const at = isSymbolic ? 2 : 1;
  const now = <u32>sys(Nr.umask, 0);
  sys(Nr.umask, now);
  if (at >= args.length) {
    if (isSymbolic) showSymbols(~now & 0o777);
    else stdout.octal(now, 4).line();
    return 0;
  }
  const a = args[at];
  if (a.len > 0 && isDigit(a[0])) {
    const v = parseOctal(a);
    if (v < 0 || v > 0o777) return illegalNumber(a);
    sys(Nr.umask, v);
    return 0;
  }
  const allowed = parseSymbols(a, ~now & 0o777);
  if (allowed < 0) return failedOf(a, "Illegal mode");
  sys(Nr.umask, ~allowed & 0o777);
  return 0;
}

function showSymbols(allowed: u32): void {
  for (let i = 0; i < 3; i++) {
    if (i > 0) stdout.byte(0x2c);
    stdout.byte(<u8>WHO.charCodeAt(i)).byte(0x3d);
    const bits = (allowed >> (6 - i * 3)) & 7;
    if (bits & 4) stdout.byte(0x72);
    if (bits & 2) stdout.byte(0x77);
    if (bits & 1) stdout.byte(0x78);
  }
  stdout.line();
}

/** The allowed bits after clauses like `u=rwx,go-w`; -1 when a clause is wrong. */
function parseSymbols(s: Bytes, allowed: i32): i32 {
  let i = 0;
  while (i < s.len) {
    let who = 0;
    for (; i < s.len; i++) {
      const c = s[i];
      if (c == 0x75) who |= 0o700;
      else if (c == 0x67) who |= 0o070;
      else if (c == 0x6f) who |= 0o007;
      else if (c == 0x61) who = 0o777;
      else break;
    }
    if (who == 0) who = 0o777;
    if (i == s.len || (s[i] != 0x3d && s[i] != 0x2b && s[i] != 0x2d)) return -1;
    const op = s[i++];
    let bits = 0;
    for (; i < s.len && s[i] != 0x2c; i++) {
      const c = s[i];
      if (c == 0x72) bits |= 0o444;
      else if (c == 0x77) bits |= 0o222;
      else if (c == 0x78) bits |= 0o111;
      else return -1;
    }
    i++;
    if (op == 0x2b) allowed |= bits & who;
    else if (op == 0x2d) allowed &= ~(bits & who);
    else allowed = (allowed & ~who) | (bits & who);
  }
  return allowed;
}
