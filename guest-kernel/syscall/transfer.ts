/**
 * Moving bytes between user memory and open files: read, write and their vector and positional forms.
 *
 * A call that parks has moved nothing that it does not know of: what earlier rounds wrote stands in progress.done, and a
 * restart skips it. Reading parks only while nothing was read.
 */
import { Errno } from "../abi/errno";
import { O_APPEND, O_NONBLOCK, O_PATH } from "../abi/fcntl";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SIZE, allocFrameRaw, putFrame } from "../mm/frames";
import { KernelBuf } from "../mm/io-buf";
import { U64Out, UserBuf } from "../mm/user-buf";
import { PARKED } from "../proc/park";
import { current, userBuf } from "../proc/task";
import { fileOf } from "../vfs/fd-table";
import { File } from "../vfs/file";
import { RegularFile } from "../vfs/regular-file";

const IOV_MAX: u64 = 1024;
/** Linux's MAX_RW_COUNT: more is cut off silently. */
export const MAX_RW: u64 = 0x7ffff000;

/** The segments of one call. */
@final
class Vector {
  segments: Array<UserBuf> = [];
  total: u64 = 0;

  add(addr: u64, len: u64): void {
    const n = min(len, MAX_RW - this.total);
    this.segments.push(userBuf(addr, n));
    this.total += n;
  }

  /** Errors: -EINVAL (count or a negative length), -EFAULT. */
  read(iov: u64, count: u64): Result {
    if (count > IOV_MAX) return fail(Errno.EINVAL);
    const raw = userBuf(iov, count * 16);
    const addr = new U64Out();
    const len = new U64Out();
    for (let i: u64 = 0; i < count; i++) {
      let r = raw.readU64(i * 16, addr);
      if (!failed(r)) r = raw.readU64(i * 16 + 8, len);
      if (failed(r)) return r;
      if (<i64>len.value < 0) return fail(Errno.EINVAL);
      this.add(addr.value, len.value);
    }
    return 0;
  }
}

/** The file of `fd` if it may be read (or written). Errors: -EBADF. */
function usable(fd: u64, forWrite: bool): File | null {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return null;
  return (forWrite ? f.canWrite : f.canRead) ? f : null;
}

/** Reads at `pos` into the segments. */
function readAll(f: File, v: Vector, pos: i64): Result {
  let done: i64 = 0;
  let r: Result = 0;
  for (let i = 0; i < v.segments.length; i++) {
    const s = v.segments[i];
    if (s.len == 0 && v.segments.length > 1) continue;
    // What is there already is not worth waiting for more.
    r = f.read(s, pos + done, done > 0 ? f.flags | O_NONBLOCK : f.flags);
    if (failed(r)) break;
    done += r;
    if (<u64>r < s.len) break;
  }
  return done > 0 ? done : r;
}

/** Writes the segments at `pos`, all of them or until something stands in the way. */
function writeAll(f: File, v: Vector, pos: i64): Result {
  if (f.isStream && v.segments.length > 1 && v.total <= PAGE_SIZE && current().progress.done == 0)
    return writeGathered(f, v);
  const progress = current().progress;
  let skip = progress.done;
  let done = progress.done;
  let r: Result = 0;
  for (let i = 0; i < v.segments.length; i++) {
    const s = v.segments[i];
    if (skip >= s.len && s.len > 0) {
      skip -= s.len;
      continue;
    }
    let at = skip;
    skip = 0;
    do {
      r = f.write(new UserBuf(s.space, s.addr + at, s.len - at), pos + <i64>done, f.flags);
      if (failed(r)) break;
      at += r;
      done += r;
    } while (at < s.len && r > 0);
    if (failed(r) || at < s.len) break;
  }
  if (r == PARKED) {
    progress.done = done;
    return r;
  }
  return done > 0 ? <Result>done : r;
}

