/** test and [ (POSIX XCU 4), with -a, -o, parentheses, <, >, -nt, -ot and -ef. */
import { Nr } from "../../../abi/nr";
import { TCGETS } from "../../../abi/termios";
import { Bytes } from "../../../lib/bytes";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK, Stat } from "../../libc/stat";
import { ioctl, sys } from "../../libc/sys";
import { AT_EACCESS, AT_FDCWD } from "../../../abi/fcntl";
import { numberEnd, parseNumber } from "../arithmetic";
import { failed, failedOf, illegalNumber } from "../errors";
import { Flow, sh } from "../state";
import { isText } from "../text";

const FALSE: i32 = 1;
const ERROR: i32 = 2;
/** Four bytes each. */
const BINARY = "=   ==  !=  <   >   -eq -ne -gt -ge -lt -le -nt -ot -ef ";
const UNARY = "rwxefdcbpugkshLSzntOG";
const termios: usize = memory.data(64, 8);
const path: usize = memory.data(4097);

export function bracket(args: Bytes[]): i32 {
  if (!isText(args[args.length - 1], "]")) return failed("missing ]");
  return test(args.slice(0, args.length - 1));
}

export function test(args: Bytes[]): i32 {
  const n = args.length - 1;
  if (n == 0) return FALSE;
  const t = new Expression(args);
  let negate = false;
  let at = 1;
  // Three and four operands are decided by their number (POSIX), so that any text may be compared.
  if (n == 4 && isText(args[1], "!")) {
    negate = true;
    at = 2;
  }
  if (args.length - at == 3) {
    if (isBinary(args[at + 1])) return result(t.binary(at), negate);
    if (isText(args[at], "(") && isText(args[at + 2], ")")) return result(args[at + 1].len > 0, negate);
  }
  t.at = at;
  const v = t.or();
  if (sh.flow == Flow.None && t.at < args.length) return failedOf(args[t.at - 1], "unexpected operator");
  return result(v, negate);
}

function result(v: bool, negate: bool): i32 {
  if (sh.flow != Flow.None) return ERROR;
  return v != negate ? 0 : FALSE;
}

function isBinary(s: Bytes): bool {
  if (s.len == 0 || s.len > 3) return false;
  for (let at = 0; at < BINARY.length; at += 4) {
    let i = 0;
    while (i < s.len && BINARY.charCodeAt(at + i) == s[i]) i++;
    if (i == s.len && BINARY.charCodeAt(at + i) == 0x20) return true;
  }
  return false;
}

function isUnary(s: Bytes): bool {
  return s.len == 2 && s[0] == 0x2d && UNARY.indexOf(String.fromCharCode(s[1])) >= 0;
}

@final
class Expression {
  at: i32 = 1;
  constructor(private args: Bytes[]) {}

  private get hasMore(): bool {
    return this.at < this.args.length;
  }

  private is(text: string): bool {
    return this.hasMore && isText(this.args[this.at], text);
  }

  or(): bool {
    let v = this.and();
    while (sh.flow == Flow.None && this.is("-o")) {
      this.at++;
      const right = this.and();
      v = v || right;
    }
    return v;
  }

  private and(): bool {
    let v = this.not();
    while (sh.flow == Flow.None && this.is("-a")) {
      this.at++;
      const right = this.not();
      v = v && right;
    }
    return v;
  }

  private not(): bool {
    if (this.is("!") && this.at + 1 < this.args.length) {
      this.at++;
      return !this.not();
    }
    return this.primary();
  }

  primary(): bool {
    // A missing expression is false.
    if (!this.hasMore) return false;
    const left = this.args.length - this.at;
    const a = this.args[this.at];
    if (left > 2 && isBinary(this.args[this.at + 1])) {
      const v = this.binary(this.at);
      this.at += 3;
      return v;
    }
    if (left == 2 && !isUnary(a) && isBinary(this.args[this.at + 1])) {
      failedOf(this.args[this.at + 1], "argument expected");
      return false;
    }
    if (isText(a, "(") && left > 1) {
      this.at++;
      if (this.is(")")) {
        this.at++;
        return false;
      }
      const v = this.or();
      if (sh.flow != Flow.None) return false;
      if (!this.is(")")) failed("closing paren expected");
      this.at++;
      return v;
    }
    if (isUnary(a) && left > 1) {
      this.at += 2;
      return unary(a[1], this.args[this.at - 1]);
    }
    this.at++;
    return a.len > 0;
  }

