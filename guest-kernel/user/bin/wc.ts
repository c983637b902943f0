/** wc: lines, words and bytes. */
import { Bytes, b } from "../../lib/bytes";
import { Input, openError } from "../libc/input";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { fails } from "../libc/program";

class Count {
  lines: i64 = 0;
  words: i64 = 0;
  bytes: i64 = 0;
}

export function wc(args: Bytes[]): i32 {
  const o = new Options(args, "lwcm", "lines=l words=w bytes=c chars=m");
  let l = false;
  let w = false;
  let c = false;
  for (let x = o.next(); x != 0; x = o.next()) {
    if (x == 0x6c) l = true;
    else if (x == 0x77) w = true;
    else c = true;
  }
  if (o.isBad) return 1;
  if (!l && !w && !c) l = w = c = true;
  const files = o.rest();
  const isStdin = files.length == 0;
  if (isStdin) files.push(b("-"));
  // One number alone is printed bare, as coreutils do.
  const isBare = files.length == 1 && <i32>l + <i32>w + <i32>c == 1;
  const width = isBare ? 0 : 7;
  const total = new Count();
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    const input = Input.open(files[i]);
    if (!input) {
      status = fails(files[i], openError);
      continue;
    }
    const n = new Count();
    let inWord = false;
    for (let ch = input.byte(); ch >= 0; ch = input.byte()) {
      n.bytes++;
      if (ch == 10) n.lines++;
      const isSpace = ch == 0x20 || (ch >= 9 && ch <= 13);
      if (!isSpace && !inWord) n.words++;
      inWord = !isSpace;
    }
    if (input.error != 0) status = fails(files[i], input.error);
    input.close();
    total.lines += n.lines;
    total.words += n.words;
    total.bytes += n.bytes;
    print(n, l, w, c, width, isStdin ? null : files[i]);
  }
  if (files.length > 1) print(total, l, w, c, width, b("total"));
  return status;
}

function print(n: Count, l: bool, w: bool, c: bool, width: i32, name: Bytes | null): void {
  let first = true;
  if (l) first = column(n.lines, width, first);
  if (w) first = column(n.words, width, first);
  if (c) column(n.bytes, width, first);
  if (name) stdout.byte(0x20).bytes(name);
  stdout.line();
}

function column(v: i64, width: i32, first: bool): bool {
  if (!first) stdout.byte(0x20);
  stdout.dec(v, width);
  return false;
}
