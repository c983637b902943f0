/** dd: copies blocks. if= of= bs= ibs= obs= count= skip= seek= conv=notrunc,sync,fsync,noerror status=none|noxfer */
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from "../../abi/fcntl";
import { Bytes, b } from "../../lib/bytes";
import { isNumber, parseSize } from "../libc/number";
import { stderr } from "../libc/out";
import { cannot, complain, complainOf } from "../libc/program";
import { close, fsync, ftruncate, lseek, open, read, writeAll } from "../libc/sys";

const SEEK_SET: i32 = 0;
const SEEK_CUR: i32 = 1;
const MAX_BLOCK: i64 = 64 << 20;

export function dd(args: Bytes[]): i32 {
  let input: Bytes | null = null;
  let output: Bytes | null = null;
  let bs: i64 = 512;
  let count: i64 = -1;
  let skip: i64 = 0;
  let seek: i64 = 0;
  let conv = b("");
  let quiet = false;
  for (let i = 1; i < args.length; i++) {
    const a = args[i];
    const eq = a.indexOf(0x3d);
    const key = a.slice(0, max(eq, 0));
    const value = a.slice(eq + 1);
    if (key.equals(b("if"))) input = value;
    else if (key.equals(b("of"))) output = value;
    else if (key.equals(b("conv"))) conv = value;
    else if (key.equals(b("status"))) quiet = value.equals(b("none"));
    else {
      const n = parseSize(value);
      const isOk = isNumber && n >= 0;
      if (key.equals(b("bs")) || key.equals(b("ibs")) || key.equals(b("obs"))) bs = n;
      else if (key.equals(b("count"))) count = n;
      else if (key.equals(b("skip")) || key.equals(b("iseek"))) skip = n;
      else if (key.equals(b("seek")) || key.equals(b("oseek"))) seek = n;
      else return complainOf(a, "unrecognized operand");
      if (!isOk) return complainOf(value, "invalid number");
    }
  }
  if (bs <= 0 || bs > MAX_BLOCK) return complain("invalid block size");
  const from = input ? open(input, O_RDONLY) : 0;
  if (from < 0) return cannot("open", input!, from);
  const noTrunc = has(conv, "notrunc") || seek > 0;
  const to = output ? open(output, O_WRONLY | O_CREAT | (noTrunc ? 0 : O_TRUNC), 0o666) : 1;
  if (to < 0) return cannot("open", output!, to);
  if (output && seek > 0 && !has(conv, "notrunc")) ftruncate(to, seek * bs);
  const block = heap.alloc(<usize>bs);
  if (skip > 0 && lseek(from, skip * bs, SEEK_CUR) < 0) {
    for (let i: i64 = 0; i < skip; i++) if (read(from, block, <usize>bs) <= 0) break;
  }
  if (seek > 0) lseek(to, seek * bs, SEEK_SET);
  let fullIn: i64 = 0;
  let partIn: i64 = 0;
  let bytes: i64 = 0;
  let status = 0;
  let fullOut: i64 = 0;
  let partOut: i64 = 0;
  while (count < 0 || fullIn + partIn < count) {
    let r = read(from, block, <usize>bs);
    if (r < 0) {
      status = cannot("read", input ? input : b("standard input"), r);
      break;
    }
    if (r == 0) break;
    if (r == bs) fullIn++;
    else {
      partIn++;
      if (has(conv, "sync")) {
        memory.fill(block + <usize>r, 0, <usize>(bs - r));
        r = bs;
      }
    }
    const w = writeAll(to, block, <usize>r);
    if (w < 0) {
      status = cannot("write", output ? output : b("standard output"), w);
      break;
    }
    if (r == bs) fullOut++;
    else partOut++;
    bytes += r;
  }
  if (has(conv, "fsync") && fsync(to) < 0) status = 1;
  if (output && close(to) < 0) status = 1;
  if (!quiet) {
    stderr.dec(fullIn).byte(0x2b).dec(partIn).text(" records in\n");
    stderr.dec(fullOut).byte(0x2b).dec(partOut).text(" records out\n");
    stderr.dec(bytes).text(" bytes copied\n").flush();
  }
  return status;
}

/** Is `word` in a comma-separated list? */
function has(list: Bytes, word: string): bool {
  const w = b(word);
  for (let at = 0; at <= list.len;) {
    const comma = list.indexOf(0x2c, at);
    const end = comma < 0 ? list.len : comma;
    if (list.slice(at, end).equals(w)) return true;
    at = end + 1;
  }
  return false;
}
