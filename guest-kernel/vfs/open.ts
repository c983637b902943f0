/**
 * open(2) below the system call: finding or creating the object, permission, and which kind of file it becomes.
 */
import { Errno } from "../abi/errno";
import {
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
} from "../abi/fcntl";
import { blockDevice } from "../dev/block-device";
import { charDevice } from "../dev/char-device";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { Dentry } from "./dentry";
import { BlockFile, CharFile } from "./device-file";
import { DirFile } from "./dir-file";
import { File, FileOut, PathFile } from "./file";
import { truncateInode } from "./file-io";
import { fsState } from "./fs-context";
import { Inode, NewInode, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "./inode";
import { MNT_NODEV } from "./mount";
import { createAt } from "./namespace";
import { Path } from "./path";
import { MAY_READ, MAY_WRITE, isOwnerOrCapable, permission } from "./permission";
import { openFifo } from "./fifo";
import { RegularFile } from "./regular-file";
import { TextFile, TextInode } from "./text-inode";
import { LAST_NAME, Walk } from "./walk";

/** Flags that open(2) itself uses up; fcntl(F_GETFL) does not show them. */
const CREATION_FLAGS: u32 = 0o300 | 0o400 | O_TRUNC | 0o2000000;

/**
 * Opens `path` as seen from `base`. `mode` is for O_CREAT, the umask not yet applied. May park (fifos, devices): then
 * the call is made again. Errors: -EINVAL, those of the walk, then -EEXIST, -EISDIR, -ENOTDIR, -ELOOP, -EACCES, -EROFS,
 * -EPERM, -ENXIO and what the driver says.
 */
export function openPath(base: Path, path: Bytes, flags: u32, mode: u32, out: FileOut): Result {
  if ((flags & O_PATH) != 0) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
  else if ((flags & O_TMPFILE_BIT) != 0) return fail(Errno.EOPNOTSUPP);
  if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY)) return fail(Errno.EINVAL);
  const w = new Walk(base);
  const r = openAlong(w, path, flags, mode, out);
  w.end();
  return r;
}

function openAlong(w: Walk, path: Bytes, flags: u32, mode: u32, out: FileOut): Result {
  let isNew = false;
  let r: Result;
  if ((flags & O_CREAT) == 0) r = w.resolve(path, (flags & O_NOFOLLOW) == 0);
  else {
    r = findOrCreate(w, path, flags, mode);
    isNew = r == CREATED;
  }
  if (failed(r)) return r;
  const inode = w.dentry.node;
  if ((flags & O_CREAT) != 0 && !isNew) {
    if ((flags & O_EXCL) != 0) return fail(Errno.EEXIST);
    if (inode.isDir) return fail(Errno.EISDIR);
  }
  if ((flags & O_DIRECTORY) != 0 && !inode.isDir) return fail(Errno.ENOTDIR);
  if ((flags & O_PATH) != 0) {
    out.file = new PathFile(w.path(), flags);
    return 0;
  }
  r = mayOpen(w, inode, flags, isNew);
  if (failed(r)) return r;
  r = inode.open(flags);
  if (failed(r)) return r;
  r = makeFile(w, inode, flags, out);
  if (failed(r) || (flags & O_TRUNC) == 0 || isNew || inode.type != S_IFREG) return r;
  r = truncateInode(inode, 0, false);
  if (failed(r)) out.file.drop();
  return r;
}

const CREATED: Result = 1;

/** O_CREAT: leaves the walk on the object. Returns CREATED if it is new. */
function findOrCreate(w: Walk, path: Bytes, flags: u32, mode: u32): Result {
  let r = w.parent(path);
  while (!failed(r)) {
    if (w.lastKind != LAST_NAME) {
      if (w.lastKind == 2) w.up();
      return 0;
    }
    if (w.hasTrailingSlash) return fail(Errno.EISDIR);
    r = w.lookupLast();
    if (failed(r)) return r;
    const d = w.child as Dentry;
    if (d.isNegative) {
      const m = S_IFREG | (mode & 0o7777 & ~fsState().umask);
      r = createAt(w, d, new NewInode(m, 0, 0));
      w.dentry = d;
      return failed(r) ? r : CREATED;
    }
    if (d.node.type != S_IFLNK) {
      w.dentry = d;
      w.crossMounts();
      return 0;
    }
    if ((flags & O_EXCL) != 0) return fail(Errno.EEXIST);
    if ((flags & O_NOFOLLOW) != 0) return fail(Errno.ELOOP);
    r = w.parentOfLink();
  }
  return r;
}

function mayOpen(w: Walk, inode: Inode, flags: u32, isNew: bool): Result {
  const type = inode.type;
  const mount = w.mount;
  if (type == S_IFLNK) return fail(Errno.ELOOP);
  const access = flags & O_ACCMODE;
  let mask = access == O_RDONLY ? MAY_READ : access == O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
  if ((flags & O_TRUNC) != 0) mask |= MAY_WRITE;
  const writes = (mask & MAY_WRITE) != 0;
  if (type == S_IFDIR && writes) return fail(Errno.EISDIR);
  if ((type == S_IFCHR || type == S_IFBLK) && mount.has(MNT_NODEV)) return fail(Errno.EACCES);
  if (isNew) return 0;
  if (writes && type == S_IFREG && (flags & O_TRUNC) != 0 && mount.isReadOnly) return fail(Errno.EROFS);
  const r = permission(inode, mask);
  if (failed(r)) return r;
  if (writes && type == S_IFREG && mount.isReadOnly) return fail(Errno.EROFS);
  return (flags & O_NOATIME) != 0 && !isOwnerOrCapable(inode) ? fail(Errno.EPERM) : 0;
}

function makeFile(w: Walk, inode: Inode, flags: u32, out: FileOut): Result {
  const status = flags & ~CREATION_FLAGS;
  switch (inode.type) {
    case S_IFDIR:
      out.file = new DirFile(w.path(), status);
      return 0;
    case S_IFREG:
      out.file = inode instanceof TextInode ? <File>new TextFile(w.path(), status) : new RegularFile(w.path(), status);
      return 0;
    case S_IFIFO:
      return openFifo(w.path(), inode, status, out);
    case S_IFCHR:
      return openChar(w, inode.rdev, flags, out);
    case S_IFBLK: {
      const device = blockDevice(inode.rdev);
      if (device == null) return fail(Errno.ENXIO);
      if (device.readOnly && (flags & O_ACCMODE) != O_RDONLY) return fail(Errno.EACCES);
      out.file = new BlockFile(w.path(), status, device);
      return 0;
    }
    default:
      return fail(Errno.ENXIO);
  }
}

function openChar(w: Walk, rdev: u64, flags: u32, out: FileOut): Result {
  const node = charDevice(rdev);
  if (node == null) return fail(Errno.ENXIO);
  const device = node.resolve();
  if (device == null) return fail(Errno.ENXIO);
  const r = device.open(flags);
  if (!failed(r)) out.file = new CharFile(w.path(), flags & ~CREATION_FLAGS, device);
  return r;
}
