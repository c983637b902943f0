/**
 * One object of an overlay: a real inode of the upper, or of one lower, or a stack of directories.
 *
 * It lives as long as somebody holds it, and copy-up changes what it stands for: an open file holds the overlay inode,
 * whose data() becomes the upper (L1), and it survives unlink and rename (F12). Attributes are the topmost layer's (I10);
 * a merged directory counts one link (I6). `ino` never changes while the inode is held (I2).
 */
import { Errno } from "../../abi/errno";
import { O_ACCMODE, O_PATH, O_RDONLY, O_TRUNC } from "../../abi/fcntl";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { cachedDentry } from "../../vfs/dentry";
import { ATTR_SIZE, Attr, DirHandle, DirSink, Inode, InodeOut, NewInode, S_IFREG, SetAttr } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";
import { WHOLE_FILE, copyUp } from "./copy-up";
import { create, link } from "./create";
import { OverlayFs } from "./filesystem";
import { LayerInode } from "./layer";
import { lookup } from "./lookup";
import { DirSnapshot, OverlayDirHandle } from "./merge-dir";
import { removeName } from "./remove";
import { rename } from "./rename";
import { getXattr, listXattrs, removeXattr, setXattr } from "./xattr";

@final
export class OverlayInode extends Inode {
  /** Counted. */
  upper: Inode | null = null;
  /** Topmost first, each counted. At most one unless it is a directory. */
  lowers: Array<LayerInode>;
  /** Where it is: counted; null for the root. */
  parent: OverlayInode | null;
  name: Bytes;
  /** The name was removed. */
  isDeleted: bool = false;
  /** The upper directory is marked opaque. */
  isOpaque: bool = false;
  /** A lower directory may hold whiteouts of the second form. */
  hasXwhiteouts: bool = false;
  /** The real inode under which the filesystem finds this object again, or null. */
  key: Inode | null = null;
  /** Counts changes of a directory's names. */
  version: u32 = 0;
  /** What a merged directory showed when it was last read. */
  snapshot: DirSnapshot | null = null;

  /** Counts what it is given. */
  constructor(
    public overlay: OverlayFs,
    upper: Inode | null,
    lowers: Array<LayerInode>,
    parent: OverlayInode | null,
    name: Bytes,
  ) {
    super(overlay);
    this.upper = upper;
    this.lowers = lowers;
    this.parent = parent;
    this.name = name;
    if (upper != null) iget(upper);
    for (let i = 0; i < lowers.length; i++) iget(lowers[i].inode);
    if (parent != null) iget(parent);
    const real = this.real;
    this.ino = overlay.inodeNumber(upper != null ? overlay.upperLayer! : lowers[0].layer, real.ino);
    this.refresh();
  }

  /** The inode that shows its attributes: the topmost. */
  get real(): Inode {
    const upper = this.upper;
    return upper != null ? upper : this.lowers[0].inode;
  }

  /** More than one directory makes it up. */
  get isMerged(): bool {
    return this.isDir && this.lowers.length + (this.upper != null ? 1 : 0) > 1;
  }

  /** Nothing of it lies below the upper. */
  get isPureUpper(): bool {
    return this.upper != null && this.lowers.length == 0;
  }

  /** Takes over the real inode's attributes; after each change of them. */
  refresh(): void {
    const n = this.real;
    this.mode = n.mode;
    this.nlink = this.isMerged ? 1 : n.nlink;
    // The name is gone, but a lower object still has its link.
    if (this.isDeleted && (this.isDir || this.upper == null)) this.nlink = 0;
    this.uid = n.uid;
    this.gid = n.gid;
    this.rdev = n.rdev;
    this.size = n.size;
    this.atime = n.atime;
    this.mtime = n.mtime;
    this.ctime = n.ctime;
    this.btime = n.btime;
  }

  /** Copy-up is done: `real` is the upper from now on. */
  becomeUpper(real: Inode): void {
    // A lower file with several links loses them, and its number with them: the other names keep both (D22).
    const isLink = !this.isDir && this.real.nlink > 1;
    if (isLink) this.ino = this.overlay.inodeNumber(this.overlay.upperLayer!, real.ino);
    this.setUpper(real);
    if (!this.isDir) this.dropLowers();
    this.refresh();
  }

  /** The clean opaque directory `real` took the place of the upper: nothing merges any more. */
  becomeOpaque(real: Inode): void {
    this.setUpper(real);
    this.dropLowers();
    this.isOpaque = true;
    this.changed();
  }

