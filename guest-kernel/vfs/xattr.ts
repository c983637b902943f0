/** Extended attributes, xattr(7): which names exist, and who may see and change them. */
import { Errno } from "../abi/errno";
import { Bytes, BytesBuilder, b } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { cred } from "./fs-context";
import { Inode, S_IFDIR, S_IFREG, S_ISVTX } from "./inode";
import { Path } from "./path";
import { MAY_READ, MAY_WRITE, isOwnerOrCapable, permission } from "./permission";

export const XATTR_NAME_MAX: i32 = 255;
export const XATTR_SIZE_MAX: u64 = 65536;
export const XATTR_LIST_MAX: i32 = 65536;

const USER = b("user.");
const TRUSTED = b("trusted.");
const SECURITY = b("security.");

/** Errors: -EROFS, -EOPNOTSUPP (prefix), -EPERM (or -ENODATA for reading), -EACCES. */
function mayUse(at: Path, name: Bytes, forWrite: bool): Result {
  const inode = at.inode;
  if (forWrite && at.mount.isReadOnly) return fail(Errno.EROFS);
  const hidden = fail(forWrite ? Errno.EPERM : Errno.ENODATA);
  if (name.startsWith(TRUSTED)) return name.len == TRUSTED.len ? fail(Errno.EINVAL) : cred().isCapable ? 0 : hidden;
  if (name.startsWith(SECURITY)) {
    if (name.len == SECURITY.len) return fail(Errno.EINVAL);
    return forWrite && !cred().isCapable ? hidden : 0;
  }
  if (!name.startsWith(USER)) return fail(Errno.EOPNOTSUPP);
  if (name.len == USER.len) return fail(Errno.EINVAL);
  if (inode.type != S_IFREG && inode.type != S_IFDIR) return hidden;
  if (inode.isDir && (inode.mode & S_ISVTX) != 0 && forWrite && !isOwnerOrCapable(inode)) return fail(Errno.EPERM);
  return permission(inode, forWrite ? MAY_WRITE : MAY_READ);
}

/** Appends the value, returns its length. */
export function getXattr(at: Path, name: Bytes, out: BytesBuilder): Result {
  const r = mayUse(at, name, false);
  return failed(r) ? r : at.inode.getxattr(name, out);
}

export function setXattr(at: Path, name: Bytes, value: Bytes, flags: u32): Result {
  const r = mayUse(at, name, true);
  return failed(r) ? r : at.inode.setxattr(name, value, flags);
}

export function removeXattr(at: Path, name: Bytes): Result {
  const r = mayUse(at, name, true);
  return failed(r) ? r : at.inode.removexattr(name);
}

/** Appends the names that the caller may see, each with its NUL. */
export function listXattr(inode: Inode, out: BytesBuilder): Result {
  const all = new BytesBuilder();
  const r = inode.listxattr(all);
  if (failed(r)) return r;
  const list = all.take();
  for (let at = 0; at < list.len;) {
    const end = list.indexOf(0, at);
    const name = list.slice(at, end);
    if (!name.startsWith(TRUSTED) || cred().isCapable) out.bytes(name).byte(0);
    at = end + 1;
  }
  return 0;
}
