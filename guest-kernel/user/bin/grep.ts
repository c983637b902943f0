/** grep [-EFGivclLnoqshHwxr] [-e PATTERN] [-f FILE] [PATTERN] [FILE…] */
import { Bytes, b } from "../../lib/bytes";
import { isDots, join, listDir } from "../libc/dir";
import { Input, openError, readFile } from "../libc/input";
import { Options } from "../libc/options";
import { Out, stdout } from "../libc/out";
import { complain, fails, complainOf } from "../libc/program";
import { Regex } from "../libc/regex";
import { Stat } from "../libc/stat";

let invert = false;
let count = false;
let listOnly = false;
let listWithout = false;
let numbers = false;
let only = false;
let quiet = false;
let silent = false;
let names = false;
let wordMatch = false;
let lineMatch = false;
let recursive = false;
let patterns: Regex[] = [];
let failed = false;

export function grep(args: Bytes[]): i32 {
  invert = count = listOnly = listWithout = numbers = only = quiet = silent = names = false;
  wordMatch = lineMatch = recursive = failed = false;
  let extended = args[0].endsWith(b("egrep"));
  let fixed = args[0].endsWith(b("fgrep"));
  let ignoreCase = false;
  let named = 0;
  const texts: Bytes[] = [];
  const o = new Options(args, "EFGivclLnoqshHwxre:f:", "extended-regexp=E fixed-strings=F quiet=q count=c");
  let hasPattern = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    switch (c) {
      case 0x45:
        extended = true;
        break;
      case 0x46:
        fixed = true;
        break;
      case 0x69:
        ignoreCase = true;
        break;
      case 0x76:
        invert = true;
        break;
      case 0x63:
        count = true;
        break;
      case 0x6c:
        listOnly = true;
        break;
      case 0x4c:
        listOnly = listWithout = true;
        break;
      case 0x6e:
        numbers = true;
        break;
      case 0x6f:
        only = true;
        break;
      case 0x71:
        quiet = true;
        break;
      case 0x73:
        silent = true;
        break;
      case 0x68:
        named = -1;
        break;
      case 0x48:
        named = 1;
        break;
      case 0x77:
        wordMatch = true;
        break;
      case 0x78:
        lineMatch = true;
        break;
      case 0x72:
        recursive = true;
        break;
      case 0x65:
        split(o.value, texts);
        hasPattern = true;
        break;
      case 0x66: {
        const s = readFile(o.value);
        if (!s) return fails(o.value, openError) + 1;
        if (s.len > 0) split(s[s.len - 1] == 10 ? s.slice(0, s.len - 1) : s, texts);
        hasPattern = true;
        break;
      }
    }
  }
  if (o.isBad) return 2;
  const files = o.rest();
  if (!hasPattern) {
    if (files.length == 0) return complain("missing pattern") + 1;
    split(files.shift(), texts);
  }
  patterns = [];
  for (let i = 0; i < texts.length; i++) {
    const r = new Regex(fixed ? escape(texts[i]) : texts[i], extended && !fixed, ignoreCase);
    if (r.error != "") return complain(r.error) + 1;
    patterns.push(r);
  }
  if (files.length == 0) files.push(b(recursive ? "." : "-"));
  names = named > 0 || (named == 0 && (files.length > 1 || recursive));
  let found = false;
  for (let i = 0; i < files.length && !(quiet && found); i++) if (visit(files[i])) found = true;
  return failed && !(quiet && found) ? 2 : found ? 0 : 1;
}

function split(s: Bytes, into: Bytes[]): void {
  for (let at = 0; ;) {
    const end = s.indexOf(10, at);
    into.push(s.slice(at, end < 0 ? s.len : end));
    if (end < 0) return;
    at = end + 1;
  }
}

/** A fixed string as a basic expression. */
function escape(s: Bytes): Bytes {
  const r = Bytes.alloc(s.len * 2);
  let n = 0;
  for (let i = 0; i < s.len; i++) {
    const c = s[i];
    if (c == 0x5c || c == 0x5b || c == 0x2e || c == 0x2a || c == 0x5e || c == 0x24) r[n++] = 0x5c;
    r[n++] = c;
  }
  return r.slice(0, n);
}

function visit(path: Bytes): bool {
  const st = new Stat();
  if (recursive && st.of(path) == 0 && st.isDir) {
    const entries: Bytes[] = [];
    const r = listDir(path, entries);
    if (r < 0) return report(path, r);
    entries.sort((a, c) => a.compare(c));
    let found = false;
    for (let i = 0; i < entries.length; i++) if (!isDots(entries[i]) && visit(join(path, entries[i]))) found = true;
    return found;
  }
  const input = Input.open(path);
  if (!input) return report(path, openError);
  const found = scan(path, input);
  if (input.error != 0) report(path, input.error);
  input.close();
  return found;
}

function report(path: Bytes, error: i64): bool {
  failed = true;
  if (!silent) {
    if (error == -21) complainOf(path, "Is a directory");
    else fails(path, error);
  }
  return false;
}

function scan(path: Bytes, input: Input): bool {
  let hits = 0;
  let number = 0;
  for (let line = input.line(); line; line = input.line()) {
    number++;
    if (matches(line, 0) < 0 ? !invert : invert) continue;
    hits++;
    if (quiet || listOnly) break;
    if (count) continue;
    if (only && !invert) {
      for (let at = matches(line, 0); at >= 0 && at < line.len; at = matches(line, max(matchEnd, at + 1))) {
        if (matchEnd > at) prefix(path, number).bytes(line.slice(at, matchEnd)).line();
      }
    } else prefix(path, number).bytes(line).line();
  }
  if (quiet) return hits > 0;
  if (listOnly) {
    if (hits > 0 != listWithout) stdout.bytes(path).line();
  } else if (count) {
    if (names) stdout.bytes(path).byte(0x3a);
    stdout.dec(hits).line();
  }
  return hits > 0;
}

function prefix(path: Bytes, number: i32): Out {
  if (names) stdout.bytes(path).byte(0x3a);
  if (numbers) stdout.dec(number).byte(0x3a);
  return stdout;
}

let matchEnd = 0;

/** Where the first match at or after `from` begins (`matchEnd` is its end), or -1. */
function matches(line: Bytes, from: i32): i32 {
  let best = -1;
  for (let i = 0; i < patterns.length; i++) {
    const p = patterns[i];
    for (let at = from; at <= line.len && p.search(line, at); at = p.groups[0] + 1) {
      const start = p.groups[0];
      const end = p.groups[1];
      if (lineMatch && (start != 0 || end != line.len)) continue;
      if (wordMatch && ((start > 0 && isWord(line[start - 1])) || (end < line.len && isWord(line[end])))) continue;
      if (best < 0 || start < best || (start == best && end > matchEnd)) {
        best = start;
        matchEnd = end;
      }
      break;
    }
  }
  return best;
}

function isWord(c: u8): bool {
  return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c == 0x5f;
}
