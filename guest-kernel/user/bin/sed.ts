/**
 * sed [-nEr] [-e SCRIPT]… [SCRIPT] [FILE…] (POSIX.1-2017): addresses (line, $, /re/, ranges, !), and the commands
 * s y p d q = n N D P g G h H x a i c { } b t :. No w and no r; -i is not there.
 */
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Input, openError, readFile } from "../libc/input";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { complain, fails } from "../libc/program";
import { Regex } from "../libc/regex";

const NONE = 0;
const LINE = 1;
const LAST = 2;
const PATTERN = 3;

class Address {
  kind: i32 = NONE;
  line: i32 = 0;
  regex: Regex | null = null;
}

class Command {
  first: Address = new Address();
  second: Address = new Address();
  invert: bool = false;
  inRange: bool = false;
  name: u8 = 0;
  /** s: pattern; y: from. */
  regex: Regex | null = null;
  /** s: replacement; y: 256-byte map; a, i, c: text; b, t, ':': label. */
  text: Bytes = b("");
  global: bool = false;
  print: bool = false;
  occurrence: i32 = 1;
  /** '{': index behind the matching '}'. */
  end: i32 = 0;
}

let commands: Command[] = [];
let script: Bytes = b("");
let at = 0;
let extended = false;
let problem = "";
let quiet = false;
let files: Bytes[] = [];
let fileAt = 0;
let input: Input | null = null;
let nextLine: Bytes | null = null;
let lineNumber = 0;
let status = 0;
let space: Bytes = b("");
let hold: Bytes = b("");
let appended: Bytes[] = [];
let lastRegex: Regex | null = null;

export function sed(args: Bytes[]): i32 {
  const o = new Options(args, "nEre:f:", "quiet=n regexp-extended=E expression=e file=f");
  const text = new BytesBuilder();
  let hasScript = false;
  quiet = extended = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x6e) quiet = true;
    else if (c == 0x45 || c == 0x72) extended = true;
    else {
      const part = c == 0x65 ? o.value : readFile(o.value);
      if (!part) return fails(o.value, openError);
      text.bytes(part).byte(10);
      hasScript = true;
    }
  }
  if (o.isBad) return 1;
  files = o.rest();
  if (!hasScript) {
    if (files.length == 0) return complain("no script");
    text.bytes(files.shift()).byte(10);
  }
  if (files.length == 0) files.push(b("-"));
  script = text.take();
  at = 0;
  problem = "";
  commands = [];
  parse();
  if (problem != "") return complain("-e expression: " + problem);
  fileAt = lineNumber = status = 0;
  input = null;
  hold = b("");
  nextLine = fetch();
  run();
  return status;
}

function peek(): i32 {
  return at < script.len ? <i32>script[at] : -1;
}

function skipBlanks(newlines: bool): void {
  while (peek() == 0x20 || peek() == 9 || (newlines && (peek() == 10 || peek() == 0x3b))) at++;
}

function parse(): void {
  const open: i32[] = [];
  for (skipBlanks(true); peek() >= 0 && problem == ""; skipBlanks(true)) {
    if (peek() == 0x23) {
      while (peek() >= 0 && peek() != 10) at++;
      continue;
    }
    const c = new Command();
    address(c.first);
    if (c.first.kind != NONE && peek() == 0x2c) {
      at++;
      address(c.second);
      if (c.second.kind == NONE) problem = "unexpected `,'";
    }
    skipBlanks(false);
    for (; peek() == 0x21; skipBlanks(false)) {
      c.invert = true;
      at++;
    }
    if (peek() < 0) {
      problem = "missing command";
      return;
    }
    c.name = script[at++];
    commands.push(c);
    switch (c.name) {
      case 0x7b: // {
        open.push(commands.length - 1);
        break;
      case 0x7d: // }
        if (open.length == 0) problem = "unexpected `}'";
        else commands[open.pop()].end = commands.length;
        break;
      case 0x73:
        substitute(c);
        break;
      case 0x79:
        transliterate(c);
        break;
      case 0x61: // a i c
      case 0x69:
      case 0x63:
        c.text = textArgument();
        break;
      case 0x62: // b t :
      case 0x74:
      case 0x3a:
        c.text = label();
        break;
      default:
        if (b("pdq=nNDPgGhHx").indexOf(c.name) < 0) problem = "unknown command: `" + String.fromCharCode(c.name) + "'";
    }
    skipBlanks(false);
    if (problem == "" && c.name != 0x7b && peek() >= 0 && peek() != 10 && peek() != 0x3b && peek() != 0x7d) {
      problem = "extra characters after command";
    }
  }
  if (open.length > 0 && problem == "") problem = "unmatched `{'";
}

