/** What object-heap.test.ts drives: the allocator by itself. */
import { framesInit } from "./frames";
import { bytesUsed, objectAlloc, objectFree, objectRealloc } from "./object-heap";
import { emptySlabs, releaseSlabs, slabFrames } from "./slabs";

export { bytesUsed, emptySlabs, objectAlloc, objectFree, objectRealloc, releaseSlabs, slabFrames };
export { freeFrames, setReserve } from "./frames";

/** Page frames, as the kernel has them after boot: behind the memory that TLSF took when it was first asked. */
export function useFrames(n: i32): void {
  objectFree(objectAlloc(1000));
  const start = (<usize>memory.size()) << 16;
  memory.grow((n * 4096) >> 16);
  framesInit(start, start + <usize>n * 4096);
}

export function fill(p: usize, n: usize, value: u32): void {
  memory.fill(p, <u8>value, n);
}
/** How many of the first `n` bytes at `p` are not `value`. */
export function damage(p: usize, n: usize, value: u32): u32 {
  let bad = 0;
  for (let i: usize = 0; i < n; i++) if (load<u8>(p + i) != <u8>value) bad++;
  return bad;
}
export function pages(): i32 {
  return memory.size();
}
