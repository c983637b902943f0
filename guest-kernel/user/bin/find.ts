/**
 * find [PATH…] [EXPRESSION]: -name -path -type -perm -size -empty -links -inum -user -newer -maxdepth -mindepth -depth -xdev
 * -prune -print -print0 -delete -exec … ; -exec … + (run for each) ! -a -o ( ).
 */
import { AT_REMOVEDIR } from "../../abi/fcntl";
import { Bytes, b } from "../../lib/bytes";
import { baseName, isDots, join, listDir } from "../libc/dir";
import { execSearch } from "../libc/exec";
import { isNumber, parseDec, parseOctal, parseSize } from "../libc/number";
import { stdout } from "../libc/out";
import { cannot, complain, complainOf, environ, fails } from "../libc/program";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK, Stat } from "../libc/stat";
import { exit, fork, unlink, wait4 } from "../libc/sys";
import { userId } from "../libc/users";
import { Expanded, Mark } from "../sh/expanded";
import { matches } from "../sh/pattern";

const OR = 0;
const AND = 1;
const NOT = 2;
const NAME = 3;
const PATH = 4;
const TYPE = 5;
const PERM = 6;
const SIZE = 7;
const EMPTY = 8;
const LINKS = 9;
const INUM = 10;
const USER = 11;
const NEWER = 12;
const PRUNE = 13;
const PRINT = 14;
const PRINT0 = 15;
const DELETE = 16;
const EXEC = 17;
const TRUE = 18;

class Expr {
  left: Expr | null = null;
  right: Expr | null = null;
  text: Bytes = b("");
  number: i64 = 0;
  /** -1 less than, 1 more than, 0 exactly. */
  compare: i32 = 0;
  argv: Bytes[] = [];
  constructor(public kind: i32) {}
}

let argv: Bytes[] = [];
let at = 0;
let hasAction = false;
let depthFirst = false;
let oneDevice = false;
let rootDevice: u64 = 0;
let maxDepth: i32 = i32.MAX_VALUE;
let minDepth = 0;
let pruned = false;
let status = 0;
let problem = "";
const statusWord: usize = memory.data(4, 4);

export function find(args: Bytes[]): i32 {
  argv = args;
  at = 1;
  hasAction = depthFirst = oneDevice = false;
  maxDepth = i32.MAX_VALUE;
  minDepth = status = 0;
  problem = "";
  const roots: Bytes[] = [];
  for (; at < argv.length && !isExpression(argv[at]); at++) roots.push(argv[at]);
  if (roots.length == 0) roots.push(b("."));
  let e: Expr | null = at < argv.length ? parseOr() : new Expr(TRUE);
  if (problem == "" && at < argv.length) problem = "unexpected argument";
  if (problem != "" || !e) return at < argv.length ? complainOf(argv[at], problem) : complain(problem);
  if (!hasAction) {
    const both = new Expr(AND);
    both.left = e;
    both.right = new Expr(PRINT);
    e = both;
  }
  for (let i = 0; i < roots.length; i++) visit(roots[i], 0, e);
  return status;
}

function isExpression(s: Bytes): bool {
  return s.len > 0 && ((s[0] == 0x2d && s.len > 1) || s[0] == 0x21 || s[0] == 0x28);
}

function is(word: string): bool {
  return at < argv.length && argv[at].equals(b(word));
}

function parseOr(): Expr | null {
  let left = parseAnd();
  while (left && (is("-o") || is("-or"))) {
    at++;
    const e = new Expr(OR);
    e.left = left;
    e.right = parseAnd();
    left = e.right ? e : null;
  }
  return left;
}

function parseAnd(): Expr | null {
  let left = parseNot();
  while (left && at < argv.length && !is("-o") && !is("-or") && !is(")")) {
    if (is("-a") || is("-and")) at++;
    const e = new Expr(AND);
    e.left = left;
    e.right = parseNot();
    left = e.right ? e : null;
  }
  return left;
}