function number(): i32 {
  let v = 0;
  for (; peek() >= 0x30 && peek() <= 0x39; at++) v = v * 10 + peek() - 0x30;
  return v;
}

function address(a: Address): void {
  skipBlanks(false);
  const c = peek();
  if (c >= 0x30 && c <= 0x39) {
    a.kind = LINE;
    a.line = number();
  } else if (c == 0x24) {
    a.kind = LAST;
    at++;
  } else if (c == 0x2f || c == 0x5c) {
    if (c == 0x5c) at++;
    const delimiter = script[at++];
    a.kind = PATTERN;
    a.regex = compile(delimited(delimiter, true), false);
  }
  skipBlanks(false);
}

/** Text up to `delimiter`, which is dropped; `\delimiter` stands for itself. */
function delimited(delimiter: u8, isRegex: bool): Bytes {
  const out = new BytesBuilder();
  let inSet = false;
  while (at < script.len && (inSet || script[at] != delimiter)) {
    const c = script[at++];
    if (c == 0x5c && at < script.len) {
      const e = script[at++];
      if (e == delimiter && !inSet) out.byte(e);
      else if (e == 0x6e && (isRegex || !inSet)) out.byte(10);
      else out.byte(c).byte(e);
      continue;
    }
    if (isRegex && c == 0x5b && !inSet) {
      inSet = true;
      out.byte(c);
      if (peek() == 0x5e) out.byte(script[at++]);
      if (peek() == 0x5d) out.byte(script[at++]);
      continue;
    }
    if (inSet && c == 0x5d) inSet = false;
    if (c == 10 && isRegex) break;
    out.byte(c);
  }
  if (at >= script.len) problem = "unterminated expression";
  at++;
  return out.take();
}

/** An empty expression is the last one used: null. */
function compile(text: Bytes, ignoreCase: bool): Regex | null {
  if (text.len == 0) return null;
  const r = new Regex(text, extended, ignoreCase);
  if (r.error != "") problem = r.error;
  return r;
}

function substitute(c: Command): void {
  if (peek() < 0) {
    problem = "unterminated `s' command";
    return;
  }
  const delimiter = script[at++];
  const pattern = delimited(delimiter, true);
  c.text = delimited(delimiter, false);
  let ignoreCase = false;
  for (; problem == ""; at++) {
    const f = peek();
    if (f == 0x67) c.global = true;
    else if (f == 0x70) c.print = true;
    else if (f == 0x69 || f == 0x49) ignoreCase = true;
    else if (f >= 0x31 && f <= 0x39) {
      c.occurrence = number();
      at--;
    } else break;
  }
  c.regex = compile(pattern, ignoreCase);
}

function transliterate(c: Command): void {
  const delimiter = <u8>max(peek(), 0);
  at++;
  const from = delimited(delimiter, false);
  const to = delimited(delimiter, false);
  if (from.len != to.len) problem = "strings for `y' command are different lengths";
  const map = Bytes.alloc(256);
  for (let i = 0; i < 256; i++) map[i] = <u8>i;
  for (let i = 0; i < min(from.len, to.len); i++) map[from[i]] = to[i];
  c.text = map;
}

/** `a\` newline text, or GNU's `a text`; a backslash at a line's end continues it. */
function textArgument(): Bytes {
  skipBlanks(false);
  if (peek() == 0x5c) {
    at++;
    skipBlanks(false);
    if (peek() == 10) at++;
  }
  const out = new BytesBuilder();
  while (peek() >= 0 && peek() != 10) {
    if (peek() == 0x5c && at + 1 < script.len) at++;
    out.byte(script[at++]);
  }
  return out.byte(10).take();
}

function label(): Bytes {
  skipBlanks(false);
  const start = at;
  while (peek() >= 0 && peek() != 10 && peek() != 0x3b && peek() != 0x20) at++;
  return script.slice(start, at);
}

/** The next line of the files, one after the other. */
function fetch(): Bytes | null {
  for (;;) {
    if (!input) {
      if (fileAt >= files.length) break;
      input = Input.open(files[fileAt]);
      if (!input) status = fails(files[fileAt], openError);
      fileAt++;
      continue;
    }
    const line = input!.line();
    if (line) return line;
    input!.close();
    input = null;
  }
  return null;
}

/** Takes the next line into `space`. */
function advance(): bool {
  if (!nextLine) return false;
  space = nextLine!;
  nextLine = fetch();
  lineNumber++;
  return true;
}

function matchesAddress(a: Address): bool {
  if (a.kind == LINE) return lineNumber == a.line;
  if (a.kind == LAST) return nextLine == null;
  const r = a.regex ? a.regex : lastRegex;
  lastRegex = r;
  return r != null && r.search(space);
}

