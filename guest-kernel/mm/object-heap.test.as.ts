/** What object-heap.test.ts drives: the allocator by itself. */
import { objectAlloc, objectFree, objectRealloc } from "./object-heap";

export { objectAlloc, objectFree, objectRealloc };

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