/** A short vector goes to a pipe or a device in one piece. */
function writeGathered(f: File, v: Vector): Result {
  const frame = allocFrameRaw();
  if (frame == 0) return fail(Errno.ENOMEM);
  let n: u64 = 0;
  let r: Result = 0;
  for (let i = 0; i < v.segments.length && !failed(r); i++) {
    const s = v.segments[i];
    r = s.get(0, frame + <usize>n, <usize>s.len);
    n += s.len;
  }
  if (!failed(r)) r = f.write(new KernelBuf(frame, n), 0, f.flags);
  putFrame(frame);
  return r;
}

function readFile(f: File, v: Vector): Result {
  const r = readAll(f, v, f.pos);
  if (r > 0) f.pos += r;
  return r;
}

function writeFile(f: File, v: Vector): Result {
  const r = writeAll(f, v, f.pos);
  if (r > 0) f.pos = (f.flags & O_APPEND) != 0 && f instanceof RegularFile ? (f as RegularFile).appended : f.pos + r;
  return r;
}

export function sysRead(fd: u64, buf: u64, n: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = usable(fd, false);
  if (f == null) return fail(Errno.EBADF);
  if (<i64>n < 0) return fail(Errno.EINVAL);
  const r = f.read(userBuf(buf, min(n, MAX_RW)), f.pos, f.flags);
  if (r > 0) f.pos += r;
  return r;
}

export function sysWrite(fd: u64, buf: u64, n: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = usable(fd, true);
  if (f == null) return fail(Errno.EBADF);
  if (<i64>n < 0) return fail(Errno.EINVAL);
  const v = new Vector();
  v.add(buf, n);
  return writeFile(f, v);
}

export function sysReadv(fd: u64, iov: u64, count: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = usable(fd, false);
  if (f == null) return fail(Errno.EBADF);
  const v = new Vector();
  const r = v.read(iov, count);
  return failed(r) ? r : readFile(f, v);
}

export function sysWritev(fd: u64, iov: u64, count: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = usable(fd, true);
  if (f == null) return fail(Errno.EBADF);
  const v = new Vector();
  const r = v.read(iov, count);
  return failed(r) ? r : writeFile(f, v);
}

/** Errors of the positional forms, before the bytes: -EINVAL (negative), -EBADF, -ESPIPE. */
function positional(fd: u64, pos: u64, forWrite: bool): Result {
  if (<i64>pos < 0) return fail(Errno.EINVAL);
  const f = usable(fd, forWrite);
  if (f == null) return fail(Errno.EBADF);
  return f.isSeekable ? 0 : fail(Errno.ESPIPE);
}

export function sysPread64(fd: u64, buf: u64, n: u64, pos: u64, _4: u64, _5: u64): Result {
  const r = positional(fd, pos, false);
  if (failed(r)) return r;
  if (<i64>n < 0) return fail(Errno.EINVAL);
  const f = fileOf(<i32>fd) as File;
  return f.read(userBuf(buf, min(n, MAX_RW)), <i64>pos, f.flags);
}

export function sysPwrite64(fd: u64, buf: u64, n: u64, pos: u64, _4: u64, _5: u64): Result {
  const r = positional(fd, pos, true);
  if (failed(r)) return r;
  if (<i64>n < 0) return fail(Errno.EINVAL);
  const v = new Vector();
  v.add(buf, n);
  return writeAll(fileOf(<i32>fd) as File, v, <i64>pos);
}

export function sysPreadv(fd: u64, iov: u64, count: u64, pos: u64, _4: u64, _5: u64): Result {
  const v = new Vector();
  let r = positional(fd, pos, false);
  if (!failed(r)) r = v.read(iov, count);
  return failed(r) ? r : readAll(fileOf(<i32>fd) as File, v, <i64>pos);
}

export function sysPwritev(fd: u64, iov: u64, count: u64, pos: u64, _4: u64, _5: u64): Result {
  const v = new Vector();
  let r = positional(fd, pos, true);
  if (!failed(r)) r = v.read(iov, count);
  return failed(r) ? r : writeAll(fileOf(<i32>fd) as File, v, <i64>pos);
}

