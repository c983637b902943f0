/**
 * The debugger's watchpoints: ranges of virtual addresses. A page with one never enters the data TLBs, so that every access
 * to it comes by the slow path, which asks here first. A hit ends the run in front of the instruction, as gdb expects of RISC-V.
 */
import {
  EXIT,
  NEXT_PC,
  PC,
  TRAPPED,
  WATCH_ACCESS,
  WATCH_BYTES,
  WATCH_COUNT,
  WATCH_HIT,
  WATCH_LAST,
  WATCH_PASS,
  WATCHES,
} from '../layout';
import { cell, raiseEvent, setCell, setWord, word } from './state';

/** ExitReason.Watchpoint + 1 */
const EXIT_WATCHPOINT: i32 = 6;
/** Bits of WATCH_ACCESS. */
export const ON_READ: i32 = 1;
export const ON_WRITE: i32 = 2;

export function hasWatchpoints(): bool {
  return word(WATCH_COUNT) != 0;
}

export function isPageWatched(va: u64): bool {
  const page = va & ~(<u64>0xfff);
  return find(page, page + 0xfff, 3) != 0;
}

/** Before an access: whether a watchpoint stops in front of the instruction, which then does nothing. */
export function stopsFor(va: u64, width: i32, accesses: i32): bool {
  if (word(WATCH_COUNT) == 0 || word(WATCH_PASS) != 0) return false;
  const hit = find(va, va + <u64>(width - 1), accesses);
  if (hit == 0) return false;
  const isWrite = word(WATCHES + (hit - 1) * WATCH_BYTES + WATCH_ACCESS) & accesses & ON_WRITE;
  setWord(WATCH_HIT, hit | (isWrite << 15));
  setWord(EXIT, EXIT_WATCHPOINT);
  setCell(NEXT_PC, cell(PC));
  setWord(TRAPPED, 1);
  raiseEvent();
  return true;
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
