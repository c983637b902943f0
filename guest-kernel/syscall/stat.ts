/** Attributes: the stat family, access, chmod, chown, utimensat, statfs. */
import { Errno } from "../abi/errno";
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
  O_PATH,
} from "../abi/fcntl";
import { majorOf, minorOf } from "../dev/dev-number";
import { realtimeNs } from "../hal/time";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { current, userBuf } from "../proc/task";
import { changeMode, changeOwner, changeTimes, getAttr } from "../vfs/attributes";
import { fileOf } from "../vfs/fd-table";
import { ATTR_ATIME, ATTR_MTIME, Attr, S_IFDIR, S_IFLNK, S_IFREG, StatFs } from "../vfs/inode";
import { MNT_NOATIME, MNT_NODEV, MNT_NODIRATIME, MNT_NOEXEC, MNT_NOSUID, MNT_RELATIME, Mount } from "../vfs/mount";
import { Path, PathOut } from "../vfs/path";
import { MAY_EXEC, MAY_WRITE, permission } from "../vfs/permission";
import { CWD } from "./dir";
import { pathOfFd, resolveAt } from "./at";

const NS: i64 = 1_000_000_000;

/** Seconds of a time that may lie before the epoch. */
function seconds(ns: i64): i64 {
  const s = ns / NS;
  return ns % NS < 0 ? s - 1 : s;
}

function putTime(p: usize, ns: i64): void {
  const s = seconds(ns);
  store<i64>(p, s);
  store<i64>(p, ns - s * NS, 8);
}

/** struct stat of asm-generic, 128 bytes. */
function putStat(a: Attr, to: u64): Result {
  const raw = Bytes.alloc(128);
  const p = raw.ptr;
  store<u64>(p, a.dev);
  store<u64>(p, a.ino, 8);
  store<u32>(p, a.mode, 16);
  store<u32>(p, a.nlink, 20);
  store<u32>(p, a.uid, 24);
  store<u32>(p, a.gid, 28);
  store<u64>(p, a.rdev, 32);
  store<i64>(p, a.size, 48);
  store<u32>(p, a.blksize, 56);
  store<u64>(p, a.blocks, 64);
  putTime(p + 72, a.atime);
  putTime(p + 88, a.mtime);
  putTime(p + 104, a.ctime);
  return userBuf(to, raw.len).writeBytes(0, raw);
}

/** Takes `at` over. */
function statOf(at: Path, to: u64): Result {
  const a = new Attr();
  const r = getAttr(at.inode, a);
  at.drop();
  return failed(r) ? r : putStat(a, to);
}

/** Errors: -EINVAL (flags), those of the walk, -EFAULT. */
export function sysNewfstatat(dirfd: u64, path: u64, to: u64, flags: u64, _4: u64, _5: u64): Result {
  const known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
  if (((<u32>flags) & ~known) != 0) return fail(Errno.EINVAL);
  const at = new PathOut();
  const r = resolveAt(dirfd, path, <u32>flags, at);
  return failed(r) ? r : statOf(at.path, to);
}

export function sysFstat(fd: u64, to: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  const r = pathOfFd(fd, at);
  return failed(r) ? r : statOf(at.path, to);
}

const STATX_BASIC: u32 = 0x7ff;
const STATX_BTIME: u32 = 0x800;
const STATX_MNT_ID: u32 = 0x1000;
const STATX_RESERVED: u32 = 0x80000000;
const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;

function putStatxTime(p: usize, ns: i64): void {
  const s = seconds(ns);
  store<i64>(p, s);
  store<u32>(p, <u32>(ns - s * NS), 8);
}

