/**
 * Physical memory protection (privileged specification, "PMP"), with QEMU 7.2's reading of it: 16 entries, and no rule
 * at all while every entry is off. The first entry that matches any byte decides, and must match all of them.
 */
import { PMP_ACTIVE, PMPADDR, PMPCFG } from '../layout';
import { cell, EXECUTE, PRIV_M, READ, setWord, word } from './state';

const ENTRIES: i32 = 16;
const LOCKED: u8 = 0x80;
/** Address matching, bits 4…3. */
const OFF: u8 = 0;
const TOR: u8 = 1;
const NA4: u8 = 2;

function matching(index: i32): u8 {
  return (load<u8>(PMPCFG + index) >> 3) & 3;
}

/** After a write to a configuration register. */
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
