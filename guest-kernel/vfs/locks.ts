/**
 * Advisory locks of one inode: whole-file locks of flock(2), owned by an open file description, and record locks of
 * fcntl(2), owned by a process. The two kinds do not see each other, as on Linux.
 */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { WaitQueue } from "../proc/wait-queue";

/** One past the last byte of a lock that reaches to the end of the file, however far that moves. */
export const TO_END: i64 = i64.MAX_VALUE;

@final
export class Lock {
  constructor(
    /** The pid for a record lock, the open file's number for flock. */
    public owner: i64,
    public isRecord: bool,
    public isExclusive: bool,
    public start: i64,
    public end: i64,
  ) {}

  /** Both hold bytes in common and belong to different owners of one kind, and not both only share. */
  conflicts(o: Lock): bool {
    return (
      this.isRecord == o.isRecord &&
      this.owner != o.owner &&
      (this.isExclusive || o.isExclusive) &&
      this.start < o.end &&
      o.start < this.end
    );
  }
}

@final
export class LockList {
  private held: Array<Lock> = [];
  /** Woken when a lock is released. */
  queue: WaitQueue = new WaitQueue();

  /** A lock that stands in the way of `wanted`, or null. */
  blocker(wanted: Lock): Lock | null {
    for (let i = 0; i < this.held.length; i++) if (this.held[i].conflicts(wanted)) return this.held[i];
    return null;
  }

  /** Takes `wanted`, replacing what its owner held there. Errors: -EAGAIN. */
  acquire(wanted: Lock): Result {
    if (this.blocker(wanted) != null) return fail(Errno.EAGAIN);
    this.cut(wanted.owner, wanted.isRecord, wanted.start, wanted.end);
    this.held.push(wanted);
    // A downgrade may let others in.
    if (!wanted.isExclusive) this.queue.wakeAll();
    return 0;
  }

  release(owner: i64, isRecord: bool, start: i64, end: i64): void {
    if (this.cut(owner, isRecord, start, end)) this.queue.wakeAll();
  }

  /** Removes [start, end) from the owner's locks; true if there was any. */
  private cut(owner: i64, isRecord: bool, start: i64, end: i64): bool {
    let found = false;
    for (let i = this.held.length - 1; i >= 0; i--) {
      const l = this.held[i];
      if (l.owner != owner || l.isRecord != isRecord || l.start >= end || l.end <= start) continue;
      found = true;
      if (l.end > end) this.held.push(new Lock(owner, isRecord, l.isExclusive, end, l.end));
      if (l.start < start) l.end = start;
      else this.held.splice(i, 1);
    }
    return found;
  }
}
