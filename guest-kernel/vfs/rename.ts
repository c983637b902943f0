/** rename(2), renameat2(2): the VFS's checks in Linux's order; the driver does the one atomic step. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { Dentry, exchangeDentries, forgetName, moveDentry } from "./dentry";
import { cred } from "./fs-context";
import { Inode, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from "./inode";
import { Path } from "./path";
import { MAY_WRITE, mayCreate, mayRemove, permission } from "./permission";
import { LAST_NAME, Walk } from "./walk";

/**
 * Errors: -EINVAL (flags), the walks', -EXDEV, -EBUSY or -EEXIST (a last "." or ".."), -EROFS, -ENOENT, -EEXIST,
 * -ENOTDIR (trailing slash), -EINVAL (into itself), -ENOTEMPTY, -EACCES, -EPERM, -EISDIR, -ENOTDIR, -EBUSY, the driver's.
 */
export function renamePath(oldBase: Path, oldPath: Bytes, newBase: Path, newPath: Bytes, flags: u32): Result {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) != 0) return fail(Errno.EINVAL);
  if ((flags & RENAME_EXCHANGE) != 0 && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) != 0) return fail(Errno.EINVAL);
  const from = new Walk(oldBase);
  const to = new Walk(newBase);
  let r = from.parent(oldPath);
  if (!failed(r)) r = to.parent(newPath);
  if (!failed(r)) r = renameBetween(from, to, flags);
  from.end();
  to.end();
  return r;
}

function renameBetween(from: Walk, to: Walk, flags: u32): Result {
  if (from.mount != to.mount) return fail(Errno.EXDEV);
  if (from.lastKind != LAST_NAME) return fail(Errno.EBUSY);
  if (to.lastKind != LAST_NAME) return fail((flags & RENAME_NOREPLACE) != 0 ? Errno.EEXIST : Errno.EBUSY);
  if (from.mount.isReadOnly) return fail(Errno.EROFS);

  let r = from.lookupLast();
  if (failed(r)) return r;
  const old = from.child as Dentry;
  if (old.isNegative) return fail(Errno.ENOENT);
  r = to.lookupLast();
  if (failed(r)) return r;
  const target = to.child as Dentry;
  const isExchange = (flags & RENAME_EXCHANGE) != 0;
  if ((flags & RENAME_NOREPLACE) != 0 && !target.isNegative) return fail(Errno.EEXIST);
  if (isExchange) {
    if (target.isNegative) return fail(Errno.ENOENT);
    if (!target.node.isDir && to.hasTrailingSlash) return fail(Errno.ENOTDIR);
  }
  if (!old.node.isDir && (from.hasTrailingSlash || (!isExchange && to.hasTrailingSlash))) return fail(Errno.ENOTDIR);
  if (to.dentry.isWithin(old)) return fail(Errno.EINVAL);
  if (from.dentry.isWithin(target)) return fail(isExchange ? Errno.EINVAL : Errno.ENOTEMPTY);
  return checkedRename(from.dentry, old, to.dentry, target, flags);
}

/** vfs_rename: permissions and types, then the driver, then the cache. */
function checkedRename(fromDir: Dentry, old: Dentry, toDir: Dentry, target: Dentry, flags: u32): Result {
  const source = old.node;
  const victim = target.inode;
  // Two names of one object: nothing happens.
  if (source == victim) return 0;
  const isExchange = (flags & RENAME_EXCHANGE) != 0;
  const isDir = source.isDir;
  let r = mayRemove(fromDir.node, source, isDir);
  if (failed(r)) return r;
  if (victim == null) r = mayCreate(toDir.node);
  else r = mayRemove(toDir.node, victim, isExchange ? victim.isDir : isDir);
  if (failed(r)) return r;
  if (fromDir != toDir) {
    // ".." of a moved directory is written.
    if (isDir) r = permission(source, MAY_WRITE);
    if (!failed(r) && isExchange && victim != null && victim.isDir) r = permission(victim, MAY_WRITE);
    if (failed(r)) return r;
  }
  if (old.mounts > 0 || target.mounts > 0) return fail(Errno.EBUSY);
  if ((flags & RENAME_WHITEOUT) != 0 && !cred().isCapable) return fail(Errno.EPERM);
  return renameAndCache(fromDir.node, old, toDir, target, flags);
}

function renameAndCache(dir: Inode, old: Dentry, toDir: Dentry, target: Dentry, flags: u32): Result {
  const oldName = old.name;
  const r = dir.rename(oldName, toDir.node, target.name, flags);
  if (failed(r)) return r;
  if ((flags & RENAME_EXCHANGE) != 0) exchangeDentries(old, target);
  else moveDentry(old, toDir, target.name);
  // Whether a whiteout stands there now is the driver's to say.
  if ((flags & RENAME_WHITEOUT) != 0) forgetName(dir, oldName);
  return 0;
}
