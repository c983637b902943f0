/** Names: mkdir, mknod, link, symlink, unlink, rename, readlink, getdents64, getcwd, chdir, chroot. */
import { Errno } from "../abi/errno";
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, O_PATH } from "../abi/fcntl";
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { BytesOut, UserBuf } from "../mm/user-buf";
import { cred, fsState } from "../vfs/fs-context";
import { current, userBuf } from "../proc/task";
import { touchAtime } from "../vfs/atime";
import { fileOf } from "../vfs/fd-table";
import {
  DirSink,
  NewInode,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../vfs/inode";
import { changeDir, changeRoot } from "../vfs/mounting";
import { linkPath, makeNode, rmdirPath, unlinkPath } from "../vfs/namespace";
import { Path, PathOut } from "../vfs/path";
import { writeNameBelow } from "../vfs/path-name";
import { renamePath } from "../vfs/rename";
import { PATH_MAX } from "../vfs/walk";
import { At, copyPath, resolveAt } from "./at";

/** Where AT_FDCWD stands in a register. */
export const CWD: u64 = <u64>(<i64>AT_FDCWD);

export function sysMkdirat(dirfd: u64, path: u64, mode: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new At();
  const r = at.read(dirfd, path);
  // Of the caller's bits a directory takes the permissions and the sticky bit.
  return failed(r) ? r : makeNode(at.base, at.path, new NewInode(S_IFDIR | ((<u32>mode) & 0o1777), 0, 0));
}

/** Errors: -EINVAL (type), -EPERM (a directory), those of makeNode. */
export function sysMknodat(dirfd: u64, path: u64, mode: u64, dev: u64, _4: u64, _5: u64): Result {
  const bits = (<u32>mode) & 0o7777;
  let type = (<u32>mode) & S_IFMT;
  if (type == 0) type = S_IFREG;
  if (type == S_IFDIR) return fail(Errno.EPERM);
  if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
    return fail(Errno.EINVAL);
  const at = new At();
  const r = at.read(dirfd, path);
  if (failed(r)) return r;
  const rdev = type == S_IFCHR || type == S_IFBLK ? <u64>(<u32>dev) : 0;
  return makeNode(at.base, at.path, new NewInode(type | bits, 0, 0, rdev));
}

/** Errors: -ENOENT (empty target), -ENAMETOOLONG, those of makeNode. */
export function sysSymlinkat(target: u64, dirfd: u64, path: u64, _3: u64, _4: u64, _5: u64): Result {
  const text = new BytesOut();
  let r = copyPath(target, text);
  if (failed(r)) return r;
  if (text.bytes.len == 0) return fail(Errno.ENOENT);
  const at = new At();
  r = at.read(dirfd, path);
  return failed(r) ? r : makeNode(at.base, at.path, new NewInode(S_IFLNK | 0o777, 0, 0, 0, text.bytes));
}

/** Errors: -EINVAL (flags), -ENOENT (AT_EMPTY_PATH without the capability), those of the walk and of linkPath. */
export function sysLinkat(oldDir: u64, oldPath: u64, newDir: u64, newPath: u64, flags: u64, _5: u64): Result {
  const f = <u32>flags;
  if ((f & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) return fail(Errno.EINVAL);
  if ((f & AT_EMPTY_PATH) != 0 && !cred().isFsCapable) return fail(Errno.ENOENT);
  const target = new PathOut();
  const nofollow = (f & AT_SYMLINK_FOLLOW) != 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  let r = resolveAt(oldDir, oldPath, nofollow | (f & AT_EMPTY_PATH), target);
  if (failed(r)) return r;
  const at = new At();
  r = at.read(newDir, newPath);
  if (!failed(r)) r = linkPath(target.path, at.base, at.path);
  target.path.drop();
  return r;
}

export function sysUnlinkat(dirfd: u64, path: u64, flags: u64, _3: u64, _4: u64, _5: u64): Result {
  if (((<u32>flags) & ~AT_REMOVEDIR) != 0) return fail(Errno.EINVAL);
  const at = new At();
  const r = at.read(dirfd, path);
  if (failed(r)) return r;
  return flags != 0 ? rmdirPath(at.base, at.path) : unlinkPath(at.base, at.path);
}

export function sysRenameat2(oldDir: u64, oldPath: u64, newDir: u64, newPath: u64, flags: u64, _5: u64): Result {
  const from = new At();
  const to = new At();
  let r = from.read(oldDir, oldPath);
  if (!failed(r)) r = to.read(newDir, newPath);
  return failed(r) ? r : renamePath(from.base, from.path, to.base, to.path, <u32>flags);
}

/** Errors: -EINVAL (size, or no link), -ENOENT (empty path on no link), those of the walk, -EFAULT. */
export function sysReadlinkat(dirfd: u64, path: u64, buf: u64, size: u64, _4: u64, _5: u64): Result {
  if (<i32>size <= 0) return fail(Errno.EINVAL);
  const at = new PathOut();
  let r = resolveAt(dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, at);
  if (failed(r)) return r;
  const inode = at.path.inode;
  const text = new BytesBuilder();
  r = inode.type == S_IFLNK ? inode.readlink(text) : fail(Errno.EINVAL);
  if (!failed(r)) touchAtime(at.path.mount, inode, 0);
  at.path.drop();
  if (failed(r)) return r;
  const out = text.take().slice(0, <i32>min<u64>(size, PATH_MAX));
  r = userBuf(buf, out.len).writeBytes(0, out);
  return failed(r) ? r : out.len;
}

/** struct linux_dirent64: d_ino, d_off (64 bits each), d_reclen (16), d_type (8), the name with its NUL; 8-aligned. */
const DIRENT_NAME: i32 = 19;

@final
class UserSink extends DirSink {
  used: u64 = 0;
  /** The first entry that did not fit, or could not be written. */
  error: Result = 0;
  private entry: Bytes = Bytes.alloc(DIRENT_NAME + 256 + 8);

  constructor(private to: UserBuf) {
    super();
  }

  add(name: Bytes, ino: u64, type: u8, next: i64): bool {
    const size = (DIRENT_NAME + name.len + 1 + 7) & ~7;
    if (<u64>size > this.to.len - this.used) {
      this.error = fail(Errno.EINVAL);
      return false;
    }
    const p = this.entry.ptr;
    memory.fill(p, 0, size);
    store<u64>(p, ino);
    store<i64>(p, next, 8);
    store<u16>(p, <u16>size, 16);
    store<u8>(p, type, 18);
    memory.copy(p + DIRENT_NAME, name.ptr, name.len);
    const r = this.to.put(this.used, p, size);
    if (failed(r)) {
      this.error = r;
      return false;
    }
    this.used += size;
    return true;
  }
}

/** One call fills at most this much, so that the buffer can be resident before the driver is entered. */
const MAX_LISTING: u64 = 64 << 10;

/** Errors: -EBADF, -ENOTDIR, -ENOENT (removed), -EINVAL (not even one entry fits), -EFAULT. */
export function sysGetdents64(fd: u64, buf: u64, size: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  if (!f.inode.isDir) return fail(Errno.ENOTDIR);
  const user = userBuf(buf, min(<u64>(<u32>size), MAX_LISTING));
  const ready = user.makeResident(0, user.len, true);
  if (failed(ready)) return ready;
  user.len = <u64>ready;
  const sink = new UserSink(user);
  const r = f.readdir(sink);
  if (failed(r)) return r;
  return sink.used > 0 ? <Result>sink.used : sink.error;
}

/** Errors: -ENOENT (removed), -ERANGE, -EFAULT. */
export function sysGetcwd(buf: u64, size: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const fs = fsState();
  if (fs.cwd.dentry.isDeleted) return fail(Errno.ENOENT);
  const text = new BytesBuilder();
  const isReachable = writeNameBelow(text, fs.cwd.mount, fs.cwd.dentry, fs.root);
  const out = new BytesBuilder();
  if (!isReachable) out.text("(unreachable)");
  const s = out.bytes(text.take()).byte(0).take();
  if (<u64>s.len > size) return fail(Errno.ERANGE);
  const r = userBuf(buf, s.len).writeBytes(0, s);
  return failed(r) ? r : s.len;
}

/** Resolves a path for a call that acts on a directory, acts, and lets go. */
function onDirectory(path: u64, act: (p: Path) => Result): Result {
  const at = new PathOut();
  let r = resolveAt(CWD, path, 0, at);
  if (failed(r)) return r;
  r = act(at.path);
  at.path.drop();
  return r;
}

export function sysChdir(path: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return onDirectory(path, changeDir);
}

export function sysFchdir(fd: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const f = fileOf(<i32>fd);
  return f == null ? fail(Errno.EBADF) : changeDir(f.path);
}

/** Errors: those of the walk, -ENOTDIR, -EACCES, -EPERM. */
export function sysChroot(path: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return onDirectory(path, (p: Path): Result => (current().cred.isCapable ? changeRoot(p) : fail(Errno.EPERM)));
}
