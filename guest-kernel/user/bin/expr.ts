/** expr: integers, comparisons, `:` matching and the words match, substr, index, length (POSIX.1-2017 and GNU). */
import { Bytes, b } from "../../lib/bytes";
import { isNumber, parseDec } from "../libc/number";
import { stdout } from "../libc/out";
import { complain } from "../libc/program";
import { Regex } from "../libc/regex";

let argv: Bytes[] = [];
let at = 0;
let problem = "";

/** Binary operators by rising precedence; all associate to the left. */
const LEVELS: string[] = ["|", "&", "< <= = == != >= >", "+ -", "* / %", ":"];

export function expr(args: Bytes[]): i32 {
  argv = args;
  at = 1;
  problem = "";
  if (argv.length < 2) return complain("missing operand") + 1;
  const v = binary(0);
  if (problem == "" && at < argv.length) problem = "syntax error: unexpected argument";
  if (problem != "") return complain(problem) + 1;
  stdout.bytes(v).line();
  return isNull(v) ? 1 : 0;
}

/** The empty string, or zero in any spelling. */
function isNull(v: Bytes): bool {
  if (v.len == 0) return true;
  const n = parseDec(v);
  return isNumber && n == 0;
}

function isOperator(level: i32): bool {
  if (at >= argv.length) return false;
  const list = LEVELS[level].split(" ");
  for (let i = 0; i < list.length; i++) if (argv[at].equals(b(list[i]))) return true;
  return false;
}

function binary(level: i32): Bytes {
  if (level == LEVELS.length) return primary();
  let left = binary(level + 1);
  while (problem == "" && isOperator(level)) {
    const op = argv[at++];
    const right = binary(level + 1);
    left = apply(op, left, right);
  }
  return left;
}

function take(): Bytes {
  if (at < argv.length) return argv[at++];
  problem = "syntax error: missing argument";
  return b("");
}

function primary(): Bytes {
  const a = take();
  if (problem != "") return a;
  if (a.equals(b("("))) {
    const v = binary(0);
    if (at >= argv.length || !argv[at].equals(b(")"))) problem = "syntax error: expecting ')'";
    at++;
    return v;
  }
  if (a.equals(b("+"))) return take();
  if (a.equals(b("length"))) return decimal(binary(LEVELS.length).len);
  if (a.equals(b("match"))) {
    const s = primary();
    return matched(s, primary());
  }
  if (a.equals(b("index"))) {
    const s = primary();
    const set = primary();
    for (let i = 0; i < s.len; i++) if (set.indexOf(s[i]) >= 0) return decimal(i + 1);
    return decimal(0);
  }
  if (a.equals(b("substr"))) {
    const s = primary();
    const from = integer(primary());
    const n = integer(primary());
    return from < 1 || n < 1 || from > s.len ? b("") : s.slice(<i32>from - 1, <i32>min<i64>(from - 1 + n, s.len));
  }
  return a;
}

function decimal(v: i64): Bytes {
  return b(v.toString());
}

function integer(s: Bytes): i64 {
  const v = parseDec(s);
  if (!isNumber) problem = "non-integer argument";
  return v;
}

function apply(op: Bytes, x: Bytes, y: Bytes): Bytes {
  const c = op[0];
  if (c == 0x7c) return !isNull(x) ? x : !isNull(y) ? y : b("0");
  if (c == 0x26) return isNull(x) || isNull(y) ? b("0") : x;
  if (c == 0x3a) return matched(x, y);
  if (c == 0x3c || c == 0x3d || c == 0x3e || c == 0x21) return compare(op, x, y);
  const m = integer(x);
  const n = integer(y);
  if (problem != "") return x;
  if (c == 0x2b) return decimal(m + n);
  if (c == 0x2d) return decimal(m - n);
  if (c == 0x2a) return decimal(m * n);
  if (n == 0) {
    problem = "division by zero";
    return x;
  }
  // The one quotient that does not fit.
  if (n == -1) return decimal(c == 0x2f ? <i64>0 - m : 0);
  return decimal(c == 0x2f ? m / n : m % n);
}

/** As numbers when both are, else as bytes. */
function compare(op: Bytes, x: Bytes, y: Bytes): Bytes {
  const m = parseDec(x);
  const isFirst = isNumber;
  const n = parseDec(y);
  const order = isFirst && isNumber ? (m < n ? -1 : m > n ? 1 : 0) : x.compare(y);
  const isEqualAllowed = op.len == 2 || op[0] == 0x3d;
  let r = false;
  if (op[0] == 0x21) r = order != 0;
  else if (op[0] == 0x3c) r = order < 0 || (isEqualAllowed && order == 0);
  else if (op[0] == 0x3e) r = order > 0 || (isEqualAllowed && order == 0);
  else r = order == 0;
  return b(r ? "1" : "0");
}

/** The anchored match: its first group, or its length. */
function matched(s: Bytes, pattern: Bytes): Bytes {
  const r = new Regex(b("^").concat(pattern), false);
  if (r.error != "") problem = r.error;
  const hit = problem == "" && r.search(s) && r.groups[0] == 0;
  if (r.groupCount > 0) return hit && r.groups[2] >= 0 ? s.slice(r.groups[2], r.groups[3]) : b("");
  return decimal(hit ? r.groups[1] : 0);
}
