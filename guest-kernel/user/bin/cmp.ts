/** cmp [-s] FILE1 FILE2: the first difference. od [-A d|o|x|n] [-t x1|o1|d1|u1|c|x2|…] [-c] [-x] [-v] [-N N]: bytes as numbers. */
import { Bytes, b } from "../../lib/bytes";
import { Input, openError } from "../libc/input";
import { isNumber, parseSize } from "../libc/number";
import { Options } from "../libc/options";
import { stderr, stdout } from "../libc/out";
import { complain, complainOf, fails } from "../libc/program";

export function cmp(args: Bytes[]): i32 {
  const o = new Options(args, "sl", "silent=s quiet=s");
  let silent = false;
  for (let c = o.next(); c != 0; c = o.next()) silent = silent || c == 0x73;
  if (o.isBad) return 2;
  const files = o.rest();
  if (files.length < 1 || files.length > 2) return complain("needs two files") + 1;
  if (files.length == 1) files.push(b("-"));
  const x = Input.open(files[0]);
  if (!x) return silent ? 2 : fails(files[0], openError) + 1;
  const y = Input.open(files[1]);
  if (!y) return silent ? 2 : fails(files[1], openError) + 1;
  let line = 1;
  for (let at: i64 = 1; ; at++) {
    const c = x.byte();
    const d = y.byte();
    if (x.error != 0 || y.error != 0) return fails(files[x.error != 0 ? 0 : 1], x.error != 0 ? x.error : y.error) + 1;
    if (c < 0 && d < 0) break;
    if (c < 0 || d < 0) {
      const short = files[c < 0 ? 0 : 1];
      if (!silent)
        stderr
          .text("cmp: EOF on ")
          .bytes(short)
          .text(" after byte ")
          .dec(at - 1)
          .line();
      return 1;
    }
    if (c != d) {
      if (!silent)
        stdout
          .bytes(files[0])
          .byte(0x20)
          .bytes(files[1])
          .text(" differ: byte ")
          .dec(at)
          .text(", line ")
          .dec(line)
          .line();
      return 1;
    }
    if (c == 10) line++;
  }
  return 0;
}

const ESCAPES = "\0\x07\b\t\n\v\f\r";
const ESCAPE_NAMES = "0abtnvfr";

export function od(args: Bytes[]): i32 {
  const o = new Options(args, "A:t:cxvbN:j:", "address-radix=A format=t read-bytes=N");
  let radix: u8 = 0x6f;
  let kind: u8 = 0x6f;
  let size = 2;
  let limit: i64 = i64.MAX_VALUE;
  let skip: i64 = 0;
  for (let c = o.next(); c != 0; c = o.next()) {
    switch (c) {
      case 0x41:
        radix = o.value.len > 0 ? o.value[0] : 0x6e;
        break;
      case 0x63:
        kind = 0x63;
        size = 1;
        break;
      case 0x62:
        kind = 0x6f;
        size = 1;
        break;
      case 0x78:
        kind = 0x78;
        size = 2;
        break;
      case 0x4e:
        limit = parseSize(o.value);
        if (!isNumber) return complainOf(o.value, "invalid number");
        break;
      case 0x6a:
        skip = parseSize(o.value);
        if (!isNumber) return complainOf(o.value, "invalid number");
        break;
      case 0x74: {
        if (o.value.len == 0) return complain("invalid type string");
        kind = o.value[0];
        const n = o.value.len > 1 ? o.value[1] - 0x30 : kind == 0x63 ? 1 : 4;
        size = n;
        if ("doxuc".indexOf(String.fromCharCode(kind)) < 0 || (n != 1 && n != 2 && n != 4 && n != 8)) {
          return complainOf(o.value, "invalid type string");
        }
        break;
      }
    }
  }
  if (o.isBad) return 1;
  const files = o.rest();
  const path = files.length > 0 ? files[0] : b("-");
  const input = Input.open(path);
  if (!input) return fails(path, openError);
  for (; skip > 0; skip--) input.byte();
  const row = new StaticArray<u8>(16);
  let at: i64 = 0;
  for (;;) {
    let n = 0;
    for (; n < 16 && at + n < limit; n++) {
      const c = input.byte();
      if (c < 0) break;
      row[n] = <u8>c;
    }
    if (n == 0) break;
    for (let i = n; i < 16; i++) row[i] = 0;
    address(at, radix);
    for (let i = 0; i < n; i += size) item(row, i, size, kind);
    stdout.line();
    at += n;
  }
  if (radix != 0x6e) {
    address(at, radix);
    stdout.line();
  }
  return input.error != 0 ? fails(path, input.error) : 0;
}

function address(at: i64, radix: u8): void {
  if (radix == 0x6f) stdout.octal(at, 7);
  else if (radix == 0x78) stdout.hex(at, 6);
  else if (radix == 0x64) stdout.dec(at, 7, 0x30);
}

/** One number of `size` bytes, little-endian, in a column as wide as its largest value. */
function item(row: StaticArray<u8>, i: i32, size: i32, kind: u8): void {
  let v: u64 = 0;
  for (let k = size - 1; k >= 0; k--) v = (v << 8) | row[i + k];
  if (kind == 0x63) return character(<i32>v);
  stdout.byte(0x20);
  if (kind == 0x78) stdout.hex(v, size * 2);
  else if (kind == 0x6f) stdout.octal(v, (size * 8 + 2) / 3);
  else {
    const width = size == 1 ? 4 : size == 2 ? 6 : size == 4 ? 11 : 20;
    const shift = 64 - size * 8;
    if (kind == 0x75) stdout.unsigned(v, width - 1);
    else stdout.dec((<i64>(v << shift)) >> shift, width);
  }
}

function character(c: i32): void {
  const at = ESCAPES.indexOf(String.fromCharCode(c));
  if (at >= 0) stdout.text("  \\").byte(<u8>ESCAPE_NAMES.charCodeAt(at));
  else if (c >= 0x20 && c < 0x7f) stdout.text("   ").byte(<u8>c);
  else stdout.byte(0x20).octal(c, 3);
}
