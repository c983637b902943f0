/**
 * A pipe's buffer and who is at its ends: pipe(7). Up to 64 KiB in sixteen frames that are there only while they hold
 * bytes. Reading and writing never wait; pipe-file.ts parks.
 */
import { Errno } from "../abi/errno";
import { Result, fail, failed } from "../lib/result";
import { allocFrameRaw, putFrame } from "../mm/frames";
import { IoBuf } from "../mm/io-buf";
import { WaitQueue } from "../proc/wait-queue";

export const PIPE_PAGES: u32 = 16;
export const PIPE_SIZE: u32 = PIPE_PAGES << 12;
/** PAGE_SIZE in the width of the ring's positions. */
const PAGE: u32 = 4096;
/** A write of at most so many bytes is not mixed with others'. */
export const PIPE_BUF: u32 = 4096;

let live: i32 = 0;

@final
export class Pipe {
  readers: i32 = 0;
  writers: i32 = 0;
  /** Opens ever made, so that a parked fifo open sees an end that has come and gone. */
  readOpens: u32 = 0;
  writeOpens: u32 = 0;
  readQueue: WaitQueue = new WaitQueue();
  writeQueue: WaitQueue = new WaitQueue();
  /** Bytes inside. */
  used: u32 = 0;
  private head: u32 = 0;
  private frames: StaticArray<usize> = new StaticArray<usize>(PIPE_PAGES);

  get room(): u32 {
    return PIPE_SIZE - this.used;
  }

  openEnd(forRead: bool, forWrite: bool): void {
    if (this.readers + this.writers == 0) live++;
    if (forRead) {
      this.readers++;
      this.readOpens++;
      this.writeQueue.wakeAll();
    }
    if (forWrite) {
      this.writers++;
      this.writeOpens++;
      this.readQueue.wakeAll();
    }
  }

  closeEnd(forRead: bool, forWrite: bool): void {
    if (forRead) this.readers--;
    if (forWrite) this.writers--;
    this.readQueue.wakeAll();
    this.writeQueue.wakeAll();
    if (this.readers + this.writers > 0) return;
    live--;
    for (let i: u32 = 0; i < PIPE_PAGES; i++) this.drop(i);
    this.used = 0;
    this.head = 0;
  }

  /** Moves at most `n` bytes into `buf` at `off`. Returns how many. Errors, when none was: -EFAULT. */
  take(buf: IoBuf, off: u64, n: u64): Result {
    const all = <u32>min<u64>(n, this.used);
    let done: u32 = 0;
    while (done < all) {
      const inPage = this.head & (PAGE - 1);
      const part = min<u32>(all - done, PAGE - inPage);
      const page = this.head >> 12;
      const r = buf.put(off + done, this.frames[page] + inPage, part);
      if (failed(r)) {
        if (done == 0) return r;
        break;
      }
      done += part;
      this.used -= part;
      this.head = (this.head + part) % PIPE_SIZE;
      if ((this.head & (PAGE - 1)) == 0 && this.used <= PIPE_SIZE - PAGE) this.drop(page);
    }
    if (this.used == 0) {
      this.drop(this.head >> 12);
      this.head = 0;
    }
    if (done > 0) this.writeQueue.wakeAll();
    return done;
  }

  /** Moves at most `n` bytes, and no more than there is room for, out of `buf`. Errors, when none was: -EFAULT, -ENOMEM. */
  give(buf: IoBuf, off: u64, n: u64): Result {
    const all = <u32>min<u64>(n, this.room);
    let done: u32 = 0;
    while (done < all) {
      const at = (this.head + this.used) % PIPE_SIZE;
      const page = at >> 12;
      const inPage = at & (PAGE - 1);
      const part = min<u32>(all - done, PAGE - inPage);
      if (this.frames[page] == 0) this.frames[page] = allocFrameRaw();
      if (this.frames[page] == 0) return done > 0 ? done : fail(Errno.ENOMEM);
      const r = buf.get(off + done, this.frames[page] + inPage, part);
      if (failed(r)) {
        if (this.used == 0) this.drop(page);
        if (done == 0) return r;
        break;
      }
      done += part;
      this.used += part;
    }
    if (done > 0) this.readQueue.wakeAll();
    return done;
  }

  private drop(page: u32): void {
    const frame = this.frames[page];
    if (frame == 0) return;
    this.frames[page] = 0;
    putFrame(frame);
  }
}

/** Pipes and fifos that somebody has open. */
export function livePipes(): i32 {
  return live;
}
