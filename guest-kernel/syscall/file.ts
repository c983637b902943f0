/** Descriptors and open files: open, close, dup, fcntl, ioctl, lseek, truncate, sync, pipe2, locks. */
import { Errno } from "../abi/errno";
import {
  AT_FDCWD,
  FD_CLOEXEC,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETLK,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETLK,
  F_SETLKW,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_DIRECT,
  O_LARGEFILE,
  O_NOATIME,
  O_NONBLOCK,
  O_PATH,
} from "../abi/fcntl";
import { newPipe } from "../fs/pipefs/pipefs";
import { Result, fail, failed } from "../lib/result";
import { RLIMIT_NOFILE } from "../proc/rlimits";
import { current, userBuf } from "../proc/task";
import { truncatePath, truncateTo } from "../vfs/attributes";
import { fdTable, fileOf } from "../vfs/fd-table";
import { File, FileOut } from "../vfs/file";
import { fsState } from "../vfs/fs-context";
import { S_IFREG } from "../vfs/inode";
import { openPath } from "../vfs/open";
import { PathOut } from "../vfs/path";
import { isOwnerOrCapable } from "../vfs/permission";
import { PIPE_SIZE } from "../vfs/pipe";
import { PipeFile } from "../vfs/pipe-file";
import { syncAll } from "../vfs/superblock";
import { At, resolveAt } from "./at";
import { getRecordLock, setRecordLock } from "./locks";

const FIONBIO: u32 = 0x5421;
const FIONCLEX: u32 = 0x5450;
const FIOCLEX: u32 = 0x5451;
/** What fcntl(F_SETFL) may change. */
const SETTABLE: u32 = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;

/** A descriptor is free below the limit. */
function hasFreeFd(): bool {
  const t = fdTable();
  if (<u64>t.length < current().rlimits.current(RLIMIT_NOFILE)) return true;
  for (let i = 0; i < t.length; i++) if (t.get(i) == null) return true;
  return false;
}

/** Errors: -EMFILE, the path's, those of openPath. May park. */
export function sysOpenat(dirfd: u64, path: u64, flags: u64, mode: u64, _4: u64, _5: u64): Result {
  const at = new At();
  let r = at.read(dirfd, path);
  if (failed(r)) return r;
  if (!hasFreeFd()) return fail(Errno.EMFILE);
  let f = <u32>flags;
  if ((f & O_PATH) == 0) f |= O_LARGEFILE;
  const out = new FileOut();
  r = openPath(at.base, at.path, f, <u32>mode, out);
  if (failed(r)) return r;
  r = fdTable().add(out.file, (f & O_CLOEXEC) != 0);
  if (failed(r)) out.file.drop();
  return r;
}

export function sysClose(fd: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return fdTable().close(<i32>fd);
}

/** Errors: -EINVAL. */
export function sysCloseRange(first: u64, last: u64, flags: u64, _3: u64, _4: u64, _5: u64): Result {
  const CLOSE_RANGE_CLOEXEC: u64 = 4;
  if (<u32>first > <u32>last || (flags & ~CLOSE_RANGE_CLOEXEC) != 0) return fail(Errno.EINVAL);
  const t = fdTable();
  for (let fd = <u32>first; fd <= <u32>last && fd < <u32>t.length; fd++) {
    if (t.get(fd) == null) continue;
    if (flags != 0) t.setCloexec(fd, true);
    else t.close(fd);
  }
  return 0;
}

function dupTo(f: File, from: i32, isCloexec: bool): Result {
  f.ref();
  const r = fdTable().add(f, isCloexec, from);
  if (failed(r)) f.drop();
  return r;
}

export function sysDup(fd: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  return f == null ? fail(Errno.EBADF) : dupTo(f, 0, false);
}

/** Errors: -EINVAL (the same, or flags), -EBADF. */
export function sysDup3(fd: u64, to: u64, flags: u64, _3: u64, _4: u64, _5: u64): Result {
  if (((<u32>flags) & ~O_CLOEXEC) != 0 || <i32>fd == <i32>to) return fail(Errno.EINVAL);
  const f = fileOf(<i32>fd);
  if (f == null) return fail(Errno.EBADF);
  f.ref();
  const r = fdTable().replace(<i32>to, f, ((<u32>flags) & O_CLOEXEC) != 0);
  if (failed(r)) f.drop();
  return r;
}