/**
 * Copies at most `n` bytes of `from` at `pos` to `to` at `toPos`, one page at a time. Returns how many. Parks only while
 * nothing was copied. Errors, when nothing was: what reading and writing say.
 */
function copyBetween(from: File, pos: i64, to: File, toPos: i64, n: u64): Result {
  const frame = allocFrameRaw();
  if (frame == 0) return fail(Errno.ENOMEM);
  let done: i64 = 0;
  let r: Result = 0;
  while (<u64>done < n) {
    const part = min<u64>(n - <u64>done, PAGE_SIZE);
    r = from.read(new KernelBuf(frame, part), pos + done, from.flags);
    if (r <= 0) break;
    const got = r;
    r = to.write(new KernelBuf(frame, <u64>got), toPos + done, done > 0 ? to.flags | O_NONBLOCK : to.flags);
    if (failed(r)) break;
    done += r;
    if (r < got) break;
  }
  putFrame(frame);
  return done > 0 ? done : r;
}

/** Errors: -EBADF, -EINVAL (source without positions, O_APPEND target), -EFAULT. */
export function sysSendfile(outFd: u64, inFd: u64, offset: u64, count: u64, _4: u64, _5: u64): Result {
  const from = usable(inFd, false);
  if (from == null) return fail(Errno.EBADF);
  const to = usable(outFd, true);
  if (to == null) return fail(Errno.EBADF);
  if (!(from instanceof RegularFile) || (to.flags & O_APPEND) != 0) return fail(Errno.EINVAL);
  const at = new U64Out();
  at.value = <u64>from.pos;
  let r: Result = offset == 0 ? 0 : userBuf(offset, 8).readU64(0, at);
  if (failed(r)) return r;
  if (<i64>at.value < 0) return fail(Errno.EINVAL);
  r = copyBetween(from, <i64>at.value, to, to.pos, min(count, MAX_RW));
  if (r <= 0) return r;
  if (to.isSeekable) to.pos += r;
  if (offset == 0) from.pos += r;
  else {
    const e = userBuf(offset, 8).writeU64(0, at.value + r);
    if (failed(e)) return e;
  }
  return r;
}

/** Errors: -EINVAL (flags, no regular files, overlap), -EBADF, -EISDIR, -EXDEV, -EFAULT. */
export function sysCopyFileRange(inFd: u64, inOff: u64, outFd: u64, outOff: u64, n: u64, flags: u64): Result {
  if (flags != 0) return fail(Errno.EINVAL);
  const from = usable(inFd, false);
  const to = usable(outFd, true);
  if (from == null || to == null || (to.flags & O_APPEND) != 0) return fail(Errno.EBADF);
  if (from.inode.isDir || to.inode.isDir) return fail(Errno.EISDIR);
  if (!(from instanceof RegularFile) || !(to instanceof RegularFile)) return fail(Errno.EINVAL);
  if (from.inode.fs != to.inode.fs) return fail(Errno.EXDEV);
  const a = new U64Out();
  const b = new U64Out();
  a.value = <u64>from.pos;
  b.value = <u64>to.pos;
  let r: Result = inOff == 0 ? 0 : userBuf(inOff, 8).readU64(0, a);
  if (!failed(r) && outOff != 0) r = userBuf(outOff, 8).readU64(0, b);
  if (failed(r)) return r;
  if (<i64>a.value < 0 || <i64>b.value < 0) return fail(Errno.EINVAL);
  const count = min(n, MAX_RW);
  const gap = a.value > b.value ? a.value - b.value : b.value - a.value;
  if (from.inode == to.inode && gap < count) return fail(Errno.EINVAL);
  r = copyBetween(from, <i64>a.value, to, <i64>b.value, count);
  if (r <= 0) return r;
  if (inOff == 0) from.pos += r;
  else if (failed(userBuf(inOff, 8).writeU64(0, a.value + r))) return fail(Errno.EFAULT);
  if (outOff == 0) to.pos += r;
  else if (failed(userBuf(outOff, 8).writeU64(0, b.value + r))) return fail(Errno.EFAULT);
  return r;
}
