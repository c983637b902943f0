/**
 * Small blocks of the object heap: page frames, each cut into blocks of one size, and a list of free blocks for each size.
 * Taking and giving back cost a few instructions. A page knows how many of its blocks are handed out, so those that
 * nobody uses any more can go back to the frame allocator: after a storm of objects, or when frames are short.
 *
 * A page begins with that count, a mark and a link, then its blocks: a word with the usable size, then the bytes, which
 * begin at a multiple of 16. Before there are frames, pages come from TLSF; those stay.
 */
import { PAGE_SIZE, allocFrameRaw, freeFrames, putFrame, reserveFrames, setReserve, totalFrames } from "./frames";
import { __alloc as tlsfAlloc } from "rt/tlsf";

/** The word before a block. */
export const HEADER: usize = 4;
const GRAIN_SHIFT: usize = 4;
const GRAIN: usize = 16;
/** Usable bytes of the largest block here. */
export const MAX_SMALL: usize = 512 - HEADER;
/** One list for each size in grains. */
const LISTS: usize = 33;
/** Where a page's words stand. */
const LIVE: usize = 0;
const MARK: usize = 4;
const LINK: usize = 8;
/** So many pages at a time from TLSF, one of which is lost to alignment. */
const TLSF_PAGES: usize = 8;

/** Heads of the lists; a free block's first word is the next one. */
const heads: usize = memory.data(<i32>LISTS * 4, 16);
/** Frames that are pages of ours. */
let held: u32 = 0;
/** Those of them in which no block is handed out. */
let empty: u32 = 0;
/** Pages from TLSF that are not in use yet. */
let spare: usize = 0;
let spareEnd: usize = 0;

export function slabFrames(): u32 {
  return held;
}

export function emptySlabs(): u32 {
  return empty;
}

function pageOf(p: usize): usize {
  return p & ~(PAGE_SIZE - 1);
}

/** A block of at least `size` bytes, which is at most MAX_SMALL. */
export function takeSmall(size: usize): usize {
  const grains = (size + HEADER + GRAIN - 1) >> GRAIN_SHIFT;
  const head = heads + grains * 4;
  // When frames are short, a larger block that lies idle does as well as a new page.
  if (load<usize>(head) == 0 && freeFrames() < reserveFrames()) {
    const larger = idleLarger(head + 4);
    if (larger != 0) return unlist(larger);
  }
  if (load<usize>(head) == 0) {
    const page = newPage();
    // What made room for it may have filled the list.
    if (page != 0) cut(page, grains << GRAIN_SHIFT, head);
  }
  return unlist(head);
}

/** Takes the first block off a list, which is not empty. */
function unlist(head: usize): usize {
  const p = load<usize>(head);
  store<usize>(head, load<usize>(p));
  const live = load<u32>(pageOf(p), LIVE);
  if (live == 0) empty--;
  store<u32>(pageOf(p), live + 1, LIVE);
  return p;
}

/** The first list from `head` on that has a block, or 0. */
function idleLarger(head: usize): usize {
  for (; head < heads + LISTS * 4; head += 4) if (load<usize>(head) != 0) return head;
  return 0;
}

/** Back comes a block whose usable size is `size`. */
export function giveSmall(p: usize, size: usize): void {
  const head = heads + ((size + HEADER) >> GRAIN_SHIFT) * 4;
  store<usize>(p, load<usize>(head));
  store<usize>(head, p);
  const live = load<u32>(pageOf(p), LIVE) - 1;
  store<u32>(pageOf(p), live, LIVE);
  if (live == 0) empty++;
}

/** A page without blocks: a frame, also out of the reserve, which is there for this. */
function newPage(): usize {
  const reserve = reserveFrames();
  setReserve(0);
  const frame: usize = totalFrames() == 0 ? 0 : allocFrameRaw();
  setReserve(reserve);
  if (frame == 0) return sparePage();
  held++;
  empty++;
  store<u32>(frame, 0, LIVE);
  return frame;
}

/** A page from TLSF, which never looks empty. Ends in TLSF's own panic when there is nothing left at all. */
function sparePage(): usize {
  if (spare == spareEnd) {
    const raw = tlsfAlloc(TLSF_PAGES * PAGE_SIZE);
    spare = pageOf(raw + PAGE_SIZE - 1);
    spareEnd = pageOf(raw + TLSF_PAGES * PAGE_SIZE);
  }
  const page = spare;
  spare += PAGE_SIZE;
  store<u32>(page, 1, LIVE);
  return page;
}

/** Cuts a page into blocks of `stride` bytes and puts them in front of what the list has. */
function cut(page: usize, stride: usize, head: usize): void {
  store<u32>(page, 0, MARK);
  const first = page + GRAIN;
  const end = page + PAGE_SIZE;
  let p = first;
  for (;;) {
    store<usize>(p - HEADER, stride - HEADER);
    const next = p + stride;
    if (next + stride - HEADER > end) break;
    store<usize>(p, next);
    p = next;
  }
  store<usize>(p, load<usize>(head));
  store<usize>(head, first);
}

/** Gives the pages that nobody uses back to the frame allocator; returns how many. Costs what the lists hold. */
export function releaseSlabs(): u32 {
  if (empty == 0) return 0;
  let pages: usize = 0;
  for (let i: usize = 0; i < LISTS; i++) pages = unlistEmpty(heads + i * 4, pages);
  let n: u32 = 0;
  while (pages != 0) {
    const next = load<usize>(pages, LINK);
    putFrame(pages);
    pages = next;
    n++;
  }
  held -= n;
  empty -= n;
  return n;
}

/** Takes the blocks of empty pages off a list; such pages go before `pages`, linked. */
function unlistEmpty(head: usize, pages: usize): usize {
  let last = head;
  for (let p = load<usize>(head); p != 0; p = load<usize>(p)) {
    const page = pageOf(p);
    if (load<u32>(page, LIVE) != 0) {
      // Written only where something was left out: memory that stays as it is stays clean.
      if (load<usize>(last) != p) store<usize>(last, p);
      last = p;
    } else if (load<u32>(page, MARK) == 0) {
      store<u32>(page, 1, MARK);
      store<usize>(page, pages, LINK);
      pages = page;
    }
  }
  if (load<usize>(last) != 0) store<usize>(last, 0);
  return pages;
}
