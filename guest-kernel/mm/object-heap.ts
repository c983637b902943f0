/**
 * The allocator below the collector: slabs for small objects, AssemblyScript's TLSF for the rest.
 *
 * Nearly every kernel object is small and dies young: TLSF spends several hundred instructions on splitting and joining
 * blocks where `slabs.ts` spends a few. `asc --use` puts these three in the place of the runtime's `__alloc`,
 * `__realloc` and `__free` (tools/build.mjs).
 *
 * A block is as the collector knows it: a word with its usable size, then the bytes, which begin at a multiple of 16.
 */
import { HEADER, MAX_SMALL, giveSmall, takeSmall } from "./slabs";
import { __alloc as tlsfAlloc, __free as tlsfFree, __realloc as tlsfRealloc } from "rt/tlsf";

/** Low bits of a size word are TLSF's own. */
const TAGS: usize = 3;

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
  const p = size > MAX_SMALL ? tlsfAlloc(size) : takeSmall(size);
  used += load<usize>(p - HEADER) & ~TAGS;
  return p;
}

export function objectFree(p: usize): void {
  // Static objects are nobody's block.
  if (p < __heap_base) return;
  const size = load<usize>(p - HEADER) & ~TAGS;
  used -= size;
  if (size > MAX_SMALL) return tlsfFree(p);
  giveSmall(p, size);
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
