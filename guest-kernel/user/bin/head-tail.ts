/** head and tail: the first or last lines (-n) or bytes (-c) of files; tail -f is not there. */
import { Bytes, b } from "../../lib/bytes";
import { Input, openError } from "../libc/input";
import { isNumber, parseSize } from "../libc/number";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { complain, fails } from "../libc/program";

/** What both programs take from their command line. */
class Request {
  count: i64 = 10;
  isBytes: bool = false;
  /** head -n -N: all but the last; tail -n +N: from line N. */
  isInverse: bool = false;
  quiet: bool = false;
  verbose: bool = false;
  files: Bytes[] = [];
}

function parse(args: Bytes[], inverseSign: u8): Request | null {
  const r = new Request();
  // The historical -N.
  if (args.length > 1 && args[1].len > 1 && args[1][0] == 0x2d && args[1][1] >= 0x30 && args[1][1] <= 0x39) {
    const rest = args.slice(0, 1);
    rest.push(b("-n").concat(args[1].slice(1)));
    args = rest.concat(args.slice(2));
  }
  const o = new Options(args, "n:c:qv", "lines=n bytes=c quiet=q verbose=v");
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x71) r.quiet = true;
    else if (c == 0x76) r.verbose = true;
    else {
      r.isBytes = c == 0x63;
      let v = o.value;
      r.isInverse = v.len > 0 && v[0] == inverseSign;
      if (v.len > 0 && (v[0] == 0x2b || v[0] == 0x2d)) v = v.slice(1);
      r.count = parseSize(v);
      if (!isNumber) {
        complain("invalid number of lines or bytes");
        return null;
      }
    }
  }
  if (o.isBad) return null;
  r.files = o.rest();
  if (r.files.length == 0) r.files.push(b("-"));
  return r;
}

function title(r: Request, i: i32): void {
  if (r.quiet || (r.files.length < 2 && !r.verbose)) return;
  if (i > 0) stdout.line();
  stdout.text("==> ");
  if (r.files[i].len == 1 && r.files[i][0] == 0x2d) stdout.text("standard input");
  else stdout.bytes(r.files[i]);
  stdout.text(" <==").line();
}

function emit(input: Input, line: Bytes): void {
  stdout.bytes(line);
  if (input.hadNewline) stdout.line();
}

export function head(args: Bytes[]): i32 {
  const r = parse(args, 0x2d);
  if (!r) return 1;
  let status = 0;
  for (let i = 0; i < r.files.length; i++) {
    const input = Input.open(r.files[i]);
    if (!input) {
      status = fails(r.files[i], openError);
      continue;
    }
    title(r, i);
    if (r.isInverse) {
      const s = input.all();
      stdout.bytes(s.slice(0, r.isBytes ? max(s.len - <i32>r.count, 0) : lineStart(s, r.count)));
    } else if (r.isBytes) {
      for (let n = r.count; n > 0; n--) {
        const c = input.byte();
        if (c < 0) break;
        stdout.byte(<u8>c);
      }
    } else {
      for (let n = r.count; n > 0; n--) {
        const line = input.line();
        if (!line) break;
        emit(input, line);
      }
    }
    if (input.error != 0) status = fails(r.files[i], input.error);
    input.close();
  }
  return status;
}

/** Where the last `count` lines of `s` begin. */
function lineStart(s: Bytes, count: i64): i32 {
  if (count == 0) return s.len;
  let at = s.len;
  if (at > 0 && s[at - 1] == 10) at--;
  while (at > 0) {
    if (s[at - 1] == 10 && --count == 0) break;
    at--;
  }
  return at;
}

export function tail(args: Bytes[]): i32 {
  const r = parse(args, 0x2b);
  if (!r) return 1;
  let status = 0;
  for (let i = 0; i < r.files.length; i++) {
    const input = Input.open(r.files[i]);
    if (!input) {
      status = fails(r.files[i], openError);
      continue;
    }
    title(r, i);
    if (r.isInverse && !r.isBytes) {
      for (let n: i64 = 1; ; n++) {
        const line = input.line();
        if (!line) break;
        if (n >= r.count) emit(input, line);
      }
    } else {
      const s = input.all();
      if (r.isInverse) stdout.bytes(s.slice(<i32>max<i64>(r.count - 1, 0)));
      else stdout.bytes(s.slice(r.isBytes ? max(s.len - <i32>r.count, 0) : lineStart(s, r.count)));
    }
    if (input.error != 0) status = fails(r.files[i], input.error);
    input.close();
  }
  return status;
}