function parseNot(): Expr | null {
  if (is("!") || is("-not")) {
    at++;
    const e = new Expr(NOT);
    e.left = parseNot();
    return e.left ? e : null;
  }
  if (is("(")) {
    at++;
    const e = parseOr();
    if (!is(")")) problem = "missing )";
    at++;
    return e;
  }
  return parsePrimary();
}

function value(): Bytes {
  if (++at < argv.length) return argv[at];
  problem = "missing argument";
  return b("");
}

function counted(e: Expr, isSize: bool): void {
  let v = value();
  if (v.len > 0 && (v[0] == 0x2b || v[0] == 0x2d)) {
    e.compare = v[0] == 0x2b ? 1 : -1;
    v = v.slice(1);
  }
  const bytes = isSize && v.len > 0 && v[v.len - 1] == 0x63;
  e.text = bytes ? b("c") : b("");
  e.number = bytes
    ? parseDec(v.slice(0, v.len - 1))
    : isSize && v.len > 0 && v[v.len - 1] > 0x39
      ? parseSize(v) / 512
      : parseDec(v);
  if (!isNumber) problem = "invalid number";
}

function parsePrimary(): Expr | null {
  if (at >= argv.length) {
    problem = "missing expression";
    return null;
  }
  let e = new Expr(TRUE);
  if (is("-name")) {
    e = new Expr(NAME);
    e.text = value();
  } else if (is("-path") || is("-wholename")) {
    e = new Expr(PATH);
    e.text = value();
  } else if (is("-type")) {
    e = new Expr(TYPE);
    const t = value();
    const letters = b("fdlcbps");
    const types: u32[] = [S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK];
    const i = t.len == 1 ? letters.indexOf(t[0]) : -1;
    if (i < 0) problem = "unknown type";
    else e.number = types[i];
  } else if (is("-perm")) {
    e = new Expr(PERM);
    let v = value();
    e.compare = v.len > 0 && v[0] == 0x2d ? 1 : v.len > 0 && v[0] == 0x2f ? -1 : 0;
    if (e.compare != 0) v = v.slice(1);
    e.number = parseOctal(v);
    if (e.number < 0) problem = "invalid mode";
  } else if (is("-size")) {
    e = new Expr(SIZE);
    counted(e, true);
  } else if (is("-empty")) e = new Expr(EMPTY);
  else if (is("-links")) {
    e = new Expr(LINKS);
    counted(e, false);
  } else if (is("-inum")) {
    e = new Expr(INUM);
    counted(e, false);
  } else if (is("-user")) {
    e = new Expr(USER);
    e.number = userId(value());
    if (e.number < 0) problem = "unknown user";
  } else if (is("-newer")) {
    e = new Expr(NEWER);
    const st = new Stat();
    const r = st.of(value());
    if (r < 0) problem = "no such file";
    e.number = st.mtime * 1_000_000_000 + st.mtimeNs;
  } else if (is("-maxdepth")) maxDepth = <i32>parseDec(value());
  else if (is("-mindepth")) minDepth = <i32>parseDec(value());
  else if (is("-depth")) depthFirst = true;
  else if (is("-xdev") || is("-mount")) oneDevice = true;
  else if (is("-prune")) e = new Expr(PRUNE);
  else if (is("-print")) e = action(PRINT);
  else if (is("-print0")) e = action(PRINT0);
  else if (is("-delete")) {
    e = action(DELETE);
    depthFirst = true;
  } else if (is("-exec")) {
    e = action(EXEC);
    for (at++; at < argv.length && !is(";") && !is("+"); at++) e.argv.push(argv[at]);
    if (at >= argv.length || e.argv.length == 0) problem = "missing ; of -exec";
  } else {
    problem = "unknown predicate";
    return null;
  }
  if (problem != "") return null;
  at++;
  return e;
}

