/** tr [-cds] SET1 [SET2]: ranges, classes and backslash escapes. cut -d -f -c -b -s: columns of lines. */
import { Bytes, b } from "../../lib/bytes";
import { Input, openError } from "../libc/input";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { complain, complainOf, fails } from "../libc/program";
import { inClass } from "../libc/regex";

/** The characters of a tr set, in order; -1 in the list never occurs. */
function expand(s: Bytes): i32[] {
  const list: i32[] = [];
  let i = 0;
  while (i < s.len) {
    if (s[i] == 0x5b && i + 1 < s.len && s[i + 1] == 0x3a) {
      let end = i + 2;
      while (end + 1 < s.len && !(s[end] == 0x3a && s[end + 1] == 0x5d)) end++;
      if (end + 1 < s.len) {
        const name = String.UTF8.decodeUnsafe(s.ptr + i + 2, end - i - 2);
        for (let c = 0; c < 256; c++) if (inClass(name, c)) list.push(c);
        i = end + 2;
        continue;
      }
    }
    const c = escaped(s, i);
    i = escapedEnd;
    if (i + 1 < s.len && s[i] == 0x2d) {
      const to = escaped(s, i + 1);
      if (to >= c) {
        i = escapedEnd;
        for (let k = c; k <= to; k++) list.push(k);
        continue;
      }
    }
    list.push(c);
  }
  return list;
}

let escapedEnd = 0;
/** The character at `i`, backslash escapes decoded; where it ends is in `escapedEnd`. */
function escaped(s: Bytes, i: i32): i32 {
  escapedEnd = i + 1;
  if (s[i] != 0x5c || i + 1 == s.len) return s[i];
  escapedEnd = i + 2;
  const c = s[i + 1];
  const at = "abfnrtv".indexOf(String.fromCharCode(c));
  if (at >= 0) return "\x07\b\f\n\r\t\v".charCodeAt(at);
  if (c < 0x30 || c > 0x37) return c;
  let v = 0;
  let k = i + 1;
  for (; k < s.len && k < i + 4 && s[k] >= 0x30 && s[k] <= 0x37; k++) v = v * 8 + s[k] - 0x30;
  escapedEnd = k;
  return v & 255;
}

export function tr(args: Bytes[]): i32 {
  const o = new Options(args, "cCds");
  let complement = false;
  let remove = false;
  let squeeze = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x64) remove = true;
    else if (c == 0x73) squeeze = true;
    else complement = true;
  }
  if (o.isBad) return 1;
  const sets = o.rest();
  if (sets.length < 1 || (sets.length < 2 && !remove && !squeeze)) return complain("missing operand");
  const member = new StaticArray<bool>(256);
  const first = expand(sets[0]);
  for (let i = 0; i < first.length; i++) member[first[i]] = true;
  if (complement) {
    first.length = 0;
    for (let c = 0; c < 256; c++) {
      member[c] = !member[c];
      if (member[c]) first.push(c);
    }
  }
  const second = sets.length > 1 ? expand(sets[1]) : first;
  const map = new StaticArray<u8>(256);
  for (let c = 0; c < 256; c++) map[c] = <u8>c;
  const translates = !remove && sets.length > 1;
  if (translates) {
    if (second.length == 0) return complain("when not truncating set1, string2 must be non-empty");
    for (let i = 0; i < first.length; i++) map[first[i]] = <u8>second[min(i, second.length - 1)];
  }
  const squeezed = new StaticArray<bool>(256);
  if (squeeze) for (let i = 0; i < second.length; i++) squeezed[second[i]] = true;
  const input = new Input(0);
  let last = -1;
  for (let c = input.byte(); c >= 0; c = input.byte()) {
    if (remove && member[c]) continue;
    const out = <i32>map[c];
    if (out == last && squeezed[out]) continue;
    stdout.byte(<u8>out);
    last = out;
  }
  return 0;
}

/** cut -f LIST [-d C] [-s] | -c LIST | -b LIST [FILE…] */
export function cut(args: Bytes[]): i32 {
  const o = new Options(args, "f:d:c:b:s", "fields=f delimiter=d characters=c bytes=b only-delimited=s");
  let delimiter: u8 = 9;
  let list: Bytes | null = null;
  let byField = false;
  let onlyDelimited = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x64) delimiter = o.value.len > 0 ? o.value[0] : 0;
    else if (c == 0x73) onlyDelimited = true;
    else {
      list = o.value;
      byField = c == 0x66;
    }
  }
  if (o.isBad) return 1;
  if (!list) return complain("you must specify a list of bytes, characters, or fields");
  const ranges = parseRanges(list);
  if (!ranges) return complainOf(list, "invalid list");
  const files = o.rest();
  if (files.length == 0) files.push(b("-"));
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    const input = Input.open(files[i]);
    if (!input) {
      status = fails(files[i], openError);
      continue;
    }
    for (let line = input.line(); line; line = input.line()) {
      if (byField) cutFields(line, delimiter, ranges, onlyDelimited);
      else {
        for (let k = 0; k < line.len; k++) if (selected(ranges, k + 1)) stdout.byte(line[k]);
        stdout.line();
      }
    }
    input.close();
  }
  return status;
}

/** Pairs of first and last, 1-based. */
function parseRanges(s: Bytes): i32[] | null {
  const r: i32[] = [];
  for (let at = 0; at <= s.len;) {
    const comma = s.indexOf(0x2c, at) < 0 ? s.len : s.indexOf(0x2c, at);
    const item = s.slice(at, comma);
    const dash = item.indexOf(0x2d);
    const from = dash == 0 ? 1 : parseDec(dash < 0 ? item : item.slice(0, dash));
    if (dash != 0 && (!isNumber || from < 1)) return null;
    const isOpen = dash >= 0 && dash + 1 == item.len;
    const to = dash < 0 ? from : isOpen ? i32.MAX_VALUE : parseDec(item.slice(dash + 1));
    if (!isOpen && dash >= 0 && !isNumber) return null;
    r.push(<i32>from);
    r.push(<i32>to);
    at = comma + 1;
  }
  return r;
}

function selected(r: i32[], n: i32): bool {
  for (let i = 0; i < r.length; i += 2) if (n >= r[i] && n <= r[i + 1]) return true;
  return false;
}

function cutFields(line: Bytes, delimiter: u8, ranges: i32[], onlyDelimited: bool): void {
  if (line.indexOf(delimiter) < 0) {
    if (!onlyDelimited) stdout.bytes(line).line();
    return;
  }
  let any = false;
  let n = 1;
  for (let at = 0; at <= line.len; n++) {
    const next = line.indexOf(delimiter, at);
    const end = next < 0 ? line.len : next;
    if (selected(ranges, n)) {
      if (any) stdout.byte(delimiter);
      stdout.bytes(line.slice(at, end));
      any = true;
    }
    at = end + 1;
  }
  stdout.line();
}
