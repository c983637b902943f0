/** What every program on the bare machine needs around its `kmain`: memory behind the image, traps, the finisher. */
import { st32, symAddr_heap_base } from './rv';

const FINISHER: u64 = 0xffffffffc0100000;
const PASS: u32 = 0x5555;
const FAIL: u32 = 0x3333;
const MAX_GROWTH_PAGES: u32 = 512;

let pages: i32 = 0;

/** All RAM behind the image is mapped: growing is counting. */
export function memorySize(): i32 {
  if (pages == 0) pages = <i32>(symAddr_heap_base() >> 16);
  return pages;
}

export function memoryGrow(more: i32): i32 {
  const before = memorySize();
  if (<u32>more > MAX_GROWTH_PAGES) return -1;
  pages = before + more;
  return before;
}

export function finish(isRight: bool): void {
  st32(FINISHER, isRight ? PASS : FAIL);
}

export function trapUser(frame: usize): usize {
  return frame;
}

export function trapKernel(_frame: usize): void {
  finish(false);
}