  /** `args[at] operator args[at + 2]` */
  binary(at: i32): bool {
    const x = this.args[at];
    const op = this.args[at + 1];
    const y = this.args[at + 2];
    if (op[0] != 0x2d) {
      const order = x.compare(y);
      if (op[0] == 0x3d) return order == 0;
      if (op[0] == 0x21) return order != 0;
      return op[0] == 0x3c ? order < 0 : order > 0;
    }
    if (isText(op, "-nt") || isText(op, "-ot") || isText(op, "-ef")) return compareFiles(x, op[1], y);
    const v = number(x);
    const w = number(y);
    if (isText(op, "-eq")) return v == w;
    if (isText(op, "-ne")) return v != w;
    if (isText(op, "-gt")) return v > w;
    if (isText(op, "-ge")) return v >= w;
    return isText(op, "-lt") ? v < w : v <= w;
  }
}

/** A decimal number, with white space around it. */
function number(s: Bytes): i64 {
  let i = 0;
  while (i < s.len && (s[i] == 0x20 || (s[i] >= 9 && s[i] <= 13))) i++;
  let from = i;
  if (from < s.len && (s[from] == 0x2d || s[from] == 0x2b)) from++;
  while (from + 1 < s.len && s[from] == 0x30 && s[from + 1] >= 0x30 && s[from + 1] <= 0x39) from++;
  const isNegative = i < s.len && s[i] == 0x2d;
  const v = parseNumber(s, from, 10);
  let end = numberEnd;
  const hasDigits = end > from && s[from] != 0x2d && s[from] != 0x2b;
  while (end < s.len && (s[end] == 0x20 || (s[end] >= 9 && s[end] <= 13))) end++;
  if (!hasDigits || end < s.len) {
    illegalNumber(s);
    return 0;
  }
  return isNegative ? -v : v;
}

function unary(op: u8, a: Bytes): bool {
  const s = new Stat();
  switch (op) {
    case 0x7a: // z
      return a.len == 0;
    case 0x6e: // n
      return a.len > 0;
    case 0x74: // t
      return ioctl(<i32>number(a), TCGETS, termios) == 0;
    case 0x72: // r
      return mayAccess(a, 4);
    case 0x77: // w
      return mayAccess(a, 2);
    case 0x78: // x
      return mayAccess(a, 1);
    case 0x4c: // L
    case 0x68: // h
      return s.of(a, true) == 0 && s.type == S_IFLNK;
  }
  if (s.of(a) != 0) return false;
  switch (op) {
    case 0x66: // f
      return s.type == S_IFREG;
    case 0x64: // d
      return s.type == S_IFDIR;
    case 0x63: // c
      return s.type == S_IFCHR;
    case 0x62: // b
      return s.type == S_IFBLK;
    case 0x70: // p
      return s.type == S_IFIFO;
    case 0x53: // S
      return s.type == S_IFSOCK;
    case 0x75: // u
      return (s.mode & 0o4000) != 0;
    case 0x67: // g
      return (s.mode & 0o2000) != 0;
    case 0x6b: // k
      return (s.mode & 0o1000) != 0;
    case 0x73: // s
      return s.size > 0;
    case 0x4f: // O
      return s.uid == <u32>sys(Nr.geteuid);
    case 0x47: // G
      return s.gid == <u32>sys(Nr.getegid);
  }
  return true;
}

/** With the effective ids, where the kernel can tell; else with the real ones. */
function mayAccess(a: Bytes, mode: u32): bool {
  const n = min(a.len, 4096);
  memory.copy(path, a.ptr, n);
  store<u8>(path + n, 0);
  const r = sys(Nr.faccessat2, AT_FDCWD, path, mode, AT_EACCESS);
  const ENOSYS = 38;
  return (r == -ENOSYS ? sys(Nr.faccessat, AT_FDCWD, path, mode) : r) == 0;
}

/** -nt, -ot, -ef by their second letter. */
function compareFiles(x: Bytes, op: u8, y: Bytes): bool {
  const s = new Stat();
  const t = new Stat();
  const hasX = s.of(x) == 0;
  const hasY = t.of(y) == 0;
  if (op == 0x65) return hasX && hasY && s.ino == t.ino && s.dev == t.dev;
  if (!hasX || !hasY) return op == 0x6e ? hasX && !hasY : hasY && !hasX;
  const order = s.mtime != t.mtime ? s.mtime - t.mtime : s.mtimeNs - t.mtimeNs;
  return op == 0x6e ? order > 0 : order < 0;
}
