/**
 * Physical memory protection (privileged specification, "PMP"), with QEMU 7.2's reading of it: 16 entries, and no rule
 * at all while every entry is off. The first entry that matches any byte decides, and must match all of them.
 */
import { PMP_ACTIVE, PMPADDR, PMPCFG } from '../layout';
import { cell, EXECUTE, PRIV_M, READ, setCell, setWord, word } from './state';
import { flushTlb } from './tlb';

const ENTRIES: i32 = 16;
const LOCKED: u8 = 0x80;
/** Address matching, bits 4…3. */
const OFF: u8 = 0;
const TOR: u8 = 1;
const NA4: u8 = 2;
const ADDRESS_BITS: u64 = (1 << 54) - 1;

function matching(index: i32): u8 {
  return (load<u8>(PMPCFG + index) >> 3) & 3;
}

/** After a change of the configuration. */
export function updatePmp(): void {
  let isActive = false;
  for (let i = 0; i < ENTRIES; i++) if (matching(i) != OFF) isActive = true;
  setWord(PMP_ACTIVE, isActive ? 1 : 0);
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
  flushTlb();
}