/** struct statx, 256 bytes. Errors: -EINVAL (flags, mask), those of the walk, -EFAULT. */
export function sysStatx(dirfd: u64, path: u64, flags: u64, mask: u64, to: u64, _5: u64): Result {
  const f = <u32>flags;
  const known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
  if (((<u32>mask) & STATX_RESERVED) != 0 || (f & ~known) != 0) return fail(Errno.EINVAL);
  if ((f & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE) return fail(Errno.EINVAL);
  const at = new PathOut();
  let r = resolveAt(dirfd, path, f, at);
  if (failed(r)) return r;
  const a = new Attr();
  r = getAttr(at.path.inode, a);
  const mountId = at.path.mount.id;
  const isMountRoot = at.path.dentry == at.path.mount.root;
  at.path.drop();
  if (failed(r)) return r;
  const raw = Bytes.alloc(256);
  const p = raw.ptr;
  store<u32>(p, STATX_BASIC | STATX_MNT_ID | (a.btime != 0 ? STATX_BTIME : 0));
  store<u32>(p, a.blksize, 4);
  store<u64>(p, isMountRoot ? STATX_ATTR_MOUNT_ROOT : 0, 8);
  store<u32>(p, a.nlink, 16);
  store<u32>(p, a.uid, 20);
  store<u32>(p, a.gid, 24);
  store<u16>(p, <u16>a.mode, 28);
  store<u64>(p, a.ino, 32);
  store<i64>(p, a.size, 40);
  store<u64>(p, a.blocks, 48);
  store<u64>(p, STATX_ATTR_MOUNT_ROOT, 56);
  putStatxTime(p + 64, a.atime);
  putStatxTime(p + 80, a.btime);
  putStatxTime(p + 96, a.ctime);
  putStatxTime(p + 112, a.mtime);
  store<u32>(p, majorOf(a.rdev), 128);
  store<u32>(p, minorOf(a.rdev), 132);
  store<u32>(p, majorOf(a.dev), 136);
  store<u32>(p, minorOf(a.dev), 140);
  store<u64>(p, mountId, 144);
  return userBuf(to, raw.len).writeBytes(0, raw);
}

/** access(2)'s question about a place, with the identity that the task has at the moment. */
function mayAccess(at: Path, mode: u32): Result {
  const inode = at.inode;
  if ((mode & MAY_EXEC) != 0 && inode.type == S_IFREG && at.mount.has(MNT_NOEXEC)) return fail(Errno.EACCES);
  const r = mode == 0 ? 0 : permission(inode, mode);
  if (failed(r) || (mode & MAY_WRITE) == 0 || !at.mount.isReadOnly) return r;
  const t = inode.type;
  return t == S_IFREG || t == S_IFDIR || t == S_IFLNK ? fail(Errno.EROFS) : 0;
}

/** Errors: -EINVAL, those of the walk, -EACCES, -EROFS. */
export function sysFaccessat2(dirfd: u64, path: u64, mode: u64, flags: u64, _4: u64, _5: u64): Result {
  const f = <u32>flags;
  if (mode > 7 || (f & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return fail(Errno.EINVAL);
  const c = current().cred;
  const uid = c.fsuid;
  const gid = c.fsgid;
  if ((f & AT_EACCESS) == 0) {
    c.fsuid = c.uid;
    c.fsgid = c.gid;
  }
  const at = new PathOut();
  let r = resolveAt(dirfd, path, f, at);
  if (!failed(r)) {
    r = mayAccess(at.path, <u32>mode);
    at.path.drop();
  }
  c.fsuid = uid;
  c.fsgid = gid;
  return r;
}

export function sysFaccessat(dirfd: u64, path: u64, mode: u64, _3: u64, _4: u64, _5: u64): Result {
  return sysFaccessat2(dirfd, path, mode, 0, 0, 0);
}

export function sysFchmodat(dirfd: u64, path: u64, mode: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  let r = resolveAt(dirfd, path, 0, at);
  if (failed(r)) return r;
  r = changeMode(at.path, <u32>mode);
  at.path.drop();
  return r;
}

export function sysFchmod(fd: u64, mode: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  return f == null || (f.flags & O_PATH) != 0 ? fail(Errno.EBADF) : changeMode(f.path, <u32>mode);
}

/** Errors: -EINVAL, those of the walk, -EROFS, -EPERM. */
export function sysFchownat(dirfd: u64, path: u64, uid: u64, gid: u64, flags: u64, _5: u64): Result {
  if (((<u32>flags) & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return fail(Errno.EINVAL);
  const at = new PathOut();
  let r = resolveAt(dirfd, path, <u32>flags, at);
  if (failed(r)) return r;
  r = changeOwner(at.path, <u32>uid, <u32>gid);
  at.path.drop();
  return r;
}

export function sysFchown(fd: u64, uid: u64, gid: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  return changeOwner(f.path, <u32>uid, <u32>gid);
}

const UTIME_NOW: i64 = 0x3fffffff;
const UTIME_OMIT: i64 = 0x3ffffffe;

/** Errors: -EFAULT, -EINVAL, those of the walk, -EROFS, -EPERM, -EACCES. */
export function sysUtimensat(dirfd: u64, path: u64, times: u64, flags: u64, _4: u64, _5: u64): Result {
  if (((<u32>flags) & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) return fail(Errno.EINVAL);
  const now = realtimeNs();
  let mask = ATTR_ATIME | ATTR_MTIME;
  let atime = now;
  let mtime = now;
  let isNow = true;
  if (times != 0) {
    const raw = Bytes.alloc(32);
    const r = userBuf(times, raw.len).readBytes(0, raw);
    if (failed(r)) return r;
    const an = load<i64>(raw.ptr, 8);
    const mn = load<i64>(raw.ptr, 24);
    if (!isNanoseconds(an) || !isNanoseconds(mn)) return fail(Errno.EINVAL);
    if (an == UTIME_OMIT) mask &= ~ATTR_ATIME;
    if (mn == UTIME_OMIT) mask &= ~ATTR_MTIME;
    if (an < UTIME_OMIT) atime = load<i64>(raw.ptr) * NS + an;
    if (mn < UTIME_OMIT) mtime = load<i64>(raw.ptr, 16) * NS + mn;
    isNow = an == UTIME_NOW && mn == UTIME_NOW;
  }
  const at = new PathOut();
  let r = path == 0 ? pathOfFd(dirfd, at) : resolveAt(dirfd, path, <u32>flags, at);
  if (failed(r)) return r;
  r = changeTimes(at.path, mask, atime, mtime, isNow);
  at.path.drop();
  return r;
}

function isNanoseconds(n: i64): bool {
  return n == UTIME_NOW || n == UTIME_OMIT || (n >= 0 && n < NS);
}

const ST_VALID: u64 = 0x20;
/** MNT_* beside the ST_* that statfs shows. */
function mountStatFlags(m: Mount): u64 {
  let f = ST_VALID;
  if (m.isReadOnly) f |= 1;
  if (m.has(MNT_NOSUID)) f |= 2;
  if (m.has(MNT_NODEV)) f |= 4;
  if (m.has(MNT_NOEXEC)) f |= 8;
  if (m.has(MNT_NOATIME)) f |= 1024;
  if (m.has(MNT_NODIRATIME)) f |= 2048;
  if (m.has(MNT_RELATIME)) f |= 4096;
  return f;
}

/** struct statfs, 120 bytes. */
function statfsOf(at: Path, to: u64): Result {
  const s = new StatFs();
  const r = at.mount.fs.statfs(s);
  if (failed(r)) return r;
  const fields: StaticArray<u64> = [
    s.type,
    s.bsize,
    s.blocks,
    s.bfree,
    s.bavail,
    s.files,
    s.ffree,
    s.fsid,
    s.namelen,
    s.frsize,
    s.flags | mountStatFlags(at.mount),
  ];
  const raw = Bytes.alloc(120);
  memory.copy(raw.ptr, changetype<usize>(fields), fields.length * 8);
  return userBuf(to, raw.len).writeBytes(0, raw);
}

export function sysStatfs(path: u64, to: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  let r = resolveAt(CWD, path, 0, at);
  if (failed(r)) return r;
  r = statfsOf(at.path, to);
  at.path.drop();
  return r;
}

export function sysFstatfs(fd: u64, to: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  return f == null ? fail(Errno.EBADF) : statfsOf(f.path, to);
}