function selects(c: Command): bool {
  if (c.first.kind == NONE) return !c.invert;
  if (c.second.kind == NONE) return matchesAddress(c.first) != c.invert;
  let hit = false;
  if (c.inRange) {
    hit = true;
    if (c.second.kind == LINE ? lineNumber >= c.second.line : matchesAddress(c.second)) c.inRange = false;
  } else if (matchesAddress(c.first)) {
    hit = true;
    c.inRange = !(c.second.kind == LINE && lineNumber >= c.second.line);
  }
  return hit != c.invert;
}

function flushAppended(): void {
  for (let i = 0; i < appended.length; i++) stdout.bytes(appended[i]);
  appended.length = 0;
}

function put(s: Bytes): void {
  stdout.bytes(s).line();
}

function jump(name: Bytes): i32 {
  if (name.len == 0) return commands.length;
  for (let i = 0; i < commands.length; i++) if (commands[i].name == 0x3a && commands[i].text.equals(name)) return i;
  return commands.length;
}

function run(): void {
  let keep = false;
  while (keep || advance()) {
    keep = false;
    let replaced = false;
    let show = !quiet;
    let done = false;
    let i = 0;
    while (i < commands.length) {
      const c = commands[i++];
      if (!selects(c)) {
        if (c.name == 0x7b) i = c.end;
        continue;
      }
      const newline = space.indexOf(10);
      switch (c.name) {
        case 0x73:
          if (replace(c)) replaced = true;
          break;
        case 0x79: {
          const s = space.clone();
          for (let k = 0; k < s.len; k++) s[k] = c.text[s[k]];
          space = s;
          break;
        }
        case 0x70:
          put(space);
          break;
        case 0x50:
          put(newline < 0 ? space : space.slice(0, newline));
          break;
        case 0x64:
          show = false;
          i = commands.length;
          break;
        case 0x44:
          show = false;
          i = commands.length;
          if (newline >= 0) {
            space = space.slice(newline + 1);
            keep = true;
          }
          break;
        case 0x71:
          done = true;
          i = commands.length;
          break;
        case 0x3d:
          stdout.dec(lineNumber).line();
          break;
        case 0x6e:
          if (show) put(space);
          flushAppended();
          if (!advance()) {
            show = false;
            i = commands.length;
            done = true;
          }
          break;
        case 0x4e: {
          const before = space;
          if (!advance()) {
            i = commands.length;
            done = true;
          } else space = before.concat(b("\n")).concat(space);
          break;
        }
        case 0x67:
          space = hold;
          break;
        case 0x47:
          space = space.concat(b("\n")).concat(hold);
          break;
        case 0x68:
          hold = space;
          break;
        case 0x48:
          hold = hold.concat(b("\n")).concat(space);
          break;
        case 0x78: {
          const t = space;
          space = hold;
          hold = t;
          break;
        }
        case 0x61:
          appended.push(c.text);
          break;
        case 0x69:
          stdout.bytes(c.text);
          break;
        case 0x63:
          if (!c.inRange) stdout.bytes(c.text);
          show = false;
          i = commands.length;
          break;
        case 0x62:
          i = jump(c.text);
          break;
        case 0x74:
          if (replaced) i = jump(c.text);
          replaced = false;
          break;
      }
    }
    if (show) put(space);
    flushAppended();
    if (done) return;
  }
}

function replace(c: Command): bool {
  const r = c.regex ? c.regex : lastRegex;
  if (!r) return false;
  lastRegex = r;
  const out = new BytesBuilder();
  let from = 0;
  let count = 0;
  let any = false;
  while (from <= space.len && r.search(space, from)) {
    const start = r.groups[0];
    const end = r.groups[1];
    out.bytes(space.slice(from, start));
    count++;
    if (count >= c.occurrence) {
      expand(c.text, r, out);
      any = true;
    } else out.bytes(space.slice(start, end));
    from = end;
    if (end == start) {
      // An empty match moves on by one character.
      if (end < space.len) out.byte(space[end]);
      from = end + 1;
    }
    if (any && !c.global) break;
  }
  if (!any) return false;
  if (from < space.len) out.bytes(space.slice(from));
  space = out.take();
  if (c.print) put(space);
  return true;
}

/** `&` is the match, `\1`–`\9` its groups. */
function expand(text: Bytes, r: Regex, out: BytesBuilder): void {
  for (let i = 0; i < text.len; i++) {
    const ch = text[i];
    let group = -1;
    if (ch == 0x26) group = 0;
    else if (ch == 0x5c && i + 1 < text.len) {
      i++;
      if (text[i] >= 0x31 && text[i] <= 0x39) group = text[i] - 0x30;
      else out.byte(text[i]);
    } else out.byte(ch);
    if (group >= 0 && r.groups[group * 2] >= 0) out.bytes(space.slice(r.groups[group * 2], r.groups[group * 2 + 1]));
  }
}