  private setUpper(real: Inode): void {
    const old = this.upper;
    iget(real);
    this.upper = real;
    this.overlay.setKey(this);
    if (old != null) iput(old);
  }

  private dropLowers(): void {
    const lowers = this.lowers;
    this.lowers = new Array<LayerInode>();
    for (let i = 0; i < lowers.length; i++) iput(lowers[i].inode);
  }

  /** It was renamed. */
  moveTo(parent: OverlayInode, name: Bytes): void {
    const old = this.parent;
    iget(parent);
    this.parent = parent;
    this.name = name.clone();
    if (old != null) iput(old);
  }

  /** The names in this directory changed. */
  changed(): void {
    this.version++;
    this.refresh();
  }

  /** The object that has `name` here, as the VFS knows it. Not counted. Errors: as lookup. */
  child(name: Bytes, out: InodeOut): Result {
    const d = cachedDentry(this, name);
    if (d != null && !d.isNegative) {
      out.inode = d.inode;
      return 0;
    }
    return lookup(this, name, out);
  }

  data(): Inode {
    return this.real.data();
  }

  evict(): void {
    this.overlay.forget(this);
    this.snapshot = null;
    const upper = this.upper;
    const parent = this.parent;
    this.dropLowers();
    if (upper != null) iput(upper);
    if (parent != null) iput(parent);
  }

  /** Opening a regular file for writing copies it up (D1); devices and fifos are used where they are (D2). */
  open(flags: u32): Result {
    if ((flags & O_PATH) != 0 || this.type != S_IFREG) return 0;
    if ((flags & O_ACCMODE) == O_RDONLY && (flags & O_TRUNC) == 0) return 0;
    return copyUp(this, (flags & O_TRUNC) != 0 ? 0 : WHOLE_FILE);
  }

  getattr(a: Attr): Result {
    const n = this.real;
    a.mode = n.mode;
    a.uid = n.uid;
    a.gid = n.gid;
    a.rdev = n.rdev;
    a.size = n.size;
    a.atime = n.atime;
    a.mtime = n.mtime;
    a.ctime = n.ctime;
    a.btime = n.btime;
    a.nlink = n.nlink;
    const r = n.getattr(a);
    a.dev = this.fs.dev;
    a.ino = this.ino;
    if (this.isMerged) a.nlink = 1;
    return r;
  }

  setattr(change: SetAttr): Result {
    // What a truncation cuts off need not be copied.
    const keep = (change.mask & ATTR_SIZE) != 0 ? change.size : WHOLE_FILE;
    const c = copyUp(this, keep);
    if (failed(c)) return c;
    const r = this.upper!.setattr(change);
    this.refresh();
    return r;
  }

  lookup(name: Bytes, out: InodeOut): Result {
    return this.isDir ? lookup(this, name, out) : fail(Errno.ENOTDIR);
  }

  create(name: Bytes, what: NewInode, out: InodeOut): Result {
    return create(this, name, what, out);
  }

  link(name: Bytes, target: Inode): Result {
    return link(this, name, <OverlayInode>target);
  }

  unlink(name: Bytes): Result {
    return removeName(this, name, false);
  }

  rmdir(name: Bytes): Result {
    return removeName(this, name, true);
  }

  rename(name: Bytes, newDir: Inode, newName: Bytes, flags: u32): Result {
    return rename(this, name, <OverlayInode>newDir, newName, flags);
  }

  readdir(pos: i64, sink: DirSink): Result {
    if (!this.isDir) return fail(Errno.ENOTDIR);
    const h = new OverlayDirHandle(this);
    const r = h.readdir(pos, sink);
    h.close();
    return r;
  }

  openDir(): DirHandle | null {
    return new OverlayDirHandle(this);
  }

  /** Access times of the upper are kept, those of a lower are not (I8). */
  touch(change: SetAttr): void {
    const upper = this.upper;
    if (upper != null) upper.touch(change);
  }

  readlink(out: BytesBuilder): Result {
    return this.real.readlink(out);
  }

  getxattr(name: Bytes, out: BytesBuilder): Result {
    return getXattr(this, name, out);
  }

  setxattr(name: Bytes, value: Bytes, flags: u32): Result {
    return setXattr(this, name, value, flags);
  }

  removexattr(name: Bytes): Result {
    return removeXattr(this, name);
  }

  listxattr(out: BytesBuilder): Result {
    return listXattrs(this, out);
  }

  seekData(off: i64, hole: bool): Result {
    return this.real.seekData(off, hole);
  }
}
