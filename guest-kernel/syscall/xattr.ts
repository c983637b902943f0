/** The twelve extended attribute calls: by path, by path without following, by descriptor. */
import { Errno } from "../abi/errno";
import { AT_SYMLINK_NOFOLLOW, O_PATH } from "../abi/fcntl";
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { BytesOut, copyInString } from "../mm/user-buf";
import { current, userBuf } from "../proc/task";
import { fileOf } from "../vfs/fd-table";
import { XATTR_CREATE, XATTR_REPLACE } from "../vfs/inode";
import { Path, PathOut } from "../vfs/path";
import {
  XATTR_LIST_MAX,
  XATTR_NAME_MAX,
  XATTR_SIZE_MAX,
  getXattr,
  listXattr,
  removeXattr,
  setXattr,
} from "../vfs/xattr";
import { CWD } from "./dir";
import { resolveAt } from "./at";

/** Errors: -EFAULT, -ERANGE (empty or too long). */
function readName(addr: u64, out: BytesOut): Result {
  const r = copyInString(current().space, addr, XATTR_NAME_MAX + 1, out);
  return r == 0 || r == fail(Errno.ENAMETOOLONG) ? fail(Errno.ERANGE) : r;
}

/** A descriptor's place, counted. Errors: -EBADF. */
function ofFd(fd: u64, out: PathOut): Result {
  const f = fileOf(<i32>fd);
  if (f == null || (f.flags & O_PATH) != 0) return fail(Errno.EBADF);
  out.path = f.path.clone();
  return 0;
}

/** What was read goes to (buf, size); size 0 asks for the length. Errors: -ERANGE, -EFAULT. */
function answer(s: Bytes, buf: u64, size: u64): Result {
  if (size == 0) return s.len;
  if (<u64>s.len > size) return fail(Errno.ERANGE);
  const r = userBuf(buf, s.len).writeBytes(0, s);
  return failed(r) ? r : s.len;
}

/** Each of these takes `found` as the Result of finding `at`, and lets go of `at`. */
function set(found: Result, at: PathOut, name: u64, value: u64, size: u64, flags: u64): Result {
  if (failed(found)) return found;
  const r = setAt(at.path, name, value, size, <u32>flags);
  at.path.drop();
  return r;
}

/** Errors: -EINVAL (flags), -ERANGE, -E2BIG, -EFAULT, those of setXattr. */
function setAt(at: Path, name: u64, value: u64, size: u64, flags: u32): Result {
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) return fail(Errno.EINVAL);
  const n = new BytesOut();
  let r = readName(name, n);
  if (failed(r)) return r;
  if (size > XATTR_SIZE_MAX) return fail(Errno.E2BIG);
  const v = Bytes.alloc(<i32>size);
  r = userBuf(value, size).readBytes(0, v);
  return failed(r) ? r : setXattr(at, n.bytes, v, flags);
}

function get(found: Result, at: PathOut, name: u64, buf: u64, size: u64): Result {
  if (failed(found)) return found;
  const n = new BytesOut();
  const out = new BytesBuilder();
  let r = readName(name, n);
  if (!failed(r)) r = getXattr(at.path, n.bytes, out);
  at.path.drop();
  return failed(r) ? r : answer(out.take(), buf, size);
}

function list(found: Result, at: PathOut, buf: u64, size: u64): Result {
  if (failed(found)) return found;
  const out = new BytesBuilder();
  const r = listXattr(at.path.inode, out);
  at.path.drop();
  if (failed(r)) return r;
  return out.len > XATTR_LIST_MAX ? fail(Errno.E2BIG) : answer(out.take(), buf, size);
}

function remove(found: Result, at: PathOut, name: u64): Result {
  if (failed(found)) return found;
  const n = new BytesOut();
  let r = readName(name, n);
  if (!failed(r)) r = removeXattr(at.path, n.bytes);
  at.path.drop();
  return r;
}

export function sysSetxattr(path: u64, name: u64, value: u64, size: u64, flags: u64, _5: u64): Result {
  const at = new PathOut();
  return set(resolveAt(CWD, path, 0, at), at, name, value, size, flags);
}
export function sysLsetxattr(path: u64, name: u64, value: u64, size: u64, flags: u64, _5: u64): Result {
  const at = new PathOut();
  return set(resolveAt(CWD, path, AT_SYMLINK_NOFOLLOW, at), at, name, value, size, flags);
}
export function sysFsetxattr(fd: u64, name: u64, value: u64, size: u64, flags: u64, _5: u64): Result {
  const at = new PathOut();
  return set(ofFd(fd, at), at, name, value, size, flags);
}
export function sysGetxattr(path: u64, name: u64, buf: u64, size: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return get(resolveAt(CWD, path, 0, at), at, name, buf, size);
}
export function sysLgetxattr(path: u64, name: u64, buf: u64, size: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return get(resolveAt(CWD, path, AT_SYMLINK_NOFOLLOW, at), at, name, buf, size);
}
export function sysFgetxattr(fd: u64, name: u64, buf: u64, size: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return get(ofFd(fd, at), at, name, buf, size);
}
export function sysListxattr(path: u64, buf: u64, size: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return list(resolveAt(CWD, path, 0, at), at, buf, size);
}
export function sysLlistxattr(path: u64, buf: u64, size: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return list(resolveAt(CWD, path, AT_SYMLINK_NOFOLLOW, at), at, buf, size);
}
export function sysFlistxattr(fd: u64, buf: u64, size: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return list(ofFd(fd, at), at, buf, size);
}
export function sysRemovexattr(path: u64, name: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return remove(resolveAt(CWD, path, 0, at), at, name);
}
export function sysLremovexattr(path: u64, name: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return remove(resolveAt(CWD, path, AT_SYMLINK_NOFOLLOW, at), at, name);
}
export function sysFremovexattr(fd: u64, name: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const at = new PathOut();
  return remove(ofFd(fd, at), at, name);
}
