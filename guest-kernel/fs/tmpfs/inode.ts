/** Objects of a tmpfs: everything lives in memory, a regular file's pages in its page cache. */
import { Errno } from "../../abi/errno";
import { realtimeNs } from "../../hal/time";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { PAGE_SHIFT, PAGE_SIZE } from "../../mm/frames";
import { MAX_FILE_SIZE, resizePages } from "../../vfs/file-io";
import {
  ATTR_ATIME,
  ATTR_CTIME,
  ATTR_GID,
  ATTR_MODE,
  ATTR_MTIME,
  ATTR_SIZE,
  ATTR_UID,
  Attr,
  DirSink,
  Filesystem,
  Inode,
  InodeOut,
  NewInode,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  S_IFCHR,
  S_IFLNK,
  S_IFMT,
  SetAttr,
} from "../../vfs/inode";
import { NO_PAGE } from "../../vfs/page-cache";
import { Directory, Entry } from "./directory";
import { Space } from "./space";
import { Xattrs } from "./xattrs";

/** What a directory entry counts for in a directory's size, as Linux's tmpfs. */
const BOGO_DIRENT_SIZE: i64 = 20;
const MAX_LINKS: u32 = 65000;

@final
export class TmpInode extends Inode {
  private entries: Directory | null = null;
  private target: Bytes | null = null;
  private xattrs: Xattrs | null = null;
  private isGone: bool = false;

  constructor(
    fs: Filesystem,
    private space: Space,
    what: NewInode,
  ) {
    super(fs);
    this.ino = space.nextIno();
    this.mode = what.mode;
    this.uid = what.uid;
    this.gid = what.gid;
    this.rdev = what.rdev;
    this.atime = this.mtime = this.ctime = this.btime = realtimeNs();
    if (this.isDir) {
      this.entries = new Directory();
      this.nlink = 2;
    }
    const target = what.target;
    if (target != null) {
      this.target = target.clone();
      this.size = target.len;
    }
  }

  private get dir(): Directory {
    return this.entries as Directory;
  }

  getattr(out: Attr): Result {
    const p = this.pages;
    out.blocks = p == null ? 0 : <u64>p.count * (PAGE_SIZE / 512);
    return 0;
  }

  setattr(c: SetAttr): Result {
    if ((c.mask & ATTR_SIZE) != 0) {
      if (c.size < 0) return fail(Errno.EINVAL);
      if (c.size > MAX_FILE_SIZE) return fail(Errno.EFBIG);
      resizePages(this, c.size);
    }
    if ((c.mask & ATTR_MODE) != 0) this.mode = (this.mode & S_IFMT) | (c.mode & ~S_IFMT);
    if ((c.mask & ATTR_UID) != 0) this.uid = c.uid;
    if ((c.mask & ATTR_GID) != 0) this.gid = c.gid;
    if ((c.mask & ATTR_ATIME) != 0) this.atime = c.atime;
    if ((c.mask & ATTR_MTIME) != 0) this.mtime = c.mtime;
    if ((c.mask & ATTR_CTIME) != 0) this.ctime = c.ctime;
    return 0;
  }

  touch(c: SetAttr): void {
    this.atime = c.atime;
  }

  lookup(name: Bytes, out: InodeOut): Result {
    if (!this.isDir) return fail(Errno.ENOTDIR);
    const e = this.dir.find(name);
    if (e == null) return fail(Errno.ENOENT);
    out.inode = e.inode;
    return 0;
  }

  create(name: Bytes, what: NewInode, out: InodeOut): Result {
    if (this.dir.find(name) != null) return fail(Errno.EEXIST);
    const r = this.space.chargeInode();
    if (failed(r)) return r;
    const made = new TmpInode(this.fs, this.space, what);
    this.enter(name, made);
    out.inode = made;
    return 0;
  }

  /** Adds the name and what goes with it: the size, the times, the link from a child directory's "..". */
  private enter(name: Bytes, inode: Inode): void {
    this.dir.add(name, inode);
    this.size += BOGO_DIRENT_SIZE;
    if (inode.isDir) this.nlink++;
    this.changed();
  }

  private leave(e: Entry): void {
    this.dir.remove(e);
    this.size -= BOGO_DIRENT_SIZE;
    if (e.inode.isDir) this.nlink--;
    this.changed();
  }

  private changed(): void {
    this.mtime = this.ctime = realtimeNs();
  }

  link(name: Bytes, target: Inode): Result {
    if (this.dir.find(name) != null) return fail(Errno.EEXIST);
    if (target.nlink >= MAX_LINKS) return fail(Errno.EMLINK);
    target.nlink++;
    target.ctime = realtimeNs();
    this.enter(name, target);
    return 0;
  }

  unlink(name: Bytes): Result {
    const e = this.dir.find(name);
    if (e == null) return fail(Errno.ENOENT);
    if (e.inode.isDir) return fail(Errno.EISDIR);
    this.leave(e);
    (e.inode as TmpInode).lostName();
    return 0;
  }

