/** Mount options of tmpfs(5): size, nr_blocks, nr_inodes, mode, uid, gid. */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { PAGE_SIZE, totalFrames } from "../../mm/frames";
import { isText } from "../../vfs/filesystem-type";

const COMMA: u8 = 0x2c;
const EQUALS: u8 = 0x3d;
const PERCENT: u8 = 0x25;

@final
export class TmpOptions {
  /** Limits; the defaults are half of the memory. 0: none. */
  pages: u64 = totalFrames() / 2;
  inodes: u64 = totalFrames() / 2;
  mode: u32 = 0o1777;
  uid: u32 = 0;
  gid: u32 = 0;
  /** Given, so that /proc/mounts shows it. */
  hasPages: bool = false;
  hasInodes: bool = false;

  /** Errors: -EINVAL. */
  parse(data: Bytes): Result {
    for (let at = 0; at < data.len;) {
      let end = data.indexOf(COMMA, at);
      if (end < 0) end = data.len;
      if (end > at && !this.option(data.slice(at, end))) return fail(Errno.EINVAL);
      at = end + 1;
    }
    return 0;
  }

  private option(text: Bytes): bool {
    const split = text.indexOf(EQUALS);
    if (split < 0) return false;
    const key = text.slice(0, split);
    const value = text.slice(split + 1);
    if (isText(key, "mode")) {
      const mode = parseNumber(value, 8, false);
      this.mode = (<u32>mode) & 0o7777;
      return mode >= 0;
    }
    const n = parseNumber(value, 10, isText(key, "size"));
    if (n < 0) return false;
    if (isText(key, "size") || isText(key, "nr_blocks")) {
      this.pages = isText(key, "size") ? (<u64>n + PAGE_SIZE - 1) / PAGE_SIZE : <u64>n;
      this.hasPages = true;
    } else if (isText(key, "nr_inodes")) {
      this.inodes = <u64>n;
      this.hasInodes = true;
    } else if (isText(key, "uid")) this.uid = <u32>n;
    else if (isText(key, "gid")) this.gid = <u32>n;
    else return false;
    return true;
  }
}

/** -1 when `text` is no number. Suffixes k, m, g, and % of the memory where `isSize`. */
function parseNumber(text: Bytes, base: i32, isSize: bool): i64 {
  if (text.len == 0) return -1;
  let v: i64 = 0;
  for (let i = 0; i < text.len; i++) {
    const c = <i32>text[i];
    const digit = c - 0x30;
    if (digit >= 0 && digit < base) {
      if (v > i64.MAX_VALUE / 16) return -1;
      v = v * base + digit;
      continue;
    }
    if (i == 0 || i + 1 != text.len || base != 10) return -1;
    if (isSize && c == PERCENT) return (v * <i64>totalFrames() * <i64>PAGE_SIZE) / 100;
    const shift = (c | 0x20) == 0x6b ? 10 : (c | 0x20) == 0x6d ? 20 : (c | 0x20) == 0x67 ? 30 : -1;
    if (shift < 0 || v > i64.MAX_VALUE >> (shift + 1)) return -1;
    return v << shift;
  }
  return v;
}
