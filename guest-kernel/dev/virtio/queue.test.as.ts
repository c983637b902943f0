/** What queue.test.ts drives: one virtqueue in an arena; the test plays the device over the same memory. */
import { framesInit } from "../../mm/frames";
import { Virtqueue } from "./queue";

const arena: usize = memory.data(16 * 4096, 4096);
framesInit(arena, arena + 16 * 4096);
const queue = new Virtqueue(8);

export function allocate(): bool {
  return queue.allocate();
}
export function desc(): usize {
  return queue.desc;
}
export function avail(): usize {
  return queue.avail;
}
export function used(): usize {
  return queue.used;
}
export function free(): u32 {
  return queue.free;
}
export function offer(addr: u64, len: u32, writable: bool): u32 {
  return queue.offer(addr, len, writable);
}
export function offerRequest(dataLen: u32): u32 {
  return queue.offerRequest(0x1000, 16, 0x2000, dataLen, true, 0x3000);
}
export function take(): i32 {
  return queue.take();
}
export function takenBytes(): u32 {
  return queue.takenBytes;
}
