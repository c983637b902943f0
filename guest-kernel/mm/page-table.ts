/**
 * Sv39 page tables (privileged architecture, "Sv39"). A table is one frame; entries are read and written through
 * intrinsics, because the page walker reads them behind the compiler's back.
 */
import { va as kva } from "../hal/mmio";
import { ld64, st64 } from "../hal/rv";
import { PAGE_SHIFT, PAGE_SIZE, allocFrame, putFrame } from "./frames";

export const PTE_V: u64 = 1;
export const PTE_R: u64 = 2;
export const PTE_W: u64 = 4;
export const PTE_X: u64 = 8;
export const PTE_U: u64 = 16;
export const PTE_G: u64 = 32;
export const PTE_A: u64 = 64;
export const PTE_D: u64 = 128;

const PPN_SHIFT: u64 = 10;
const LEVEL_BITS: u64 = 9;
const ENTRIES: u64 = 512;
/** Entries of a root table that belong to user space: the low half. */
const USER_ROOT_ENTRIES: u64 = 256;
export const LARGE_PAGE: u64 = 2 << 20;

export function readPte(pte: usize): u64 {
  return ld64(kva(pte));
}

export function writePte(pte: usize, v: u64): void {
  st64(kva(pte), v);
}

/** The kernel pointer of the RAM frame that a leaf or table entry names. */
export function frameOf(entry: u64): usize {
  return <usize>(((entry >> PPN_SHIFT) << PAGE_SHIFT) & 0xffff_f000);
}

export function entryFor(pa: u64, flags: u64): u64 {
  return ((pa >> PAGE_SHIFT) << PPN_SHIFT) | flags;
}

function isLeaf(entry: u64): bool {
  return (entry & (PTE_R | PTE_W | PTE_X)) != 0;
}

function slot(table: usize, va: u64, level: u64): usize {
  const index = (va >> (PAGE_SHIFT + LEVEL_BITS * level)) & (ENTRIES - 1);
  return table + <usize>index * 8;
}

/** Address of the entry for `va` at `level` (0: a 4 KiB page), or 0: a table on the way is missing and cannot be made. */
export function walkTo(root: usize, va: u64, level: u64, create: bool): usize {
  let table = root;
  for (let l: u64 = 2; l > level; l--) {
    const pte = slot(table, va, l);
    let e = readPte(pte);
    if ((e & PTE_V) == 0) {
      if (!create) return 0;
      const next = allocFrame();
      if (next == 0) return 0;
      e = entryFor(next, PTE_V);
      writePte(pte, e);
    } else if (isLeaf(e)) return 0;
    table = frameOf(e);
  }
  return slot(table, va, level);
}

/** Address of the leaf entry of the page at `va`, or 0. */
export function walk(root: usize, va: u64, create: bool): usize {
  return walkTo(root, va, 0, create);
}

/** The first address > `va` whose entry may exist, given that walk(va) found no table: skips what is not mapped. */
function skipMissing(root: usize, va: u64): u64 {
  const level: u64 = (readPte(slot(root, va, 2)) & PTE_V) == 0 ? 2 : 1;
  const span = (<u64>PAGE_SIZE) << (LEVEL_BITS * level);
  return (va & ~(span - 1)) + span;
}

/** Where nextPresent found a page. */
export let presentAt: u64 = 0;

/** The entry of the first present page in [va, end), or 0; its address is in `presentAt`. */
export function nextPresent(root: usize, va: u64, end: u64): usize {
  while (va < end) {
    let pte = walk(root, va, false);
    if (pte == 0) {
      va = skipMissing(root, va);
      continue;
    }
    const stop = min(end, (va | (LARGE_PAGE - 1)) + 1);
    for (; va < stop; va += PAGE_SIZE, pte += 8) {
      if ((readPte(pte) & PTE_V) == 0) continue;
      presentAt = va;
      return pte;
    }
  }
  return 0;
}

/** A root table whose upper half is `kernelRoot`'s, or 0. */
export function newRoot(kernelRoot: usize): usize {
  const root = allocFrame();
  if (root != 0 && kernelRoot != 0) memory.copy(root + PAGE_SIZE / 2, kernelRoot + PAGE_SIZE / 2, PAGE_SIZE / 2);
  return root;
}

/** Frees the tables of the user half and the root. The leaves have been cleared. */
export function freeRoot(root: usize): void {
  for (let i: u64 = 0; i < USER_ROOT_ENTRIES; i++) {
    const e = readPte(root + <usize>i * 8);
    if ((e & PTE_V) == 0) continue;
    const middle = frameOf(e);
    for (let k: u64 = 0; k < ENTRIES; k++) {
      const m = readPte(middle + <usize>k * 8);
      if ((m & PTE_V) != 0) putFrame(frameOf(m));
    }
    putFrame(middle);
  }
  putFrame(root);
}
