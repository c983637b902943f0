/** flock(2) and the record locks of fcntl(2): user structures to vfs/locks.ts, and waiting. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { park } from "../proc/park";
import { current, userBuf } from "../proc/task";
import { fileOf } from "../vfs/fd-table";
import { File, SEEK_CUR, SEEK_END, SEEK_SET } from "../vfs/file";
import { Lock, LockList, TO_END } from "../vfs/locks";

const LOCK_SH: u32 = 1;
const LOCK_EX: u32 = 2;
const LOCK_NB: u32 = 4;
const LOCK_UN: u32 = 8;

const F_RDLCK: i32 = 0;
const F_WRLCK: i32 = 1;
const F_UNLCK: i32 = 2;

/** struct flock: l_type, l_whence (16 bits each), l_start at 8, l_len at 16, l_pid at 24. */
const FLOCK_SIZE: i32 = 32;

function locksOf(f: File): LockList {
  const i = f.inode;
  let l = i.locks;
  if (l == null) {
    l = new LockList();
    i.locks = l;
  }
  return l;
}

/** Takes `wanted`, waiting for it if `mayWait`. Errors: -EAGAIN, -EINTR. */
function acquire(list: LockList, wanted: Lock, mayWait: bool): Result {
  const r = list.acquire(wanted);
  return failed(r) && mayWait ? park(list.queue) : r;
}

/** Errors: -EBADF, -EINVAL, -EAGAIN, -EINTR. */
export function sysFlock(fd: u64, op: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (!f.canRead && !f.canWrite)) return fail(Errno.EBADF);
  const list = locksOf(f);
  const kind = (<u32>op) & ~LOCK_NB;
  if (kind == LOCK_UN) {
    list.release(f.number, false, 0, TO_END);
    return 0;
  }
  if (kind != LOCK_SH && kind != LOCK_EX) return fail(Errno.EINVAL);
  return acquire(list, new Lock(f.number, false, kind == LOCK_EX, 0, TO_END), ((<u32>op) & LOCK_NB) == 0);
}

/** struct flock at `addr` as a lock of this process, exclusive for F_WRLCK; its type is left in `raw`. */
function readLock(f: File, addr: u64, raw: Bytes, out: Lock): Result {
  const r = userBuf(addr, FLOCK_SIZE).readBytes(0, raw);
  if (failed(r)) return r;
  const whence = <i32>load<i16>(raw.ptr, 2);
  let start = load<i64>(raw.ptr, 8);
  const len = load<i64>(raw.ptr, 16);
  if (whence == SEEK_CUR) start += f.pos;
  else if (whence == SEEK_END) start += f.inode.data().size;
  else if (whence != SEEK_SET) return fail(Errno.EINVAL);
  const type = <i32>load<i16>(raw.ptr);
  if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK) return fail(Errno.EINVAL);
  out.owner = current().pid;
  out.isExclusive = type == F_WRLCK;
  out.start = len < 0 ? start + len : start;
  out.end = len < 0 ? start : len == 0 ? TO_END : start + len;
  return out.start < 0 || out.end < out.start ? fail(Errno.EINVAL) : 0;
}

/** F_GETLK. */
export function getRecordLock(f: File, addr: u64): Result {
  const raw = Bytes.alloc(FLOCK_SIZE);
  const wanted = new Lock(0, true, false, 0, 0);
  const r = readLock(f, addr, raw, wanted);
  if (failed(r)) return r;
  if (<i32>load<i16>(raw.ptr) == F_UNLCK) return fail(Errno.EINVAL);
  const b = locksOf(f).blocker(wanted);
  if (b == null) store<i16>(raw.ptr, <i16>F_UNLCK);
  else {
    store<i16>(raw.ptr, <i16>(b.isExclusive ? F_WRLCK : F_RDLCK));
    store<i16>(raw.ptr, <i16>SEEK_SET, 2);
    store<i64>(raw.ptr, b.start, 8);
    store<i64>(raw.ptr, b.end == TO_END ? 0 : b.end - b.start, 16);
    store<i32>(raw.ptr, <i32>b.owner, 24);
  }
  return userBuf(addr, FLOCK_SIZE).writeBytes(0, raw);
}

/** F_SETLK, F_SETLKW. */
export function setRecordLock(f: File, addr: u64, mayWait: bool): Result {
  const raw = Bytes.alloc(FLOCK_SIZE);
  const wanted = new Lock(0, true, false, 0, 0);
  const r = readLock(f, addr, raw, wanted);
  if (failed(r)) return r;
  const list = locksOf(f);
  if (<i32>load<i16>(raw.ptr) == F_UNLCK) {
    list.release(wanted.owner, true, wanted.start, wanted.end);
    return 0;
  }
  if (wanted.isExclusive ? !f.canWrite : !f.canRead) return fail(Errno.EBADF);
  return acquire(list, wanted, mayWait);
}
