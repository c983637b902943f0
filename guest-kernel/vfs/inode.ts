/**
 * The contract between the VFS and a filesystem driver.
 *
 * The VFS owns paths, mounts, permissions, dentries and the page cache; a driver owns storage. No method checks the
 * caller's permission: the VFS did, on the attributes that the inode shows. No method parks. Each method states its
 * errnos in the order in which they are checked; any may also return -EIO or -ENOMEM.
 */
import { Errno } from "../abi/errno";
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Result, fail } from "../lib/result";
import { LockList } from "./locks";
import { PageCache } from "./page-cache";
import { Pipe } from "./pipe";

export const S_IFMT: u32 = 0o170000;
export const S_IFSOCK: u32 = 0o140000;
export const S_IFLNK: u32 = 0o120000;
export const S_IFREG: u32 = 0o100000;
export const S_IFBLK: u32 = 0o060000;
export const S_IFDIR: u32 = 0o040000;
export const S_IFCHR: u32 = 0o020000;
export const S_IFIFO: u32 = 0o010000;
export const S_ISUID: u32 = 0o4000;
export const S_ISGID: u32 = 0o2000;
export const S_ISVTX: u32 = 0o1000;

export const RENAME_NOREPLACE: u32 = 1;
export const RENAME_EXCHANGE: u32 = 2;
export const RENAME_WHITEOUT: u32 = 4;

export const XATTR_CREATE: u32 = 1;
export const XATTR_REPLACE: u32 = 2;

/** Receives what a lookup or a creation finds; valid only when the Result is 0. Holds no reference count. */
export class InodeOut {
  inode: Inode | null = null;
}

/** What a new inode shall be; the VFS has applied umask and setgid inheritance. */
export class NewInode {
  constructor(
    /** Type and permission bits. */
    public mode: u32,
    public uid: u32,
    public gid: u32,
    /** For S_IFCHR and S_IFBLK. */
    public rdev: u64 = 0,
    /** For S_IFLNK. */
    public target: Bytes | null = null,
  ) {}
}

/** Bits of SetAttr.mask, as Linux's ia_valid. */
export const ATTR_MODE: u32 = 1;
export const ATTR_UID: u32 = 2;
export const ATTR_GID: u32 = 4;
export const ATTR_SIZE: u32 = 8;
export const ATTR_ATIME: u32 = 16;
export const ATTR_MTIME: u32 = 32;
export const ATTR_CTIME: u32 = 64;

/** A change of attributes, all of it or none. Times are nanoseconds since the epoch. */
export class SetAttr {
  mask: u32 = 0;
  mode: u32 = 0;
  uid: u32 = 0;
  gid: u32 = 0;
  size: i64 = 0;
  atime: i64 = 0;
  mtime: i64 = 0;
  ctime: i64 = 0;
}

/** What stat shows. */
export class Attr {
  dev: u64 = 0;
  ino: u64 = 0;
  mode: u32 = 0;
  nlink: u32 = 0;
  uid: u32 = 0;
  gid: u32 = 0;
  rdev: u64 = 0;
  size: i64 = 0;
  blksize: u32 = 4096;
  /** 512-byte units. */
  blocks: u64 = 0;
  atime: i64 = 0;
  mtime: i64 = 0;
  ctime: i64 = 0;
  btime: i64 = 0;
}

/** What statfs shows. */
export class StatFs {
  type: u64 = 0;
  bsize: u64 = 4096;
  blocks: u64 = 0;
  bfree: u64 = 0;
  bavail: u64 = 0;
  files: u64 = 0;
  ffree: u64 = 0;
  fsid: u64 = 0;
  namelen: u64 = 255;
  frsize: u64 = 4096;
  flags: u64 = 0;
}

/** Takes directory entries; false stops the driver, which shall offer that entry again next time. */
export abstract class DirSink {
  /** `next`: the position after this entry, > 0. `type`: DT_* (mode >> 12). */
  abstract add(name: Bytes, ino: u64, type: u8, next: i64): bool;
}

