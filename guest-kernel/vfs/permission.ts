/** Who may do what: POSIX permission bits, root's capabilities, the sticky bit. */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { Cred } from "../proc/cred";
import { cred } from "./fs-context";
import { Inode, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID, S_ISVTX } from "./inode";

export const MAY_EXEC: u32 = 1;
export const MAY_WRITE: u32 = 2;
export const MAY_READ: u32 = 4;

/** `mask` of MAY_*. Errors: -EROFS (writing on a read-only filesystem), -EACCES. */
export function permission(inode: Inode, mask: u32): Result {
  return permissionAs(inode, mask, cred());
}

export function permissionAs(inode: Inode, mask: u32, c: Cred): Result {
  if ((mask & MAY_WRITE) != 0 && inode.fs.readOnly) {
    const t = inode.type;
    if (t == S_IFREG || t == S_IFDIR || t == S_IFLNK) return fail(Errno.EROFS);
  }
  let bits = inode.mode;
  if (c.fsuid == inode.uid) bits >>= 6;
  else if (c.inGroup(inode.gid)) bits >>= 3;
  if ((bits & mask) == mask) return 0;
  if (!c.isFsCapable) return fail(Errno.EACCES);
  // CAP_DAC_OVERRIDE: a file needs some execute bit to be executed, even by root.
  if ((mask & MAY_EXEC) != 0 && !inode.isDir && (inode.mode & 0o111) == 0) return fail(Errno.EACCES);
  return 0;
}

/** Owner, or CAP_FOWNER. */
export function isOwnerOrCapable(inode: Inode): bool {
  const c = cred();
  return c.isFsCapable || c.fsuid == inode.uid;
}

/** The sticky bit of `dir` keeps others from removing or renaming `victim`. */
export function isSticky(dir: Inode, victim: Inode): bool {
  if ((dir.mode & S_ISVTX) == 0) return false;
  const c = cred();
  return !c.isFsCapable && c.fsuid != victim.uid && c.fsuid != dir.uid;
}

/** Creating a name in `dir`. Errors: -ENOENT (the directory was removed), -EROFS, -EACCES. */
export function mayCreate(dir: Inode): Result {
  return dir.nlink == 0 ? fail(Errno.ENOENT) : permission(dir, MAY_WRITE | MAY_EXEC);
}

/**
 * Removing the name of `victim` from `dir`. `isDir`: what the caller means to remove.
 * Errors: -EROFS, -EACCES, -EPERM (sticky), -ENOTDIR, -EISDIR, -ENOENT.
 */
export function mayRemove(dir: Inode, victim: Inode, isDir: bool): Result {
  const r = permission(dir, MAY_WRITE | MAY_EXEC);
  if (r < 0) return r;
  if (isSticky(dir, victim)) return fail(Errno.EPERM);
  if (isDir && !victim.isDir) return fail(Errno.ENOTDIR);
  if (!isDir && victim.isDir) return fail(Errno.EISDIR);
  return dir.nlink == 0 ? fail(Errno.ENOENT) : 0;
}

/** The mode that a new object gets in `dir`: a setgid directory hands its group on, and directories the bit too. */
export function inheritedMode(dir: Inode, mode: u32): u32 {
  if ((dir.mode & S_ISGID) == 0) return mode;
  if ((mode & S_IFMT) == S_IFDIR) return mode | S_ISGID;
  const c = cred();
  // Not a way to get a setgid executable of a foreign group.
  if ((mode & (S_ISGID | 0o010)) == (S_ISGID | 0o010) && !c.isFsCapable && !c.inGroup(dir.gid)) return mode & ~S_ISGID;
  return mode;
}

export function inheritedGid(dir: Inode): u32 {
  return (dir.mode & S_ISGID) != 0 ? dir.gid : cred().fsgid;
}
