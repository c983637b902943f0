/** Address translation: Sv39, Sv48, Sv57 (privileged specification, "Supervisor-Level ISA"). A and D are set by us. */
import {
  CFG_RAM,
  CFG_RAM_BASE,
  CFG_RAM_SIZE,
  DATA_PRIV,
  LARGE_PAGES,
  MMU_BARE,
  MMU_USER,
  MSTATUS,
  PRIV,
  ROM_BANK_SHIFT,
  ROM_BASE,
  ROM_OPEN,
  ROM_SIZE,
  SATP,
  TRACE_WALKS,
  WALK_VA,
} from '../layout';
import { isPmpActive, pmpAllows } from './pmp';
import { markWritten, memoryOffset } from './ram';
import {
  cell,
  EXECUTE,
  FETCH_ACCESS,
  FETCH_PAGE,
  LOAD_ACCESS,
  LOAD_PAGE,
  MXR,
  PRIV_S,
  READ,
  STORE_ACCESS,
  STORE_PAGE,
  setCell,
  SUM,
  setWord,
  word,
  WRITE,
} from './state';
import { walked } from './host';
import { trap } from './trap';

const PTE_V: u64 = 1;
const PTE_R: u64 = 2;
const PTE_W: u64 = 4;
const PTE_X: u64 = 8;
const PTE_U: u64 = 16;
const PTE_A: u64 = 64;
const PTE_D: u64 = 128;
/** Bits 63…54: no Svnapot, no Svpbmt, the rest reserved. */
const PTE_RESERVED: u64 = 0xffc0_0000_0000_0000;

/** Not a physical address: the walk failed. */
export const NO_PAGE: u64 = 0xffff_ffff_ffff_f000;
const NO_ACCESS: u64 = 0xffff_ffff_ffff_e000;

export function isRam(pa: u64, bytes: u64): bool {
  const at = pa - cell(CFG_RAM_BASE);
  const size = cell(CFG_RAM_SIZE);
  return at < size && at + bytes <= size;
}

/** In a bank of ROM that is open. */
function isRom(pa: u64, bytes: u64): bool {
  const at = pa - cell(ROM_BASE);
  const size = cell(ROM_SIZE);
  if (at >= size || at + bytes > size) return false;
  return ((word(ROM_OPEN) >> (<i32>(at >> ROM_BANK_SHIFT))) & 1) != 0;
}

/** Loads and fetches go straight there. */
export function isReadable(pa: u64, bytes: u64): bool {
  return isRam(pa, bytes) || isRom(pa, bytes);
}

/** Where an address of RAM or ROM is in the wasm memory. */
export function placeOf(pa: u64): usize {
  return <usize>memoryOffset(pa) + <usize>word(CFG_RAM);
}

/** The physical address of `bytes` at `va`, in one page; or NO_PAGE after trapping (the caller checks `hasTrapped`). */
export function translate(va: u64, bytes: u64, access: i32, context: i32): u64 {
  leafShift = 12;
  const pa = context == MMU_BARE ? va : walk(va, access, context, true);
  if (context != MMU_BARE && word(TRACE_WALKS) != 0) {
    setCell(WALK_VA, va);
    walked(access, pa == NO_PAGE ? -1 : pa == NO_ACCESS ? -2 : <f64>pa, leafShift);
  }
  if (pa == NO_PAGE) {
    trap(access == READ ? LOAD_PAGE : access == WRITE ? STORE_PAGE : FETCH_PAGE, va);
  } else if (pa == NO_ACCESS || !isOpen(pa, bytes, access)) {
    trapAccess(va, access);
    return NO_PAGE;
  }
  return pa;
}

/** Does PMP let the current privilege through? */
export function isOpen(pa: u64, bytes: u64, access: i32): bool {
  return !isPmpActive() || pmpAllows(pa, bytes, access, access == EXECUTE ? cell(PRIV) : cell(DATA_PRIV));
}

/** Size of the page that the last walk ended at, as a power of two. */
let leafShift: i32 = 12;

/** The last translation is going to be held in a TLB: remember if it is part of a larger page. */
export function noteLarge(va: u64): void {
  const half = <i32>(va >> 63);
  if (leafShift > 12) setWord(LARGE_PAGES, word(LARGE_PAGES) | (1 << half));
}

/** Nothing answers at the physical address, or something says no. */
export function trapAccess(va: u64, access: i32): void {
  trap(access == READ ? LOAD_ACCESS : access == WRITE ? STORE_ACCESS : FETCH_ACCESS, va);
}

/** `update` sets A and D; without it nothing changes (the debugger's look). */
export function walk(va: u64, access: i32, context: i32, update: bool): u64 {
  const satp = cell(SATP);
  const levels = <i32>(satp >> 60) - 5; // 8 is Sv39, 9 Sv48, 10 Sv57
  const unused = 64 - (12 + 9 * levels);
  if (<u64>(((<i64>va) << unused) >> unused) != va) return NO_PAGE;
  let table = (satp & 0xfff_ffff_ffff) << 12;
  for (let level = levels - 1; level >= 0; level--) {
    const shift = 12 + 9 * level;
    const pteAt = table + (((va >> shift) & 511) << 3);
    if (!isRam(pteAt, 8) || (isPmpActive() && !pmpAllows(pteAt, 8, READ, PRIV_S))) return NO_ACCESS;
    const pte = load<u64>(placeOf(pteAt));
    if ((pte & PTE_V) == 0 || (pte & PTE_RESERVED) != 0) return NO_PAGE;
    const frame = (pte << 2) & ~(<u64>0xfff);
    if ((pte & (PTE_R | PTE_W | PTE_X)) == 0) {
      if ((pte & (PTE_D | PTE_A | PTE_U)) != 0) return NO_PAGE;
      table = frame;
      continue;
    }
    const inside = ((<u64>1) << shift) - 1;
    if ((frame & inside) != 0 || !isAllowed(pte, access, context)) return NO_PAGE;
    leafShift = shift;
    const marks = access == WRITE ? PTE_A | PTE_D : PTE_A;
    if (update && (pte & marks) != marks) {
      store<u64>(placeOf(pteAt), pte | marks);
      markWritten(pteAt);
    }
    return frame | (va & inside);
  }
  return NO_PAGE;
}

function isAllowed(pte: u64, access: i32, context: i32): bool {
  if ((pte & (PTE_R | PTE_W)) == PTE_W) return false; // reserved
  const status = cell(MSTATUS);
  if (context == MMU_USER) {
    if ((pte & PTE_U) == 0) return false;
  } else if ((pte & PTE_U) != 0 && (access == EXECUTE || (status & SUM) == 0)) {
    return false;
  }
  if (access == WRITE) return (pte & PTE_W) != 0;
  if (access == EXECUTE) return (pte & PTE_X) != 0;
  return (pte & PTE_R) != 0 || ((status & MXR) != 0 && (pte & PTE_X) != 0);
}

/** For the debugger: the address as the current privilege would reach it, or -1. */
export function probe(va: u64, access: i32, context: i32): f64 {
  if (context == MMU_BARE) return <f64>va;
  const pa = walk(va, access, context, false);
  return pa >= NO_ACCESS ? -1 : <f64>pa;
}
