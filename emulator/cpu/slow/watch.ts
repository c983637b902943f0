/**
 * The debugger's watchpoints: ranges of virtual addresses. A page with one never enters the data TLBs, so that every access
 * to it comes by the slow path, which asks here afterwards. The first hit ends the run behind the instruction in progress.
 */
import { EXIT, WATCH_ACCESS, WATCH_BYTES, WATCH_COUNT, WATCH_HIT, WATCH_LAST, WATCHES } from '../layout';
import { cell, hasTrapped, raiseEvent, setWord, word } from './state';

/** ExitReason.Watchpoint + 1 */
const EXIT_WATCHPOINT: i32 = 6;

export function hasWatchpoints(): bool {
  return word(WATCH_COUNT) != 0;
}

export function isPageWatched(va: u64): bool {
  const page = va & ~(<u64>0xfff);
  return find(page, page + 0xfff, 3) != 0;
}

/** After an access of the instruction in progress; one that trapped did not happen. */
export function watch(va: u64, width: i32, access: i32): void {
  if (hasTrapped() || word(WATCH_HIT) != 0) return;
  const hit = find(va, va + <u64>(width - 1), 1 << access);
  if (hit == 0) return;
  setWord(WATCH_HIT, hit | (access << 16));
  setWord(EXIT, EXIT_WATCHPOINT);
  raiseEvent();
}

/** Index + 1 of the first watchpoint that overlaps, or 0. */
function find(first: u64, last: u64, accesses: i32): i32 {
  const count = word(WATCH_COUNT);
  for (let i = 0; i < count; i++) {
    const at = <usize>(WATCHES + i * WATCH_BYTES);
    if (cell(at) <= last && first <= cell(at + WATCH_LAST) && (word(at + WATCH_ACCESS) & accesses) != 0) return i + 1;
  }
  return 0;
}
