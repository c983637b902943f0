/**
 * The heap of managed objects. Small ones live in single frames (slabs.ts), which come and go; for the large ones the
 * compiler's memory.size and memory.grow come here: at first the megabyte after the image; once there are frames it grows
 * in a window of virtual addresses of its own, so that it never competes with the page frames for contiguous memory.
 * The window never shrinks.
 */
import { sfence_vma, symAddr_heap_base } from "../hal/rv";
import { PAGE_SIZE, allocFrameRaw, freeFrames, putFrame, reserveFrames, setReserve } from "./frames";
import { PTE_A, PTE_D, PTE_G, PTE_R, PTE_V, PTE_W, entryFor, frameOf, readPte, walk, writePte } from "./page-table";
import { va as kva } from "../hal/mmio";
import { bytesUsed } from "./object-heap";
import { slabFrames } from "./slabs";

const WASM_PAGE: usize = 0x1_0000;
export const BOOT_HEAP: usize = 0x10_0000;
/** Between the UART's corner and the PCIe window of the MMIO gigapage: nothing else is there. */
const WINDOW_START: usize = 0xd100_0000;
const WINDOW_END: usize = 0xf000_0000;
/** At least so much at a time. */
const STEP: usize = 0x4_0000;
/** What must be left of the window for the calls that are under way. */
const LAST_BYTES: usize = 0x80_0000;

/** One past the last mapped byte of the window; 0 before heapInit. */
let end: usize = 0;
let root: usize = 0;

/** End of the heap that boot starts with; frames begin here. */
export function bootHeapEnd(): usize {
  return (symAddr_heap_base() + WASM_PAGE - 1 + BOOT_HEAP) & ~(WASM_PAGE - 1);
}

/** From now on the heap grows in its window, mapped in `kernelRoot`. */
export function heapInit(kernelRoot: usize): void {
  root = kernelRoot;
  end = WINDOW_START;
}

/** memory.size */
export function memorySize(): i32 {
  return <i32>((end == 0 ? bootHeapEnd() : end) / WASM_PAGE);
}

/** memory.grow: the size before, or -1. The allocator asks for a doubling first, which the window's size refuses. */
export function memoryGrow(pages: i32): i32 {
  const want = max(<u64>(<u32>pages) * WASM_PAGE, <u64>STEP);
  if (end == 0 || want > <u64>(WINDOW_END - end)) return -1;
  const before = memorySize();
  const to = end + <usize>want;
  // The window's page tables come out of the reserve, too.
  const reserve = reserveFrames();
  setReserve(0);
  const ok = mapWindow(end, to);
  setReserve(reserve);
  if (!ok) return -1;
  sfence_vma();
  end = to;
  return before;
}

/** Maps a frame at each page of [from, to), or nothing at all. */
function mapWindow(from: usize, to: usize): bool {
  for (let at = from; at < to; at += PAGE_SIZE) {
    const pte = walk(root, kva(at), true);
    const frame: usize = pte == 0 ? 0 : allocFrameRaw();
    if (frame == 0) {
      unmapWindow(from, at);
      return false;
    }
    writePte(pte, entryFor(frame, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G));
  }
  return true;
}

function unmapWindow(from: usize, to: usize): void {
  for (let at = from; at < to; at += PAGE_SIZE) {
    const pte = walk(root, kva(at), false);
    putFrame(frameOf(readPte(pte)));
    writePte(pte, 0);
  }
}

function windowBytes(): usize {
  return end == 0 ? 0 : end - WINDOW_START;
}

/** Bytes that the allocator has to hand out, or has handed out. */
export function heapBytes(): usize {
  return BOOT_HEAP + windowBytes() + <usize>slabFrames() * PAGE_SIZE;
}

/** Frames that the heap has taken: the slabs, and the window with its page tables (one for each 2 MiB) for good. */
export function heapFrames(): u32 {
  const pages = <u32>(windowBytes() / PAGE_SIZE);
  return slabFrames() + pages + (pages + 511) / 512;
}

/**
 * What creates kernel objects gets -ENOMEM: the heap has eaten half of its reserve, or its window, and is full or nearly
 * so. One that is mostly idle again serves on.
 */
export function heapIsLow(): bool {
  const free = freeFrames();
  const isWindowFull = end > WINDOW_END - LAST_BYTES;
  if (free >= reserveFrames() / 2 && !isWindowFull) return false;
  return free < reserveFrames() / 8 || heapBytes() - bytesUsed() < heapBytes() / 8;
}

/** The heap has begun to eat the frames that nobody else may take. */
export function livesOnReserve(): bool {
  return freeFrames() < reserveFrames();
}
