/**
 * Physical page frames: a free stack and a reference count for each. Works on any span of linear memory, so the kernel
 * gives it the RAM above its image and a test in Node gives it an arena.
 *
 * A frame is named by its kernel pointer (4 KiB aligned). Whoever holds a frame has counted it with `getFrame` or got it
 * from `allocFrame`; the collector knows nothing of frames.
 */

export const PAGE_SIZE: usize = 4096;
export const PAGE_SHIFT: usize = 12;

let base: usize = 0;
let total: u32 = 0;
let free: u32 = 0;
/** Address of u16 counts, one a frame. */
let counts: usize = 0;
/** Address of u32 frame numbers: a stack of the free ones. */
let stack: usize = 0;

/** Takes over [start, end): the counts and the stack live at its beginning. */
export function framesInit(start: usize, end: usize): void {
  const first = (start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
  const pages = (end - first) >> PAGE_SHIFT;
  const tables = (pages * 6 + PAGE_SIZE - 1) >> PAGE_SHIFT;
  stack = first;
  counts = first + pages * 4;
  base = first + (tables << PAGE_SHIFT);
  total = <u32>(pages - tables);
  memory.fill(counts, 0, <usize>total * 2);
  // Highest number first, so that the lowest frames are handed out first and a young machine dirties few pages.
  for (let i: u32 = 0; i < total; i++) store<u32>(stack + <usize>i * 4, total - 1 - i);
  free = total;
}

function indexOf(frame: usize): u32 {
  const i = <u32>((frame - base) >> PAGE_SHIFT);
  assert(frame >= base && i < total && (frame & (PAGE_SIZE - 1)) == 0, "not a frame");
  return i;
}

/** Gives cached frames back when none is free; true if it freed any. The page cache sets it. */
let reclaim: () => bool = (): bool => false;

export function setReclaim(fn: () => bool): void {
  reclaim = fn;
}

/** Frames that only the kernel's heap and tables may take, so that a storm of allocations leaves it able to work. */
let reserve: u32 = 0;

export function setReserve(frames: u32): void {
  reserve = frames;
}

export function reserveFrames(): u32 {
  return reserve;
}

/** A frame with one reference and undefined content, or 0 when there is none. */
export function allocFrameRaw(): usize {
  while (free <= reserve) if (!reclaim()) return 0;
  return takeFrame();
}

function takeFrame(): usize {
  free--;
  const i = load<u32>(stack + <usize>free * 4);
  store<u16>(counts + <usize>i * 2, 1);
  return base + ((<usize>i) << PAGE_SHIFT);
}

/** A zeroed frame with one reference, or 0 when there is none. */
export function allocFrame(): usize {
  const f = allocFrameRaw();
  if (f != 0) memory.fill(f, 0, PAGE_SIZE);
  return f;
}

/** One more reference. At 65,535 the count sticks: such a frame is never freed. */
export function getFrame(frame: usize): void {
  const at = counts + <usize>indexOf(frame) * 2;
  const n = load<u16>(at);
  assert(n > 0, "reference to a free frame");
  if (n != 0xffff) store<u16>(at, n + 1);
}

/** One reference less; the last one frees the frame. */
export function putFrame(frame: usize): void {
  const i = indexOf(frame);
  const at = counts + <usize>i * 2;
  const n = load<u16>(at);
  assert(n > 0, "frame freed twice");
  if (n == 0xffff) return;
  store<u16>(at, n - 1);
  if (n > 1) return;
  store<u32>(stack + <usize>free * 4, i);
  free++;
}

export function frameRefs(frame: usize): u32 {
  return load<u16>(counts + <usize>indexOf(frame) * 2);
}

export function freeFrames(): u32 {
  return free;
}

export function totalFrames(): u32 {
  return total;
}
