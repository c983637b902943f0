/**
 * The work directory: everything new is staged in it under a name of its own, and published by one rename (docs/overlay.md).
 * It holds the shared whiteout too. What a crash left in it is removed at the next mount (A34).
 */
import { Errno } from "../../abi/errno";
import { LOG_ERR, klogLine } from "../../hal/log";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { forgetName } from "../../vfs/dentry";
import { DirSink, Inode, InodeOut, NewInode, S_IFDIR } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";
import { lookupIn } from "./layer";

const WORK = b("work");
/** A directory so deep below the one that the user named must be empty: what is deeper was not made by an overlay. */
const MAX_JUNK_DEPTH: i32 = 2;

@final
export class WorkDir {
  private next: u32 = 0;
  /** The device that whiteouts are links of; counted. */
  whiteout: Inode | null = null;

  /** Counts `dir`, the directory called work in the one that the user named. */
  constructor(public dir: Inode) {
    iget(dir);
  }

  release(): void {
    this.setWhiteout(null);
    iput(this.dir);
  }

  setWhiteout(n: Inode | null): void {
    const old = this.whiteout;
    if (n != null) iget(n);
    this.whiteout = n;
    if (old != null) iput(old);
  }

  /** A name that nothing has: # and a number. */
  newName(): Bytes {
    return new BytesBuilder().byte(0x23).hex(this.next++).take();
  }

  /** Makes a staged object. Errors: as Inode.create. */
  create(what: NewInode, name: Bytes, out: InodeOut): Result {
    const r = this.dir.create(name, what, out);
    forgetName(this.dir, name);
    return r;
  }

  /** Removes a staged object; a failure leaves junk that nobody sees and a line in the log. */
  discard(name: Bytes): void {
    const out = new InodeOut();
    const found = lookupIn(this.dir, name, out);
    if (found != 1) return;
    const r = out.inode!.isDir ? this.dir.rmdir(name) : this.dir.unlink(name);
    forgetName(this.dir, name);
    if (failed(r)) {
      klogLine(
        new BytesBuilder().text("overlayfs: cleanup of 'work/").bytes(name).text("' failed (").dec(r).text(")"),
        LOG_ERR,
      );
    }
  }
}

/** Receives the work directory; valid only when the Result is 0. */
export class WorkDirOut {
  work: WorkDir | null = null;
}

/**
 * Makes an empty directory `work` in `base`, mode 000 (A33); an older one goes with all it holds. Errors: what the
 * filesystem returns, -ENOTEMPTY for junk that is too deep.
 */
export function openWorkDir(base: Inode, out: WorkDirOut): Result {
  const found = new InodeOut();
  const old = lookupIn(base, WORK, found);
  if (failed(old)) return old;
  if (old == 1) {
    const r = removeTree(base, WORK, found.inode!, 0);
    if (failed(r)) return r;
  }
  const r = base.create(WORK, new NewInode(S_IFDIR, 0, 0), found);
  forgetName(base, WORK);
  if (failed(r)) return r;
  out.work = new WorkDir(found.inode!);
  return 0;
}

/** Removes `name`, which is `n`, and what is below. */
function removeTree(dir: Inode, name: Bytes, n: Inode, depth: i32): Result {
  let r: Result;
  if (n.isDir) {
    const names = new NameList();
    r = n.readdir(0, names);
    if (failed(r)) return r;
    if (depth >= MAX_JUNK_DEPTH && names.list.length > 0) return fail(Errno.ENOTEMPTY);
    for (let i = 0; i < names.list.length; i++) {
      const out = new InodeOut();
      const found = lookupIn(n, names.list[i], out);
      if (failed(found)) return found;
      if (found == 0) continue;
      const c = removeTree(n, names.list[i], out.inode!, depth + 1);
      if (failed(c)) return c;
    }
    r = dir.rmdir(name);
  } else r = dir.unlink(name);
  forgetName(dir, name);
  return r;
}

/** Every name of a directory, copied. */
@final
export class NameList extends DirSink {
  list: Array<Bytes> = new Array<Bytes>();

  add(name: Bytes, _ino: u64, _type: u8, _next: i64): bool {
    this.list.push(name.clone());
    return true;
  }
}