  rmdir(name: Bytes): Result {
    const e = this.dir.find(name);
    if (e == null) return fail(Errno.ENOENT);
    const victim = e.inode as TmpInode;
    if (!victim.isDir) return fail(Errno.ENOTDIR);
    if (victim.dir.count > 0) return fail(Errno.ENOTEMPTY);
    this.leave(e);
    victim.lostName();
    return 0;
  }

  /** A name of it is gone; with the last one a directory is dead, and storage goes once nobody holds it. */
  private lostName(): void {
    if (this.isDir) this.nlink = 0;
    else this.nlink--;
    this.ctime = realtimeNs();
    if (this.nlink == 0 && this.refs == 0) this.evict();
  }

  evict(): void {
    if (this.nlink > 0 || this.isGone) return;
    this.isGone = true;
    resizePages(this, 0);
    this.space.usedInodes--;
  }

  rename(name: Bytes, newDir: Inode, newName: Bytes, flags: u32): Result {
    const to = newDir as TmpInode;
    const e = this.dir.find(name);
    if (e == null) return fail(Errno.ENOENT);
    const there = to.dir.find(newName);
    if ((flags & RENAME_EXCHANGE) != 0) return there == null ? fail(Errno.ENOENT) : this.exchange(e, to, there);
    if (there != null) {
      if ((flags & RENAME_NOREPLACE) != 0) return fail(Errno.EEXIST);
      const victim = there.inode as TmpInode;
      if (victim == e.inode) return 0;
      if (victim.isDir && victim.dir.count > 0) return fail(Errno.ENOTEMPTY);
    }
    let whiteout: TmpInode | null = null;
    if ((flags & RENAME_WHITEOUT) != 0) {
      const r = this.space.chargeInode();
      if (failed(r)) return r;
      whiteout = new TmpInode(this.fs, this.space, new NewInode(S_IFCHR, this.uid, this.gid));
    }
    // Nothing fails from here on.
    if (there != null) {
      to.leave(there);
      (there.inode as TmpInode).lostName();
    }
    this.leave(e);
    to.enter(newName, e.inode);
    if (whiteout != null) this.enter(name, whiteout);
    e.inode.ctime = realtimeNs();
    return 0;
  }

  private exchange(a: Entry, to: TmpInode, b: Entry): Result {
    const moved = a.inode;
    const back = b.inode;
    if (this != to && moved.isDir != back.isDir) {
      this.nlink += moved.isDir ? -1 : 1;
      to.nlink += moved.isDir ? 1 : -1;
    }
    a.inode = back;
    b.inode = moved;
    moved.ctime = back.ctime = realtimeNs();
    this.changed();
    to.changed();
    return 0;
  }

  readdir(pos: i64, sink: DirSink): Result {
    if (!this.isDir) return fail(Errno.ENOTDIR);
    let e = this.dir.after(pos);
    while (e != null && sink.add(e.name, e.inode.ino, <u8>(e.inode.mode >> 12), e.position)) {
      e = this.dir.after(e.position);
    }
    return 0;
  }

  readlink(out: BytesBuilder): Result {
    const t = this.target;
    if (t == null || this.type != S_IFLNK) return fail(Errno.EINVAL);
    out.bytes(t);
    return 0;
  }

  getxattr(name: Bytes, out: BytesBuilder): Result {
    const x = this.xattrs;
    return x == null ? fail(Errno.ENODATA) : x.get(name, out);
  }

  setxattr(name: Bytes, value: Bytes, flags: u32): Result {
    let x = this.xattrs;
    if (x == null) {
      x = new Xattrs();
      this.xattrs = x;
    }
    const r = x.set(name, value, flags);
    if (!failed(r)) this.ctime = realtimeNs();
    return r;
  }

  removexattr(name: Bytes): Result {
    const x = this.xattrs;
    if (x == null) return fail(Errno.ENODATA);
    const r = x.remove(name);
    if (!failed(r)) this.ctime = realtimeNs();
    return r;
  }

  listxattr(out: BytesBuilder): Result {
    const x = this.xattrs;
    if (x != null) x.list(out);
    return 0;
  }

  beforeWrite(_index: u64): Result {
    return this.space.hasRoom ? 0 : fail(Errno.ENOSPC);
  }

  /** A page that is not there is a hole. */
  seekData(off: i64, hole: bool): Result {
    if (off >= this.size) return fail(Errno.ENXIO);
    const p = this.pages;
    const index = (<u64>off) >> PAGE_SHIFT;
    if (hole) {
      const at = p == null ? index : p.nextHole(index);
      return min<i64>(this.size, max<i64>(off, <i64>(at << PAGE_SHIFT)));
    }
    const at = p == null ? NO_PAGE : p.next(index);
    if (at == NO_PAGE || at << PAGE_SHIFT >= this.size) return fail(Errno.ENXIO);
    return max<i64>(off, at << PAGE_SHIFT);
  }

  /** The filesystem ends: frees the pages of everything below. */
  destroy(): void {
    const p = this.pages;
    if (p != null) p.retire();
    const d = this.entries;
    if (d == null) return;
    this.entries = null;
    let e = d.after(0);
    while (e != null) {
      (e.inode as TmpInode).destroy();
      e = d.after(e.position);
    }
  }
}