/** What one open directory is read through, where the driver needs state for each open (overlay's merged listing). */
export abstract class DirHandle {
  /** As Inode.readdir; position 0 starts afresh. */
  abstract readdir(pos: i64, sink: DirSink): Result;
  close(): void {}
}

/** One filesystem instance (a superblock): mounted at any number of places. */
export abstract class Filesystem {
  /** st_dev; the VFS gives anonymous ones out, a disk filesystem takes its device's. */
  dev: u64 = 0;
  readOnly: bool = false;
  /** Mounts and overlay layers that use it; at 0 the VFS calls shutdown(). */
  users: i32 = 0;
  /** Open files that may write to it: it cannot become read-only meanwhile. Changed by File alone. */
  writers: i32 = 0;
  /** Page caches are the storage: a missing page is a hole, and none is ever reclaimed. */
  inMemory: bool = false;
  /** A name that was not found stays absent until the VFS creates it. False where the driver makes names appear. */
  cacheAbsence: bool = true;
  /** Levels of stacking below: 0 for a real filesystem, overlay = max of its layers + 1 (Linux: at most 2). */
  stackDepth: i32 = 0;

  /** As in /proc/filesystems. */
  abstract get type(): string;
  abstract root(): Inode;
  /** The caller has set sane defaults. */
  abstract statfs(out: StatFs): Result;
  sync(): Result {
    return 0;
  }
  /** Called once, when nothing uses the instance any more: frees every frame and drops references. */
  shutdown(): void {}
  /** Options for /proc/mounts, each with its leading comma. */
  showOptions(_out: BytesBuilder): void {}
  /** The VFS added (or dropped, below 0) so many pages of this filesystem's files: what tmpfs limits. */
  pagesChanged(_by: i32): void {}
  /** MS_REMOUNT: `readOnly` is what is asked for. Errors: -EROFS, -EINVAL. */
  remount(readOnly: bool, _data: Bytes): Result {
    this.readOnly = readOnly;
    return 0;
  }
}

/** One object inside a filesystem. The defaults are what a read-only driver wants. */
export abstract class Inode {
  ino: u64 = 0;
  /** Type and permission bits. */
  mode: u32 = 0;
  nlink: u32 = 1;
  uid: u32 = 0;
  gid: u32 = 0;
  rdev: u64 = 0;
  size: i64 = 0;
  atime: i64 = 0;
  mtime: i64 = 0;
  ctime: i64 = 0;
  btime: i64 = 0;
  /** Dentries, open files and mappings that hold it. Changed by iget/iput only. */
  refs: i32 = 0;
  /** Regular files: their pages. For tmpfs this is the storage. Made on first use by the VFS. */
  pages: PageCache | null = null;
  /** Fifos: the pipe behind the name while somebody has it open. */
  pipe: Pipe | null = null;
  /** flock(2) and fcntl(2) locks, once somebody has taken one. */
  locks: LockList | null = null;

  constructor(public fs: Filesystem) {}

  get type(): u32 {
    return this.mode & S_IFMT;
  }
  get isDir(): bool {
    return (this.mode & S_IFMT) == S_IFDIR;
  }

  /** Whether a cached name may still lead here; false makes the VFS ask the driver again (/proc/PID). */
  isCurrent(): bool {
    return true;
  }

  /** The inode whose pages hold this file's bytes now: an overlay answers with its current real inode. */
  data(): Inode {
    return this;
  }

  /** Called by open(2) after the permission check and before the file exists; `flags` are O_*. Overlay copies up here. */
  open(_flags: u32): Result {
    return 0;
  }

  /** Called when refs reach 0. With nlink 0 the driver frees storage; otherwise it may keep or forget the object. */
  evict(): void {}

  /** Fills `out`; the VFS has preset it from the fields. Drivers override to add blocks, overlay to redirect. */
  getattr(_out: Attr): Result {
    return 0;
  }
  /** Errors: -EROFS, -EINVAL, -EFBIG, -ENOSPC. */
  setattr(_change: SetAttr): Result {
    return fail(Errno.EROFS);
  }

