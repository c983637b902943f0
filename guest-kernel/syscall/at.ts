/** Arguments of the *at system calls: a descriptor or AT_FDCWD, a path in user memory, AT_* flags. */
import { Errno } from "../abi/errno";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../abi/fcntl";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { BytesOut, copyInString } from "../mm/user-buf";
import { current } from "../proc/task";
import { trimDentries } from "../vfs/dentry";
import { fileOf } from "../vfs/fd-table";
import { fsState } from "../vfs/fs-context";
import { Path, PathOut } from "../vfs/path";
import { PATH_MAX, resolvePath } from "../vfs/walk";

const SLASH: u8 = 0x2f;

/** Copies a path in; every call that walks begins so, which makes it the place where the dentry cache is kept in bounds. */
export function copyPath(addr: u64, out: BytesOut): Result {
  trimDentries();
  return copyInString(current().space, addr, PATH_MAX, out);
}

/** Where a walk of `path` starts; lent by the descriptor or the task. Errors: -EBADF. */
export function baseOf(dirfd: u64, path: Bytes, out: PathOut): Result {
  out.path = fsState().cwd;
  if (<i32>dirfd == AT_FDCWD || (path.len > 0 && path[0] == SLASH)) return 0;
  const f = fileOf(<i32>dirfd);
  if (f == null) return fail(Errno.EBADF);
  out.path = f.path;
  return 0;
}

/** A path that has been copied in, with where it starts. */
@final
export class At {
  private text: BytesOut = new BytesOut();
  private from: PathOut = new PathOut();

  get path(): Bytes {
    return this.text.bytes;
  }
  get base(): Path {
    return this.from.path;
  }

  /** Errors: -EFAULT, -ENAMETOOLONG, -EBADF. */
  read(dirfd: u64, addr: u64): Result {
    const r = copyPath(addr, this.text);
    return failed(r) ? r : baseOf(dirfd, this.text.bytes, this.from);
  }
}

/** What (dirfd, path) names, counted. Follows a last link unless AT_SYMLINK_NOFOLLOW; AT_EMPTY_PATH names the descriptor. */
export function resolveAt(dirfd: u64, addr: u64, flags: u32, out: PathOut): Result {
  const at = new At();
  // Since 6.11 a null pointer will do for an empty path.
  if (addr == 0 && (flags & AT_EMPTY_PATH) != 0) return emptyPath(dirfd, out);
  const r = at.read(dirfd, addr);
  if (failed(r)) return r;
  if (at.path.len == 0 && (flags & AT_EMPTY_PATH) != 0) return emptyPath(dirfd, out);
  return resolvePath(at.base, at.path, (flags & AT_SYMLINK_NOFOLLOW) == 0, out);
}

function emptyPath(dirfd: u64, out: PathOut): Result {
  const r = baseOf(dirfd, Bytes.alloc(0), out);
  if (!failed(r)) out.path = out.path.clone();
  return r;
}

/** The object of an open descriptor, counted. Errors: -EBADF. */
export function pathOfFd(fd: u64, out: PathOut): Result {
  const f = fileOf(<i32>fd);
  if (f == null) return fail(Errno.EBADF);
  out.path = f.path.clone();
  return 0;
}
