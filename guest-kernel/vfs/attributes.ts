/** chmod, chown, utimes, truncate, stat: rules of who may change what, and which bits go along. */
import { Errno } from "../abi/errno";
import { realtimeNs } from "../hal/time";
import { Result, fail, failed } from "../lib/result";
import { MAX_FILE_SIZE, truncateInode } from "./file-io";
import { cred } from "./fs-context";
import {
  ATTR_ATIME,
  ATTR_CTIME,
  ATTR_GID,
  ATTR_MODE,
  ATTR_MTIME,
  ATTR_UID,
  Attr,
  Inode,
  S_IFLNK,
  S_IFREG,
  S_ISGID,
  S_ISUID,
  SetAttr,
} from "./inode";
import { Path } from "./path";
import { MAY_WRITE, isOwnerOrCapable, permission } from "./permission";

/** chown(2)'s "leave it". */
export const NO_ID: u32 = 0xffffffff;

export function getAttr(inode: Inode, out: Attr): Result {
  out.dev = inode.fs.dev;
  out.ino = inode.ino;
  out.mode = inode.mode;
  out.nlink = inode.nlink;
  out.uid = inode.uid;
  out.gid = inode.gid;
  out.rdev = inode.rdev;
  out.size = inode.size;
  out.blocks = (<u64>inode.size + 511) / 512;
  out.atime = inode.atime;
  out.mtime = inode.mtime;
  out.ctime = inode.ctime;
  out.btime = inode.btime;
  return inode.getattr(out);
}

/** Errors: -EROFS, -EPERM, -EOPNOTSUPP (a symbolic link), the driver's. */
export function changeMode(at: Path, mode: u32): Result {
  const inode = at.inode;
  if (at.mount.isReadOnly) return fail(Errno.EROFS);
  if (!isOwnerOrCapable(inode)) return fail(Errno.EPERM);
  if (inode.type == S_IFLNK) return fail(Errno.EOPNOTSUPP);
  const c = new SetAttr();
  c.mask = ATTR_MODE | ATTR_CTIME;
  c.mode = (inode.mode & ~0o7777) | (mode & 0o7777);
  const me = cred();
  if (!me.isFsCapable && !me.inGroup(inode.gid)) c.mode &= ~S_ISGID;
  c.ctime = realtimeNs();
  return inode.setattr(c);
}

/** Errors: -EROFS, -EPERM, the driver's. */
export function changeOwner(at: Path, uid: u32, gid: u32): Result {
  const inode = at.inode;
  if (at.mount.isReadOnly) return fail(Errno.EROFS);
  const me = cred();
  const isOwner = me.fsuid == inode.uid;
  if (!me.isFsCapable) {
    if (uid != NO_ID && !(isOwner && uid == inode.uid)) return fail(Errno.EPERM);
    if (gid != NO_ID && !(isOwner && (gid == inode.gid || me.inGroup(gid)))) return fail(Errno.EPERM);
  }
  const c = new SetAttr();
  c.mask = ATTR_CTIME;
  c.ctime = realtimeNs();
  c.uid = uid;
  c.gid = gid;
  if (uid != NO_ID) c.mask |= ATTR_UID;
  if (gid != NO_ID) c.mask |= ATTR_GID;
  // A program must not become another user's set-id program; Linux clears the bits for root, too.
  if (!inode.isDir) {
    c.mode = inode.mode & ~S_ISUID;
    if ((inode.mode & 0o010) != 0) c.mode &= ~S_ISGID;
    if (c.mode != inode.mode) c.mask |= ATTR_MODE;
  }
  return inode.setattr(c);
}

/** utimensat: a mask without ATTR_ATIME or ATTR_MTIME leaves that time. `isNow`: both are the present moment. */
export function changeTimes(at: Path, mask: u32, atime: i64, mtime: i64, isNow: bool): Result {
  const inode = at.inode;
  if ((mask & (ATTR_ATIME | ATTR_MTIME)) == 0) return 0;
  if (at.mount.isReadOnly) return fail(Errno.EROFS);
  if (!isOwnerOrCapable(inode)) {
    if (!isNow) return fail(Errno.EPERM);
    const r = permission(inode, MAY_WRITE);
    if (failed(r)) return r;
  }
  const c = new SetAttr();
  c.mask = mask | ATTR_CTIME;
  c.atime = atime;
  c.mtime = mtime;
  c.ctime = realtimeNs();
  return inode.setattr(c);
}

/** truncate(2). Errors: -EISDIR, -EINVAL, -EACCES, -EROFS, -EFBIG, the driver's. */
export function truncatePath(at: Path, size: i64): Result {
  const inode = at.inode;
  if (inode.isDir) return fail(Errno.EISDIR);
  if (inode.type != S_IFREG) return fail(Errno.EINVAL);
  if (at.mount.isReadOnly) return fail(Errno.EROFS);
  const r = permission(inode, MAY_WRITE);
  return failed(r) ? r : truncateTo(inode, size);
}

/** Errors: -EFBIG, the driver's. */
export function truncateTo(inode: Inode, size: i64): Result {
  if (size > MAX_FILE_SIZE) return fail(Errno.EFBIG);
  return truncateInode(inode, size, cred().isFsCapable);
}
