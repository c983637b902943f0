/** Tilde expansion (POSIX XCU 2.6.1). */
import { Bytes, b } from "../../lib/bytes";
import { homeOf } from "../libc/users";
import { Expanded, Mark } from "./expanded";
import { valueOf } from "./variables";

const TILDE: u8 = 0x7e;
const HOME = b("HOME");

/**
 * Appends unquoted literal text, with the tilde at its start expanded where `atStart`, and those behind colons where
 * `afterColons`. A login name ends at a slash, at a colon in an assignment, or with the word (`isLast`).
 */
export function expandTilde(s: Bytes, out: Expanded, mark: Mark, atStart: bool, afterColons: bool, isLast: bool): void {
  let mayExpand = atStart;
  for (let i = 0; i < s.len; i++) {
    if (mayExpand && s[i] == TILDE) {
      let end = i + 1;
      while (end < s.len && s[end] != 0x2f && !(afterColons && s[end] == 0x3a)) end++;
      const home = end < s.len || isLast ? homeDirectory(s.slice(i + 1, end)) : null;
      if (home) {
        out.bytes(home, Mark.Quoted);
        out.sign(Mark.Exists);
        i = end - 1;
        mayExpand = false;
        continue;
      }
    }
    out.byte(s[i], mark);
    mayExpand = afterColons && s[i] == 0x3a;
  }
}

function homeDirectory(user: Bytes): Bytes | null {
  return user.len == 0 ? valueOf(HOME) : homeOf(user);
}
