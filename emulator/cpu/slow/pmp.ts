/**
 * Physical memory protection (privileged specification, "PMP"): 16 entries of a granularity of 4 bytes. The first entry
 * that matches any byte decides, and must match all of them; without one, M-mode may do everything and others nothing.
 */
import { FEATURE_PMP, PMP_ACTIVE, PMPADDR, PMPCFG } from '../layout';
import { cell, EXECUTE, has, PRIV_M, READ, setCell, setWord, word } from './state';
import { flushTlb } from './tlb';

const ENTRIES: i32 = 16;
const LOCKED: u8 = 0x80;
/** Address matching, bits 4…3. */
const OFF: u8 = 0;
const TOR: u8 = 1;
const NA4: u8 = 2;
const NAPOT: u8 = 3;
const RWX: u8 = 7;
const ADDRESS_BITS: u64 = (1 << 54) - 1;
/** As a NAPOT address: all 56 bits of the physical address space. */
const EVERYTHING: u64 = (1 << 53) - 1;

function matching(index: i32): u8 {
  return (load<u8>(PMPCFG + index) >> 3) & 3;
}

/** Is any entry on? */
export function hasPmpRules(): bool {
  for (let i = 0; i < ENTRIES; i++) if (matching(i) != OFF) return true;
  return false;
}

/** After a change: when the first entry that is on lets everybody do everything, nothing has to be asked. */
export function updatePmp(): void {
  let first = 0;
  while (first < ENTRIES && matching(first) == OFF) first++;
  const isOpen =
    first < ENTRIES &&
    matching(first) == NAPOT &&
    (load<u8>(PMPCFG + first) & RWX) == RWX &&
    (cell(PMPADDR + 8 * first) & EVERYTHING) == EVERYTHING;
  setWord(PMP_ACTIVE, isOpen || !has(FEATURE_PMP) ? 0 : 1);
}

export function isPmpActive(): bool {
  return word(PMP_ACTIVE) != 0;
}

/** May `priv` do this to all of [pa, pa + bytes)? */
export function pmpAllows(pa: u64, bytes: u64, access: i32, priv: u64): bool {
  const last = pa + bytes - 1;
  for (let i = 0; i < ENTRIES; i++) {
    const kind = matching(i);
    if (kind == OFF) continue;
    const address = cell(PMPADDR + 8 * i);
    let first = address << 2;
    let end = first + 3;
    if (kind == TOR) {
      first = i == 0 ? 0 : cell(PMPADDR + 8 * (i - 1)) << 2;
      end = (address << 2) - 1;
      if (first > end || address == 0) continue;
    } else if (kind != NA4) {
      // NAPOT: n trailing ones mean 2^(n + 3) bytes.
      const span = ((address ^ (address + 1)) << 2) | 3;
      first = (address << 2) & ~span;
      end = first | span;
    }
    if (last < first || pa > end) continue;
    if (pa < first || last > end) return false;
    const config = load<u8>(PMPCFG + i);
    if (priv == PRIV_M && (config & LOCKED) == 0) return true;
    return (config & (access == READ ? 1 : access == EXECUTE ? 4 : 2)) != 0;
  }
  return priv == PRIV_M;
}

/** Eight entries' configuration; locked ones stay. */
export function writePmpConfig(first: i32, value: u64): void {
  for (let i = 0; i < 8; i++) {
    const at: usize = PMPCFG + first + i;
    if ((load<u8>(at) & LOCKED) == 0) store<u8>(at, <u8>((value >> (8 * i)) & 0x9f));
  }
  updatePmp();
  flushTlb();
}

/** A locked entry's address stays, and so does the one below it that a locked top-of-range entry starts from. */
export function writePmpAddress(index: i32, value: u64): void {
  const config = load<u8>(PMPCFG + index);
  const next: u8 = index < ENTRIES - 1 ? load<u8>(PMPCFG + index + 1) : 0;
  const isStartOfLocked = (next & LOCKED) != 0 && ((next >> 3) & 3) == TOR;
  if ((config & LOCKED) != 0 || isStartOfLocked) return;
  setCell(PMPADDR + 8 * index, value & ADDRESS_BITS);
  updatePmp();
  flushTlb();
}
