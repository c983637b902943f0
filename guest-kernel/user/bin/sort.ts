/** sort and uniq: ordering and folding lines. */
import { O_CREAT, O_TRUNC, O_WRONLY } from "../../abi/fcntl";
import { Bytes, b } from "../../lib/bytes";
import { Input, openError } from "../libc/input";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { Out, stdout } from "../libc/out";
import { complain, complainOf, fails } from "../libc/program";
import { open } from "../libc/sys";

let numeric = false;
let reverse = false;
let fold = false;
let blanks = false;
let separator: i32 = -1;
/** -k FIRST[,LAST], 1-based; 0: the whole line or to its end. */
let keyFirst = 0;
let keyLast = 0;
let unique = false;

/** sort [-nrufbc] [-t C] [-k F[,L]] [-o FILE] [FILE…], in byte order as under LC_ALL=C */
export function sort(args: Bytes[]): i32 {
  numeric = reverse = fold = blanks = unique = false;
  separator = -1;
  keyFirst = keyLast = 0;
  let check = false;
  let output: Bytes | null = null;
  const o = new Options(args, "nrufbcst:k:o:", "numeric-sort=n reverse=r unique=u");
  for (let c = o.next(); c != 0; c = o.next()) {
    switch (c) {
      case 0x6e:
        numeric = true;
        break;
      case 0x72:
        reverse = true;
        break;
      case 0x75:
        unique = true;
        break;
      case 0x66:
        fold = true;
        break;
      case 0x62:
        blanks = true;
        break;
      case 0x63:
        check = true;
        break;
      case 0x74:
        separator = o.value.len > 0 ? o.value[0] : 0;
        break;
      case 0x6f:
        output = o.value;
        break;
      case 0x6b:
        if (!parseKey(o.value)) return complainOf(o.value, "invalid key");
        break;
    }
  }
  if (o.isBad) return 2;
  const files = o.rest();
  if (files.length == 0) files.push(b("-"));
  let lines: Bytes[] = [];
  for (let i = 0; i < files.length; i++) {
    const input = Input.open(files[i]);
    if (!input) {
      fails(files[i], openError);
      return 2;
    }
    for (let s = input.line(); s; s = input.line()) lines.push(s);
    input.close();
  }
  if (check) {
    for (let i = 1; i < lines.length; i++) if (order(lines[i - 1], lines[i]) > 0) return complain("disorder");
    return 0;
  }
  lines = mergeSort(lines);
  const fd = output ? open(output, O_WRONLY | O_CREAT | O_TRUNC, 0o666) : 1;
  if (fd < 0) return fails(output!, fd) + 1;
  const out = output ? new Out(fd) : stdout;
  for (let i = 0; i < lines.length; i++) {
    if (unique && i > 0 && keyOrder(lines[i - 1], lines[i]) == 0) continue;
    out.bytes(lines[i]).line();
  }
  return out.flush() < 0 ? 2 : 0;
}

/** F[.C][flags][,L[flags]]; character offsets are refused. */
function parseKey(s: Bytes): bool {
  const comma = s.indexOf(0x2c);
  keyFirst = keyNumber(comma < 0 ? s : s.slice(0, comma));
  keyLast = comma < 0 ? 0 : keyNumber(s.slice(comma + 1));
  return keyFirst > 0 && keyLast >= 0;
}

function keyNumber(s: Bytes): i32 {
  let end = 0;
  while (end < s.len && s[end] >= 0x30 && s[end] <= 0x39) end++;
  for (let i = end; i < s.len; i++) {
    if (s[i] == 0x6e) numeric = true;
    else if (s[i] == 0x72) reverse = true;
    else if (s[i] == 0x62) blanks = true;
    else if (s[i] == 0x66) fold = true;
    else return -1;
  }
  const v = parseDec(s.slice(0, end));
  return isNumber ? <i32>v : -1;
}

/** Position of field `n` (1-based) in `s`; s.len when there are fewer. */
function fieldStart(s: Bytes, n: i32): i32 {
  let at = 0;
  for (; n > 1 && at < s.len; n--) {
    if (separator >= 0) {
      const next = s.indexOf(<u8>separator, at);
      at = next < 0 ? s.len : next + 1;
    } else {
      while (at < s.len && isBlank(s[at])) at++;
      while (at < s.len && !isBlank(s[at])) at++;
    }
  }
  return at;
}

