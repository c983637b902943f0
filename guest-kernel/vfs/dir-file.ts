/**
 * Open directories. Positions: 0 is ".", 1 is "..", 2 + p the driver's position p, so that a listing can be resumed
 * and sought in whatever the driver's positions are.
 */
import { Errno } from "../abi/errno";
import { Bytes, b } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { touchAtime } from "./atime";
import { File, SEEK_CUR, SEEK_SET } from "./file";
import { DirHandle, DirSink, Inode } from "./inode";
import { Path } from "./path";
import { Walk } from "./walk";

const DOTS: i64 = 2;
const DT_DIR: u8 = 4;
const dot = b(".");
const dotdot = b("..");

/** Passes the driver's entries on, with their positions behind the dots'. */
@final
class Shifted extends DirSink {
  /** Where the next call begins. */
  next: i64 = 0;

  constructor(
    private to: DirSink,
    from: i64,
  ) {
    super();
    this.next = from;
  }

  add(name: Bytes, ino: u64, type: u8, next: i64): bool {
    if (!this.to.add(name, ino, type, next + DOTS)) return false;
    this.next = next;
    return true;
  }
}

@final
export class DirFile extends File {
  private handle: DirHandle | null = null;
  private isHandleKnown: bool = false;

  read(_buf: IoBuf, _pos: i64, _flags: u32): Result {
    return fail(Errno.EISDIR);
  }

  get isSeekable(): bool {
    return true;
  }

  /** Errors: -ENOENT (the directory was removed), -EIO. */
  readdir(sink: DirSink): Result {
    const dir = this.inode;
    if (dir.nlink == 0) return fail(Errno.ENOENT);
    if (!this.isHandleKnown) {
      this.isHandleKnown = true;
      this.handle = dir.openDir();
    }
    touchAtime(this.path.mount, dir, this.flags);
    if (this.pos == 0) {
      if (!sink.add(dot, dir.ino, DT_DIR, 1)) return 0;
      this.pos = 1;
    }
    if (this.pos == 1) {
      if (!sink.add(dotdot, parentIno(this.path, dir), DT_DIR, DOTS)) return 0;
      this.pos = DOTS;
    }
    const shifted = new Shifted(sink, this.pos - DOTS);
    const h = this.handle;
    const r = h != null ? h.readdir(shifted.next, shifted) : dir.readdir(shifted.next, shifted);
    this.pos = shifted.next + DOTS;
    return failed(r) ? r : 0;
  }

  seek(off: i64, whence: i32): Result {
    if (whence != SEEK_SET && whence != SEEK_CUR) return fail(Errno.EINVAL);
    const to = whence == SEEK_CUR ? this.pos + off : off;
    if (to < 0) return fail(Errno.EINVAL);
    this.pos = to;
    return to;
  }

  fsync(): Result {
    return this.inode.fs.sync();
  }

  protected release(): void {
    const h = this.handle;
    if (h != null) h.close();
  }
}

/** d_ino of "..": as a lookup of ".." would find it, the mountpoint's parent for the root of a mount. */
function parentIno(path: Path, dir: Inode): u64 {
  const w = new Walk(path);
  w.up();
  const ino = w.dentry.inode != null ? w.dentry.node.ino : dir.ino;
  w.end();
  return ino;
}
