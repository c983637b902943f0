/**
 * A filesystem for tests: passes everything on to another one, and on demand lets the Nth change of it fail. File pages
 * stay the inner filesystem's.
 */
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { Attr, DirSink, Filesystem, Inode, InodeOut, NewInode, SetAttr, StatFs } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";

/** Changes still to be let through; below 0 none fails. */
let countdown: i32 = -1;
let failure: i32 = 0;
let changes: i32 = 0;

/** The change after the next `n` fails with `errno`; n < 0 switches it off. */
export function failAfter(n: i32, errno: i32): void {
  countdown = n;
  failure = errno;
  changes = 0;
}

/** Changes asked for since failAfter. */
export function changesSeen(): i32 {
  return changes;
}

/** 0, or the failure that is due. */
function mayChange(): Result {
  changes++;
  return countdown >= 0 && countdown-- == 0 ? fail(failure) : 0;
}

@final
export class FaultyFs extends Filesystem {
  private wrapped: Map<Inode, FaultyInode> = new Map<Inode, FaultyInode>();

  constructor(private inner: Filesystem) {
    super();
    this.dev = inner.dev;
  }

  get type(): string {
    return "faulty";
  }

  root(): Inode {
    return this.wrap(this.inner.root());
  }

  wrap(n: Inode): FaultyInode {
    if (this.wrapped.has(n)) return this.wrapped.get(n);
    const w = new FaultyInode(this, n);
    iget(n);
    this.wrapped.set(n, w);
    return w;
  }

  /** Attributes are fields, so after a change every wrapper takes them over anew. */
  refresh(): void {
    const all = this.wrapped.values();
    for (let i = 0; i < all.length; i++) all[i].refresh();
  }

  statfs(out: StatFs): Result {
    return this.inner.statfs(out);
  }

  shutdown(): void {
    const all = this.wrapped.values();
    for (let i = 0; i < all.length; i++) iput(all[i].inner);
    this.wrapped.clear();
    this.inner.shutdown();
  }
}

@final
export class FaultyInode extends Inode {
  constructor(
    private outer: FaultyFs,
    public inner: Inode,
  ) {
    super(outer);
    this.refresh();
  }

  refresh(): void {
    const n = this.inner;
    this.ino = n.ino;
    this.mode = n.mode;
    this.nlink = n.nlink;
    this.uid = n.uid;
    this.gid = n.gid;
    this.rdev = n.rdev;
    this.size = n.size;
    this.atime = n.atime;
    this.mtime = n.mtime;
    this.ctime = n.ctime;
    this.btime = n.btime;
  }

  private done(r: Result): Result {
    this.outer.refresh();
    return r;
  }

  private found(r: Result, out: InodeOut): Result {
    if (r == 0) out.inode = this.outer.wrap(out.inode!);
    this.outer.refresh();
    return r;
  }

  data(): Inode {
    return this.inner;
  }
  getattr(out: Attr): Result {
    out.size = this.inner.size;
    out.mtime = this.inner.mtime;
    return this.inner.getattr(out);
  }
  setattr(c: SetAttr): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.setattr(c));
  }
  lookup(name: Bytes, out: InodeOut): Result {
    return this.found(this.inner.lookup(name, out), out);
  }
  create(name: Bytes, what: NewInode, out: InodeOut): Result {
    const r = mayChange();
    return r < 0 ? r : this.found(this.inner.create(name, what, out), out);
  }
  link(name: Bytes, target: Inode): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.link(name, (target as FaultyInode).inner));
  }
  unlink(name: Bytes): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.unlink(name));
  }
  rmdir(name: Bytes): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.rmdir(name));
  }
  rename(name: Bytes, newDir: Inode, newName: Bytes, flags: u32): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.rename(name, (newDir as FaultyInode).inner, newName, flags));
  }
  readdir(pos: i64, sink: DirSink): Result {
    return this.inner.readdir(pos, sink);
  }
  readlink(out: BytesBuilder): Result {
    return this.inner.readlink(out);
  }
  getxattr(name: Bytes, out: BytesBuilder): Result {
    return this.inner.getxattr(name, out);
  }
  setxattr(name: Bytes, value: Bytes, flags: u32): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.setxattr(name, value, flags));
  }
  removexattr(name: Bytes): Result {
    const r = mayChange();
    return r < 0 ? r : this.done(this.inner.removexattr(name));
  }
  listxattr(out: BytesBuilder): Result {
    return this.inner.listxattr(out);
  }
}