function action(kind: i32): Expr {
  hasAction = true;
  return new Expr(kind);
}

function visit(path: Bytes, depth: i32, e: Expr): void {
  const st = new Stat();
  const r = st.of(path, true);
  if (r < 0) {
    status = fails(path, r);
    return;
  }
  if (depth == 0) rootDevice = st.dev;
  pruned = false;
  if (!depthFirst && depth >= minDepth) evaluate(e, path, st);
  const isOther = oneDevice && st.dev != rootDevice;
  if (st.isDir && depth < maxDepth && !isOther && (depthFirst || !pruned)) {
    const names: Bytes[] = [];
    const l = listDir(path, names);
    if (l < 0) status = fails(path, l);
    for (let i = 0; i < names.length; i++) if (!isDots(names[i])) visit(join(path, names[i]), depth + 1, e);
  }
  if (depthFirst && depth >= minDepth) evaluate(e, path, st);
}

/** The shell's patterns; a slash is an ordinary character. */
function matchesPattern(pattern: Bytes, s: Bytes): bool {
  const p = new Expanded();
  p.bytes(pattern, Mark.Literal);
  return matches(p, 0, p.len, s);
}

function measure(e: Expr, v: i64): bool {
  return e.compare == 0 ? v == e.number : e.compare > 0 ? v > e.number : v < e.number;
}

function evaluate(e: Expr, path: Bytes, st: Stat): bool {
  switch (e.kind) {
    case OR:
      return evaluate(e.left!, path, st) || evaluate(e.right!, path, st);
    case AND:
      return evaluate(e.left!, path, st) && evaluate(e.right!, path, st);
    case NOT:
      return !evaluate(e.left!, path, st);
    case NAME:
      return matchesPattern(e.text, baseName(path));
    case PATH:
      return matchesPattern(e.text, path);
    case TYPE:
      return st.type == e.number;
    case PERM: {
      const mode = <i64>(st.mode & 0o7777);
      if (e.compare > 0) return (mode & e.number) == e.number;
      return e.compare < 0 ? e.number == 0 || (mode & e.number) != 0 : mode == e.number;
    }
    case SIZE:
      return measure(e, e.text.len > 0 ? st.size : (st.size + 511) / 512);
    case EMPTY:
      return st.isDir ? isEmptyDir(path) : st.type == S_IFREG && st.size == 0;
    case LINKS:
      return measure(e, st.nlink);
    case INUM:
      return measure(e, st.ino);
    case USER:
      return st.uid == <u32>e.number;
    case NEWER:
      return st.mtime * 1_000_000_000 + st.mtimeNs > e.number;
    case PRUNE:
      pruned = true;
      return true;
    case PRINT:
      stdout.bytes(path).line();
      return true;
    case PRINT0:
      stdout.bytes(path).byte(0);
      return true;
    case DELETE: {
      if (path.len == 1 && path[0] == 0x2e) return true;
      const r = unlink(path, st.isDir ? AT_REMOVEDIR : 0);
      if (r < 0) status = cannot("delete", path, r);
      return r >= 0;
    }
    case EXEC:
      return execute(e, path);
    default:
      return true;
  }
}

function isEmptyDir(path: Bytes): bool {
  const names: Bytes[] = [];
  return listDir(path, names) >= 0 && names.length <= 2;
}

function execute(e: Expr, path: Bytes): bool {
  const list: Bytes[] = [];
  for (let i = 0; i < e.argv.length; i++) list.push(e.argv[i].equals(b("{}")) ? path : e.argv[i]);
  stdout.flush();
  const pid = fork();
  if (pid == 0) {
    const r = execSearch(list, environ);
    fails(list[0], r);
    exit(127);
  }
  if (pid < 0) {
    status = fails(list[0], pid);
    return false;
  }
  wait4(<i32>pid, statusWord, 0);
  return load<i32>(statusWord) == 0;
}
