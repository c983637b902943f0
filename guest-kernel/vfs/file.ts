/**
 * Open file descriptions: what descriptors, mappings and parked calls share. A subclass is a kind of object; the
 * position belongs to the description, so that fork and dup share it.
 */
import { Errno } from "../abi/errno";
import { O_ACCMODE, O_PATH, O_RDONLY, O_WRONLY } from "../abi/fcntl";
import { POLLIN, POLLOUT } from "../dev/char-device";
import { Result, fail } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { Held } from "../proc/held";
import { WaitQueue } from "../proc/wait-queue";
import { DirSink, Inode } from "./inode";
import { TO_END } from "./locks";
import { Path } from "./path";

export const SEEK_SET: i32 = 0;
export const SEEK_CUR: i32 = 1;
export const SEEK_END: i32 = 2;
export const SEEK_DATA: i32 = 3;
export const SEEK_HOLE: i32 = 4;

let lastNumber: i64 = 0;
let live: i32 = 0;

export abstract class File extends Held {
  refs: i32 = 1;
  pos: i64 = 0;
  /** The owner of flock(2) locks. */
  number: i64 = 0;

  /** Owns `path`. `flags`: access mode and status flags, O_*. */
  constructor(
    public path: Path,
    public flags: u32,
  ) {
    super();
    this.number = ++lastNumber;
    live++;
  }

  get inode(): Inode {
    return this.path.dentry.node;
  }
  get canRead(): bool {
    return (this.flags & O_PATH) == 0 && ((this.flags & O_ACCMODE) == O_RDONLY || (this.flags & O_ACCMODE) == 2);
  }
  get canWrite(): bool {
    return (this.flags & O_PATH) == 0 && ((this.flags & O_ACCMODE) == O_WRONLY || (this.flags & O_ACCMODE) == 2);
  }

  ref(): void {
    this.refs++;
  }

  /** One use less; the last one closes the file. */
  drop(): void {
    assert(this.refs > 0, "file released twice");
    if (--this.refs > 0) return;
    live--;
    this.release();
    const i = this.inode;
    const locks = i.locks;
    if (locks != null) locks.release(this.number, false, 0, TO_END);
    this.path.drop();
  }

  /** The last user has gone. */
  protected release(): void {}

  /** Bytes at `pos` into `buf`; 0 is the end. Moves no position. `flags` as this.flags, perhaps with O_NONBLOCK added. */
  read(_buf: IoBuf, _pos: i64, _flags: u32): Result {
    return fail(Errno.EINVAL);
  }
  /** May take less than all; the caller comes back for the rest. */
  write(_buf: IoBuf, _pos: i64, _flags: u32): Result {
    return fail(Errno.EINVAL);
  }
  /** Has positions: pread, pwrite and lseek work. */
  get isSeekable(): bool {
    return false;
  }
  /** A write of a few pieces must arrive in one piece: pipes, devices. */
  get isStream(): bool {
    return false;
  }
  /** Moves the position. Errors: -ESPIPE, -EINVAL, -ENXIO. */
  seek(_off: i64, _whence: i32): Result {
    return fail(Errno.ESPIPE);
  }
  readdir(_sink: DirSink): Result {
    return fail(Errno.ENOTDIR);
  }
  ioctl(_cmd: u32, _arg: u64): Result {
    return fail(Errno.ENOTTY);
  }
  /** POLL* that hold now. */
  poll(): u32 {
    return POLLIN | POLLOUT;
  }
  /** Adds the queues that are woken when poll() may have changed. */
  addWaiters(_to: Array<WaitQueue>): void {}
  /** Errors: -EINVAL where there is nothing to write back, -EIO. */
  fsync(): Result {
    return fail(Errno.EINVAL);
  }
}

/** What O_PATH opens: a place, no content. */
@final
export class PathFile extends File {}

/** Receives a file; valid only when the Result is 0. The receiver owns one use. */
@final
export class FileOut {
  private held: File | null = null;

  get file(): File {
    return this.held as File;
  }
  set file(f: File) {
    this.held = f;
  }
}

/** Open file descriptions, for /proc/strata. */
export function liveFiles(): i32 {
  return live;
}

/** lseek over an object of `size` bytes whose data is one block. Errors: -EINVAL, -ENXIO. */
export function seekWithin(f: File, off: i64, whence: i32, size: i64): Result {
  let base: i64 = 0;
  if (whence == SEEK_CUR) base = f.pos;
  else if (whence == SEEK_END) base = size;
  else if (whence == SEEK_DATA || whence == SEEK_HOLE) {
    if (off < 0 || off >= size) return fail(Errno.ENXIO);
    f.pos = whence == SEEK_DATA ? off : size;
    return f.pos;
  } else if (whence != SEEK_SET) return fail(Errno.EINVAL);
  const to = base + off;
  if (to < 0 || (off > 0 && to < base)) return fail(Errno.EINVAL);
  f.pos = to;
  return to;
}
