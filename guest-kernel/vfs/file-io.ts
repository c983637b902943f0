/**
 * A regular file's bytes through the page cache. Offsets and lengths have been checked; a user buffer is resident.
 * Every function works on `inode.data()`: for an overlay that is the layer's file of this moment.
 */
import { Errno } from "../abi/errno";
import { realtimeNs } from "../hal/time";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SHIFT, PAGE_SIZE, allocFrame, allocFrameRaw, putFrame } from "../mm/frames";
import { IoBuf } from "../mm/io-buf";
import { ATTR_CTIME, ATTR_MODE, ATTR_MTIME, ATTR_SIZE, Inode, S_ISGID, S_ISUID, SetAttr } from "./inode";
import { PageCache } from "./page-cache";

/** Files end before this offset. */
export const MAX_FILE_SIZE: i64 = 1 << 52;

/** The pages of `d`, made on first use. */
export function pagesOf(d: Inode): PageCache {
  let p = d.pages;
  if (p == null) {
    p = new PageCache();
    d.pages = p;
    if (!d.fs.inMemory) p.makeReclaimable();
  }
  return p;
}

/** The frame of page `index` of `d`, read in if need be; a Result so that errors stay errors. Errors: -EIO, -ENOMEM. */
export function pageIn(d: Inode, index: u64): Result {
  const pages = pagesOf(d);
  const present = pages.get(index);
  if (present != 0) return <Result>present;
  const frame = allocFrameRaw();
  if (frame == 0) return fail(Errno.ENOMEM);
  let r: Result = 0;
  if (d.fs.inMemory) {
    memory.fill(frame, 0, PAGE_SIZE);
    r = d.beforeWrite(index);
  } else r = d.readPage(index, frame);
  if (!failed(r)) r = pages.insert(index, frame);
  if (failed(r)) {
    putFrame(frame);
    return r;
  }
  d.fs.pagesChanged(1);
  return <Result>frame;
}

/** Reads at most `n` bytes at `pos` into `buf` at `off`. Returns how many; 0 at the end. Errors, when none: -EIO, -EFAULT. */
export function readAt(inode: Inode, pos: i64, buf: IoBuf, off: u64, n: u64): Result {
  const d = inode.data();
  if (pos >= d.size) return 0;
  const all = min<u64>(n, d.size - pos);
  const pages = pagesOf(d);
  let done: u64 = 0;
  while (done < all) {
    const at = <u64>pos + done;
    const inPage = <usize>(at & (PAGE_SIZE - 1));
    const part = <usize>min<u64>(all - done, PAGE_SIZE - inPage);
    let frame = pages.get(at >> PAGE_SHIFT);
    let r: Result = 0;
    if (frame == 0 && d.fs.inMemory) r = buf.zero(off + done, part);
    else {
      if (frame == 0) {
        r = pageIn(d, at >> PAGE_SHIFT);
        frame = <usize>r;
      }
      if (!failed(r)) r = buf.put(off + done, frame + inPage, part);
    }
    if (failed(r)) return done > 0 ? <Result>done : r;
    done += part;
  }
  return <Result>done;
}

/**
 * Writes at most `n` bytes of `buf` from `off` at `pos`, extends the file and sets its times. Returns how many.
 * Errors, when none: -EFBIG, -EROFS, -ENOSPC, -EIO, -ENOMEM, -EFAULT.
 */
export function writeAt(inode: Inode, pos: i64, buf: IoBuf, off: u64, n: u64): Result {
  const d = inode.data();
  if (pos >= MAX_FILE_SIZE) return fail(Errno.EFBIG);
  const all = min<u64>(n, MAX_FILE_SIZE - pos);
  if (pos > d.size) zeroTail(d);
  let done: u64 = 0;
  let r: Result = 0;
  while (done < all) {
    const at = <u64>pos + done;
    const inPage = <usize>(at & (PAGE_SIZE - 1));
    const part = <usize>min<u64>(all - done, PAGE_SIZE - inPage);
    r = writePart(d, at >> PAGE_SHIFT, inPage, part, buf, off + done);
    if (failed(r)) break;
    done += part;
  }
  if (done == 0) return r;
  d.size = max<i64>(d.size, pos + <i64>done);
  d.mtime = d.ctime = realtimeNs();
  return <Result>done;
}

function writePart(d: Inode, index: u64, inPage: usize, part: usize, buf: IoBuf, off: u64): Result {
  const pages = pagesOf(d);
  const present = pages.get(index);
  if (present != 0) return buf.get(off, present + inPage, part);
  let r = d.beforeWrite(index);
  if (failed(r)) return r;
  const frame = allocFrame();
  if (frame == 0) return fail(Errno.ENOMEM);
  const isNew = d.fs.inMemory || <i64>(index << PAGE_SHIFT) >= d.size;
  if (!isNew && part < PAGE_SIZE) r = d.readPage(index, frame);
  if (!failed(r)) r = buf.get(off, frame + inPage, part);
  if (!failed(r)) r = pages.insert(index, frame);
  if (failed(r)) putFrame(frame);
  else d.fs.pagesChanged(1);
  return r;
}

/** Bytes of the last page beyond the end: a mapping may have written them, a longer file must show zeros. */
function zeroTail(d: Inode): void {
  const inPage = <usize>(d.size & (<i64>(PAGE_SIZE - 1)));
  const pages = d.pages;
  if (inPage == 0 || pages == null) return;
  const frame = pages.get((<u64>d.size) >> PAGE_SHIFT);
  if (frame != 0) memory.fill(frame + inPage, 0, PAGE_SIZE - inPage);
}

/** For a driver's setattr: gives `d` its new size and drops the pages beyond it. */
export function resizePages(d: Inode, size: i64): void {
  if (size > d.size) zeroTail(d);
  d.size = size;
  const pages = d.pages;
  if (pages == null) return;
  const dropped = pages.truncate((<u64>size + PAGE_SIZE - 1) >> PAGE_SHIFT);
  if (dropped > 0) d.fs.pagesChanged(-(<i32>dropped));
  zeroTail(d);
}

/** truncate, ftruncate, O_TRUNC: size, times, and the set-id bits that a change of content clears. */
export function truncateInode(inode: Inode, size: i64, mayKeepIds: bool): Result {
  const c = new SetAttr();
  c.mask = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME;
  c.size = size;
  c.mtime = c.ctime = realtimeNs();
  if (!mayKeepIds) {
    c.mode = modeAfterWrite(inode.mode);
    if (c.mode != inode.mode) c.mask |= ATTR_MODE;
  }
  return inode.setattr(c);
}

/** The mode of a file whose content an unprivileged task changes: setuid goes, setgid too where it means a group. */
export function modeAfterWrite(mode: u32): u32 {
  let m = mode & ~S_ISUID;
  if ((m & (S_ISGID | 0o010)) == (S_ISGID | 0o010)) m &= ~S_ISGID;
  return m;
}