  /** Records an access time (SetAttr.atime). Overlay forwards it to an upper and never copies up for it. */
  touch(_change: SetAttr): void {}

  /** Finds `name` in this directory. Never sees "." or "..". Errors: -ENOTDIR, -ENAMETOOLONG, -ENOENT. */
  lookup(_name: Bytes, _out: InodeOut): Result {
    return fail(Errno.ENOTDIR);
  }
  /** The VFS has looked `name` up and found nothing. Errors: -EEXIST, -EROFS, -ENOSPC, -EOPNOTSUPP. */
  create(_name: Bytes, _what: NewInode, _out: InodeOut): Result {
    return fail(Errno.EROFS);
  }
  /** A second name for `target` (same filesystem, no directory). Errors: -EEXIST, -EROFS, -EMLINK, -ENOSPC. */
  link(_name: Bytes, _target: Inode): Result {
    return fail(Errno.EROFS);
  }
  /** Removes a name that is no directory; the object lives while held. Errors: -ENOENT, -EISDIR, -EROFS. */
  unlink(_name: Bytes): Result {
    return fail(Errno.EROFS);
  }
  /** Errors: -ENOENT, -ENOTDIR, -ENOTEMPTY, -EROFS. */
  rmdir(_name: Bytes): Result {
    return fail(Errno.EROFS);
  }
  /**
   * The VFS has checked: same filesystem, type agreement, no loop, NOREPLACE against what it sees, flags valid.
   * Errors: -ENOENT, -EINVAL (flag), -ENOTEMPTY, -EXDEV, -EROFS, -ENOSPC.
   */
  rename(_name: Bytes, _newDir: Inode, _newName: Bytes, _flags: u32): Result {
    return fail(Errno.EROFS);
  }
  /** Offers entries after position `pos` (0 = from the start), without "." and "..". Errors: -ENOTDIR. */
  readdir(_pos: i64, _sink: DirSink): Result {
    return fail(Errno.ENOTDIR);
  }
  /** Called when a directory that was opened is first read; null: readdir() serves. Errors come from the handle. */
  openDir(): DirHandle | null {
    return null;
  }
  /** Appends the target. Errors: -EINVAL. */
  readlink(_out: BytesBuilder): Result {
    return fail(Errno.EINVAL);
  }

  /** Appends the value, returns its length. Errors: -EOPNOTSUPP, -ENODATA. */
  getxattr(_name: Bytes, _out: BytesBuilder): Result {
    return fail(Errno.EOPNOTSUPP);
  }
  /** Errors: -EOPNOTSUPP, -EEXIST, -ENODATA, -ENOSPC, -EROFS. */
  setxattr(_name: Bytes, _value: Bytes, _flags: u32): Result {
    return fail(Errno.EOPNOTSUPP);
  }
  /** Errors: -EOPNOTSUPP, -ENODATA, -EROFS. */
  removexattr(_name: Bytes): Result {
    return fail(Errno.EOPNOTSUPP);
  }
  /** Appends names, each with a trailing NUL. */
  listxattr(_out: BytesBuilder): Result {
    return 0;
  }

  /** Fills the kernel page `frame` with page `index`; bytes past the end are zero. Errors: -EIO. */
  readPage(_index: u64, _frame: usize): Result {
    return fail(Errno.EINVAL);
  }
  /** Called before the VFS makes page `index` writable: reserve storage. Errors: -EROFS, -ENOSPC, -EFBIG. */
  beforeWrite(_index: u64): Result {
    return fail(Errno.EROFS);
  }
  /** Stores `len` bytes of `frame` as page `index`: writeback of a disk filesystem. */
  writePage(_index: u64, _frame: usize, _len: u32): Result {
    return fail(Errno.EROFS);
  }
  /** SEEK_DATA / SEEK_HOLE: the next offset >= `off` of that kind. Errors: -ENXIO. */
  seekData(off: i64, hole: bool): Result {
    return off >= this.size ? fail(Errno.ENXIO) : hole ? this.size : off;
  }
}