/** Errors: -EBADF, -EINVAL, -EMFILE, -EPERM; of locks: -EAGAIN, -EFAULT, -EINTR. */
export function sysFcntl(fd: u64, cmd: u64, arg: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null) return fail(Errno.EBADF);
  const t = fdTable();
  switch (<i32>cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (arg >= current().rlimits.current(RLIMIT_NOFILE)) return fail(Errno.EINVAL);
      return dupTo(f, <i32>arg, <i32>cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
      return t.isCloexec(<i32>fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
      t.setCloexec(<i32>fd, ((<i32>arg) & FD_CLOEXEC) != 0);
      return 0;
    case F_GETFL:
      return f.flags;
  }
  if ((f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  switch (<i32>cmd) {
    case F_SETFL:
      return setFlags(f, <u32>arg);
    case F_GETLK:
      return getRecordLock(f, arg);
    case F_SETLK:
      return setRecordLock(f, arg, false);
    case F_SETLKW:
      return setRecordLock(f, arg, true);
    case F_GETPIPE_SZ:
      return f instanceof PipeFile ? <Result>PIPE_SIZE : fail(Errno.EBADF);
    default:
      return fail(Errno.EINVAL);
  }
}

function setFlags(f: File, flags: u32): Result {
  if ((flags & ~f.flags & O_NOATIME) != 0 && !isOwnerOrCapable(f.inode)) return fail(Errno.EPERM);
  f.flags = (f.flags & ~SETTABLE) | (flags & SETTABLE);
  return 0;
}

/** Errors: -EBADF, -ENOTTY, -EFAULT, what the device says. */
export function sysIoctl(fd: u64, cmd: u64, arg: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  switch (<u32>cmd) {
    case FIOCLEX:
    case FIONCLEX:
      fdTable().setCloexec(<i32>fd, <u32>cmd == FIOCLEX);
      return 0;
    case FIONBIO: {
      const on = userBuf(arg, 4).readU32();
      if (failed(on)) return on;
      f.flags = on != 0 ? f.flags | O_NONBLOCK : f.flags & ~O_NONBLOCK;
      return 0;
    }
    default:
      return f.ioctl(<u32>cmd, arg);
  }
}

export function sysLseek(fd: u64, off: u64, whence: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  return f.seek(<i64>off, <i32>whence);
}

/** Errors: -EINVAL, the path's, those of truncatePath. */
export function sysTruncate(path: u64, size: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (<i64>size < 0) return fail(Errno.EINVAL);
  const at = new PathOut();
  let r = resolveAt(<u64>(<i64>AT_FDCWD), path, 0, at);
  if (failed(r)) return r;
  r = truncatePath(at.path, <i64>size);
  at.path.drop();
  return r;
}

/** Errors: -EINVAL, -EBADF, -EFBIG. */
export function sysFtruncate(fd: u64, size: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (<i64>size < 0) return fail(Errno.EINVAL);
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  if (f.inode.type != S_IFREG || !f.canWrite) return fail(Errno.EINVAL);
  return truncateTo(f.inode, <i64>size);
}

export function sysFsync(fd: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  return f == null || (f.flags & O_PATH) != 0 ? fail(Errno.EBADF) : f.fsync();
}

export function sysSync(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  syncAll();
  return 0;
}

export function sysSyncfs(fd: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  return f == null || (f.flags & O_PATH) != 0 ? fail(Errno.EBADF) : f.inode.fs.sync();
}

/** Errors: -EINVAL, -EBADF, -ESPIPE. */
export function sysSyncFileRange(fd: u64, off: u64, n: u64, flags: u64, _4: u64, _5: u64): Result {
  if (<u32>flags > 7 || <i64>off < 0 || <i64>n < 0) return fail(Errno.EINVAL);
  const f = fileOf(<i32>fd);
  if (f == null) return fail(Errno.EBADF);
  return f.isSeekable ? f.fsync() : fail(Errno.ESPIPE);
}

/** Advice is taken note of by no one. Errors: -EBADF, -ESPIPE, -EINVAL. */
export function sysFadvise64(fd: u64, _1: u64, _2: u64, advice: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  if (!f.isSeekable) return fail(Errno.ESPIPE);
  return advice > 5 ? fail(Errno.EINVAL) : 0;
}

/** Errors: -EINVAL, -EMFILE, -ENOMEM, -EFAULT. */
export function sysPipe2(out: u64, flags: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (((<u32>flags) & ~(O_CLOEXEC | O_NONBLOCK)) != 0) return fail(Errno.EINVAL);
  const readEnd = new FileOut();
  const writeEnd = new FileOut();
  newPipe((<u32>flags) & O_NONBLOCK, readEnd, writeEnd);
  const t = fdTable();
  const isCloexec = ((<u32>flags) & O_CLOEXEC) != 0;
  const r = t.add(readEnd.file, isCloexec);
  if (failed(r)) {
    readEnd.file.drop();
    writeEnd.file.drop();
    return r;
  }
  const w = t.add(writeEnd.file, isCloexec);
  if (failed(w)) {
    writeEnd.file.drop();
    t.close(<i32>r);
    return w;
  }
  const user = userBuf(out, 8);
  let e = user.writeU32(0, <u32>r);
  if (!failed(e)) e = user.writeU32(4, <u32>w);
  if (failed(e)) {
    t.close(<i32>r);
    t.close(<i32>w);
  }
  return e;
}

export function sysUmask(mask: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const fs = fsState();
  const old = fs.umask;
  fs.umask = (<u32>mask) & 0o777;
  return old;
}
