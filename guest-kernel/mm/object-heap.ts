/**
 * The allocator below the collector: free lists by size for small objects, AssemblyScript's TLSF for the rest.
 *
 * Nearly every kernel object is small and dies young; a list makes it and takes it back in a few instructions, where TLSF
 * spends several hundred on splitting and joining blocks. Memory of a list stays with its size. `asc --use` puts these
 * three in the place of the runtime's `__alloc`, `__realloc` and `__free` (tools/build.mjs).
 *
 * A block is as the collector knows it: a word with its usable size, then the bytes, which begin at a multiple of 16.
 */
import { freeFrames, reserveFrames } from "./frames";
import { __alloc as tlsfAlloc, __free as tlsfFree, __realloc as tlsfRealloc } from "rt/tlsf";

const HEADER: usize = 4;
const GRAIN_SHIFT: usize = 4;
const GRAIN: usize = 16;
/** Usable bytes of the largest block that has a list. */
const MAX_SMALL: usize = 512 - HEADER;
/** What a list takes from TLSF at a time. */
const CHUNK: usize = 4096;
/** Low bits of a size word are TLSF's own. */
const TAGS: usize = 3;

const LISTS: usize = 33;
/** One head for each size in grains; a free block's first word is the next one. */
const heads: usize = memory.data(<i32>LISTS * 4, 16);

/** Bytes asked for since boot: what decides when garbage is collected. Wraps. */
let asked: usize = 0;
/** Bytes of the blocks that are handed out. */
let used: usize = 0;

export function bytesAsked(): usize {
  return asked;
}

export function bytesUsed(): usize {
  return used;
}

export function objectAlloc(size: usize): usize {
  asked += size;
  const p = size > MAX_SMALL ? tlsfAlloc(size) : take((size + HEADER + GRAIN - 1) >> GRAIN_SHIFT);
  used += load<usize>(p - HEADER) & ~TAGS;
  return p;
}

function take(grains: usize): usize {
  const head = heads + grains * 4;
  let p = load<usize>(head);
  if (p == 0) {
    // When frames are short, a larger block that lies idle does as well as a new chunk.
    if (freeFrames() < reserveFrames()) p = takeLarger(grains + 1);
    if (p != 0) return p;
    p = refill(grains << GRAIN_SHIFT);
  }
  store<usize>(head, load<usize>(p));
  return p;
}

/** The first idle block of at least `grains`, or 0. */
function takeLarger(grains: usize): usize {
  for (let head = heads + grains * 4; head < heads + LISTS * 4; head += 4) {
    const p = load<usize>(head);
    if (p == 0) continue;
    store<usize>(head, load<usize>(p));
    return p;
  }
  return 0;
}

export function objectFree(p: usize): void {
  // Static objects are nobody's block.
  if (p < __heap_base) return;
  const size = load<usize>(p - HEADER) & ~TAGS;
  used -= size;
  if (size > MAX_SMALL) return tlsfFree(p);
  const head = heads + ((size + HEADER) >> GRAIN_SHIFT) * 4;
  store<usize>(p, load<usize>(head));
  store<usize>(head, p);
}

export function objectRealloc(p: usize, size: usize): usize {
  const old = load<usize>(p - HEADER) & ~TAGS;
  if (p >= __heap_base && old > MAX_SMALL && size > MAX_SMALL) {
    const moved = tlsfRealloc(p, size);
    used += (load<usize>(moved - HEADER) & ~TAGS) - old;
    return moved;
  }
  if (size <= old) return p;
  const grown = objectAlloc(size);
  memory.copy(grown, p, old);
  objectFree(p);
  return grown;
}

/** Cuts a chunk into blocks of `stride` bytes, links them, and returns the first. */
function refill(stride: usize): usize {
  const first = tlsfAlloc(CHUNK) + GRAIN;
  const end = first - GRAIN + CHUNK;
  let p = first;
  for (;;) {
    store<usize>(p - HEADER, stride - HEADER);
    const next = p + stride;
    if (next + stride - HEADER > end) break;
    store<usize>(p, next);
    p = next;
  }
  store<usize>(p, 0);
  return first;
}