function isBlank(c: u8): bool {
  return c == 0x20 || c == 9;
}

function keyOf(s: Bytes): Bytes {
  if (keyFirst > 0) {
    const from = fieldStart(s, keyFirst);
    let to = s.len;
    if (keyLast > 0) {
      to = fieldStart(s, keyLast + 1);
      if (separator >= 0 && to > from && to <= s.len && s[to - 1] == separator && fieldStart(s, keyLast + 1) != s.len)
        to--;
    }
    s = s.slice(from, max(to, from));
  }
  let at = 0;
  if (blanks || numeric) while (at < s.len && isBlank(s[at])) at++;
  return s.slice(at);
}

function keyOrder(a: Bytes, c: Bytes): i32 {
  const x = keyOf(a);
  const y = keyOf(c);
  if (numeric) return numericOrder(x, y);
  if (!fold) return x.compare(y);
  const n = min(x.len, y.len);
  for (let i = 0; i < n; i++) {
    const d = <i32>upper(x[i]) - <i32>upper(y[i]);
    if (d != 0) return d;
  }
  return x.len - y.len;
}

function upper(c: u8): u8 {
  return c >= 0x61 && c <= 0x7a ? c - 0x20 : c;
}

/** Sign, integer part, fraction; what is no number counts as 0. */
function numericOrder(x: Bytes, y: Bytes): i32 {
  const a = leading(x);
  const c = leading(y);
  if (a != c) return a < c ? -1 : 1;
  return fraction(x).compare(fraction(y)) * (x.len > 0 && x[0] == 0x2d ? -1 : 1);
}

function leading(s: Bytes): i64 {
  let i = s.len > 0 && s[0] == 0x2d ? 1 : 0;
  let v: i64 = 0;
  for (; i < s.len && s[i] >= 0x30 && s[i] <= 0x39; i++) v = v * 10 + (s[i] - 0x30);
  return s.len > 0 && s[0] == 0x2d ? -v : v;
}

function fraction(s: Bytes): Bytes {
  const dot = s.indexOf(0x2e);
  if (dot < 0) return s.slice(0, 0);
  let end = dot + 1;
  while (end < s.len && s[end] >= 0x30 && s[end] <= 0x39) end++;
  while (end > dot + 1 && s[end - 1] == 0x30) end--;
  return s.slice(dot + 1, end);
}

/** Key first, then the whole line, as POSIX asks; -r turns both. */
function order(a: Bytes, c: Bytes): i32 {
  let d = keyOrder(a, c);
  if (d == 0 && !unique) d = a.compare(c);
  return reverse ? -d : d;
}

function mergeSort(lines: Bytes[]): Bytes[] {
  let from = lines;
  let to = lines.slice(0);
  const n = lines.length;
  for (let width = 1; width < n; width *= 2) {
    for (let lo = 0; lo < n; lo += 2 * width) {
      const mid = min(lo + width, n);
      const hi = min(lo + 2 * width, n);
      let i = lo;
      let k = mid;
      for (let at = lo; at < hi; at++) {
        if (i < mid && (k >= hi || order(from[i], from[k]) <= 0)) to[at] = from[i++];
        else to[at] = from[k++];
      }
    }
    const t = from;
    from = to;
    to = t;
  }
  return from;
}

/** uniq [-cdu] [INPUT] */
export function uniq(args: Bytes[]): i32 {
  const o = new Options(args, "cdui", "count=c repeated=d unique=u");
  let count = false;
  let repeated = false;
  let single = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x63) count = true;
    else if (c == 0x64) repeated = true;
    else if (c == 0x75) single = true;
  }
  if (o.isBad) return 1;
  const files = o.rest();
  const path = files.length > 0 ? files[0] : b("-");
  const input = Input.open(path);
  if (!input) return fails(path, openError);
  let last: Bytes | null = null;
  let n = 0;
  for (let s = input.line(); ; s = input.line()) {
    if (s && last && s.equals(last)) {
      n++;
      continue;
    }
    if (last && !(repeated && n == 1) && !(single && n > 1)) {
      if (count) stdout.dec(n, 7).byte(0x20);
      stdout.bytes(last).line();
    }
    if (!s) break;
    last = s;
    n = 1;
  }
  input.close();
  return 0;
}
