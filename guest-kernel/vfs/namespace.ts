/**
 * Changing the tree of names: create, link, remove. Check order as Linux's fs/namei.c. rename.ts has the rest.
 */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { Dentry, forgetDentry, instantiate, nameRemoved } from "./dentry";
import { cred, fsState } from "./fs-context";
import { Inode, InodeOut, NewInode, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT } from "./inode";
import { Path } from "./path";
import { inheritedGid, inheritedMode, mayCreate, mayRemove } from "./permission";
import { LAST_DOT, LAST_DOTDOT, LAST_NAME, Walk } from "./walk";

/**
 * Creates what the negative dentry `d` below the walk's place names; owner and group are filled in here.
 * Errors: -EROFS, -ENOENT (removed directory), -EACCES, the driver's.
 */
export function createAt(w: Walk, d: Dentry, what: NewInode): Result {
  const dir = w.dentry.node;
  if (w.mount.isReadOnly) return fail(Errno.EROFS);
  let r = mayCreate(dir);
  if (failed(r)) return r;
  what.uid = cred().fsuid;
  what.gid = inheritedGid(dir);
  what.mode = inheritedMode(dir, what.mode);
  const out = new InodeOut();
  r = dir.create(d.name, what, out);
  if (!failed(r)) instantiate(d, out.inode as Inode);
  return r;
}

/** Walks to where a new name shall be. Errors: those of the walk, -EEXIST, -ENOENT (a trailing slash, and no directory). */
function toNewName(w: Walk, path: Bytes, isDir: bool): Result {
  let r = w.parent(path);
  if (failed(r)) return r;
  if (w.lastKind != LAST_NAME) return fail(Errno.EEXIST);
  r = w.lookupLast();
  if (failed(r)) return r;
  if (!(w.child as Dentry).isNegative) return fail(Errno.EEXIST);
  return w.hasTrailingSlash && !isDir ? fail(Errno.ENOENT) : 0;
}

/** mkdir, mknod, symlink. `what.mode` as the caller gave it; the umask is applied here. */
export function makeNode(base: Path, path: Bytes, what: NewInode): Result {
  const w = new Walk(base);
  const type = what.mode & S_IFMT;
  let r = toNewName(w, path, type == S_IFDIR);
  if (!failed(r)) {
    if (type != S_IFLNK) what.mode &= ~fsState().umask;
    const isDevice = type == S_IFCHR || type == S_IFBLK;
    // Check order of Linux: the directory first, the capability after it.
    if (w.mount.isReadOnly) r = fail(Errno.EROFS);
    else r = mayCreate(w.dentry.node);
    // A whiteout is no device: anyone may make one.
    if (!failed(r) && isDevice && !cred().isCapable && !(type == S_IFCHR && what.rdev == 0)) r = fail(Errno.EPERM);
    if (!failed(r)) r = createAt(w, w.child as Dentry, what);
  }
  w.end();
  return r;
}

/** link(2): a further name for `target`. Errors: the walk's, -EEXIST, -EXDEV, -EROFS, -EACCES, -EPERM, -ENOENT, -EMLINK. */
export function linkPath(target: Path, base: Path, path: Bytes): Result {
  const w = new Walk(base);
  let r = toNewName(w, path, false);
  if (!failed(r)) r = linkAt(w, target);
  w.end();
  return r;
}

function linkAt(w: Walk, target: Path): Result {
  if (w.mount.isReadOnly) return fail(Errno.EROFS);
  if (w.mount != target.mount) return fail(Errno.EXDEV);
  const dir = w.dentry.node;
  const inode = target.inode;
  let r = mayCreate(dir);
  if (failed(r)) return r;
  if (inode.fs != dir.fs) return fail(Errno.EXDEV);
  if (inode.isDir) return fail(Errno.EPERM);
  if (inode.nlink == 0) return fail(Errno.ENOENT);
  const d = w.child as Dentry;
  r = dir.link(d.name, inode);
  if (!failed(r)) instantiate(d, inode);
  return r;
}

/** unlink(2). Errors: the walk's, -EISDIR, -EROFS, -ENOENT, -ENOTDIR (trailing slash), -EACCES, -EPERM, -EBUSY. */
export function unlinkPath(base: Path, path: Bytes): Result {
  const w = new Walk(base);
  let r = w.parent(path);
  if (!failed(r)) r = w.lastKind == LAST_NAME ? removeLast(w, false) : fail(Errno.EISDIR);
  w.end();
  return r;
}

/** rmdir(2). Errors: the walk's, -ENOTEMPTY (".."), -EINVAL ("."), -EBUSY, -EROFS, -ENOENT, -EACCES, -EPERM, -ENOTDIR. */
export function rmdirPath(base: Path, path: Bytes): Result {
  const w = new Walk(base);
  let r = w.parent(path);
  if (!failed(r)) {
    if (w.lastKind == LAST_NAME) r = removeLast(w, true);
    else if (w.lastKind == LAST_DOTDOT) r = fail(Errno.ENOTEMPTY);
    else r = fail(w.lastKind == LAST_DOT ? Errno.EINVAL : Errno.EBUSY);
  }
  w.end();
  return r;
}

function removeLast(w: Walk, isDir: bool): Result {
  if (w.mount.isReadOnly) return fail(Errno.EROFS);
  let r = w.lookupLast();
  if (failed(r)) return r;
  const d = w.child as Dentry;
  if (d.isNegative) return fail(Errno.ENOENT);
  const dir = w.dentry.node;
  const victim = d.node;
  if (!isDir && w.hasTrailingSlash) return fail(victim.isDir ? Errno.EISDIR : Errno.ENOTDIR);
  r = mayRemove(dir, victim, isDir);
  if (failed(r)) return r;
  if (d.mounts > 0) return fail(Errno.EBUSY);
  r = isDir ? dir.rmdir(d.name) : dir.unlink(d.name);
  if (failed(r)) return r;
  if (isDir) forgetDentry(d);
  else nameRemoved(d);
  return 0;
}
