/** What page-cache.test.ts drives: caches over an arena of frames. */
import { allocFrame, framesInit, freeFrames, getFrame, putFrame } from "../mm/frames";
import { PageCache, pageCacheInit, reclaimPages } from "./page-cache";

const ARENA_PAGES: usize = 64;
const arena = memory.data(66 * 4096, 4096);
let caches = new Array<PageCache>();

export function setup(): u32 {
  framesInit(arena, arena + ARENA_PAGES * 4096);
  caches = [new PageCache(), new PageCache()];
  pageCacheInit();
  return freeFrames();
}
/** Inserts a new page whose first word is `mark`; the Result. */
export function insert(c: i32, index: u64, mark: u32): i64 {
  const frame = allocFrame();
  if (frame == 0) return -12;
  store<u32>(frame, mark);
  const r = caches[c].insert(index, frame);
  if (r < 0) putFrame(frame);
  return r;
}
export function mark(c: i32, index: u64): u32 {
  const frame = caches[c].get(index);
  return frame == 0 ? 0 : load<u32>(frame);
}
export function remove(c: i32, index: u64): void {
  caches[c].remove(index);
}
export function truncate(c: i32, index: u64): u32 {
  return caches[c].truncate(index);
}
export function next(c: i32, index: u64): i64 {
  return caches[c].next(index);
}
export function nextHole(c: i32, index: u64): u64 {
  return caches[c].nextHole(index);
}
export function count(c: i32): u32 {
  return caches[c].count;
}
export function retire(c: i32): void {
  caches[c].retire();
}
export function makeReclaimable(c: i32): void {
  caches[c].makeReclaimable();
}
export function pin(c: i32, index: u64): void {
  getFrame(caches[c].get(index));
}
export function unpin(c: i32, index: u64): void {
  putFrame(caches[c].get(index));
}
export function reclaim(wanted: u32): u32 {
  return reclaimPages(wanted);
}
export function free(): u32 {
  return freeFrames();
}
