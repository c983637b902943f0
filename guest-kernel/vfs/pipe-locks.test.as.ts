/** What pipe-locks.test.ts drives: one pipe, and the locks of one inode, each by itself. */
import { framesInit, freeFrames } from "../mm/frames";
import { KernelBuf } from "../mm/io-buf";
import { Lock, LockList } from "./locks";
import { Pipe } from "./pipe";

const ARENA_PAGES: usize = 32;
const arena = memory.data(33 * 4096, 4096);
const io: usize = memory.data(70000, 16);
let pipe = new Pipe();
let locks = new LockList();

export function ioAddress(): usize {
  return io;
}
export function setup(): u32 {
  framesInit(arena, arena + ARENA_PAGES * 4096);
  pipe = new Pipe();
  pipe.openEnd(true, true);
  locks = new LockList();
  return freeFrames();
}
export function give(n: u32): i64 {
  return pipe.give(new KernelBuf(io, n), 0, n);
}
export function take(n: u32): i64 {
  return pipe.take(new KernelBuf(io, n), 0, n);
}
export function used(): u32 {
  return pipe.used;
}
export function close(): u32 {
  pipe.closeEnd(true, true);
  return freeFrames();
}
export function free(): u32 {
  return freeFrames();
}
export function lock(owner: i64, isExclusive: bool, start: i64, end: i64): i64 {
  return locks.acquire(new Lock(owner, true, isExclusive, start, end));
}
export function unlock(owner: i64, start: i64, end: i64): void {
  locks.release(owner, true, start, end);
}
