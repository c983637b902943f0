/**
 * The data TLBs and exec TLBs. A data entry is vpage ^ hostpage: one xor with an address gives the place in
 * the wasm memory, or, on a miss, a value with bits set above `addressBits - 1`. An empty entry therefore holds an xor
 * that sets bit `addressBits` whatever the address: that is why the tables have one index bit more than places need. That
 * bit of the address says which half of the table its entry is in; where it is set, 0 leaves it set, so that this half is
 * empty in fresh memory, and is not touched before it is used.
 * Every filled entry is listed, so that a flush costs what was filled.
 */
import {
  CFG_ADDRESS_BITS,
  CFG_DATA_TLB,
  CFG_EXEC_TLB,
  CFG_EXEC_TLB_ENTRIES,
  CFG_RAM,
  CFG_TLB_BYTES,
  CFG_TLB_LIST,
  CFG_TLB_LIST_ENTRIES,
  HART_STRIDE,
  HARTS,
  LARGE_PAGES,
  MMU_BARE,
  PARKED_STATE,
  RUNNING_HART,
  TLB_FILLED,
  TLB_READY,
} from '../layout';
import { raiseEvent, setWord, word } from './state';

/** Exec TLB entries: a tag (virtual page | 1, so that fresh memory is empty) and the decoded page. */
const EXEC_ENTRY: usize = 16;
const EXEC_DECODED: usize = 8;
const CONTEXTS: i32 = 4;

/** Byte offset of the entry of `va` inside a table. */
function indexOf(va: u64): usize {
  return (<usize>(va >> 9)) & ((<usize>word(CFG_TLB_BYTES) - 1) & ~7);
}

/** An entry at byte offset `index` that no address hits. */
function emptyEntry(index: usize): u64 {
  return index < (<usize>word(CFG_TLB_BYTES)) >> 1 ? ~(<u64>0) : 0;
}

/** Both tables of a context, on its first use. */
export function initTlb(context: i32): void {
  const bytes = <usize>word(CFG_TLB_BYTES);
  const read = <usize>word(CFG_DATA_TLB) + <usize>context * 2 * bytes;
  memory.fill(read, 0xff, bytes >> 1);
  memory.fill(read + bytes, 0xff, bytes >> 1);
  setWord(TLB_READY, word(TLB_READY) | (1 << context));
}

/** Enters the page of `va` into one table; `place` is the page's address in the wasm memory. */
export function fillData(table: usize, va: u64, place: usize): void {
  if (word(TLB_FILLED) == word(CFG_TLB_LIST_ENTRIES)) flushData();
  const entry = table + indexOf(va);
  store<u64>(entry, (va & ~(<u64>0xfff)) ^ (<u64>place));
  const filled = word(TLB_FILLED);
  store<u32>(word(CFG_TLB_LIST) + 4 * filled, <u32>entry);
  setWord(TLB_FILLED, filled + 1);
}

/** Where `va` is in the wasm memory as far as the table knows, else 0. */
export function findData(table: usize, va: u64): usize {
  const place = va ^ load<u64>(table + indexOf(va));
  return place >> word(CFG_ADDRESS_BITS) == 0 ? <usize>place : 0;
}

/** Byte offset inside its table of a listed entry; `tables` is where its hart's data TLBs begin. */
function indexOfEntry(entry: usize, tables: usize): usize {
  return (entry - tables) & (<usize>word(CFG_TLB_BYTES) - 1);
}

export function flushData(): void {
  const tables = <usize>word(CFG_DATA_TLB);
  const list = <usize>word(CFG_TLB_LIST);
  const end = list + 4 * <usize>word(TLB_FILLED);
  for (let at = list; at < end; at += 4) {
    const entry = <usize>load<u32>(at);
    store<u64>(entry, emptyEntry(indexOfEntry(entry, tables)));
  }
  setWord(TLB_FILLED, 0);
}

/** How far the region of a hart is from the running one's. */
function distanceTo(hart: i32): usize {
  return <usize>((hart - word(RUNNING_HART)) * word(HART_STRIDE));
}

/** Stores into RAM page `page` must take the slow path again on every hart, because it holds decoded code now. */
export function protectPage(page: usize): void {
  const running = word(RUNNING_HART);
  for (let hart = 0; hart < word(HARTS); hart++) {
    const filled = hart == running ? TLB_FILLED : <usize>(hart * word(HART_STRIDE)) + PARKED_STATE + TLB_FILLED;
    protectPageFrom(distanceTo(hart), word(filled), page);
  }
}

function protectPageFrom(distance: usize, filled: i32, page: usize): void {
  const bytes = <usize>word(CFG_TLB_BYTES);
  const place = <usize>word(CFG_RAM) + (page << 12);
  const mask = (((<u64>1) << word(CFG_ADDRESS_BITS)) - 1) & ~(<u64>0xfff);
  const tables = <usize>word(CFG_DATA_TLB) + distance;
  const list = <usize>word(CFG_TLB_LIST) + distance;
  const end = list + 4 * <usize>filled;
  for (let at = list; at < end; at += 4) {
    const entry = <usize>load<u32>(at);
    const index = indexOfEntry(entry, tables);
    const isWriteTable = ((entry - tables) & bytes) != 0;
    if (isWriteTable && ((load<u64>(entry) ^ ((<u64>index) << 9)) & mask) == <u64>place) {
      store<u64>(entry, emptyEntry(index));
    }
  }
}

/** Where the exec TLB of a context is. */
export function execTable(context: i32): usize {
  return <usize>word(CFG_EXEC_TLB) + <usize>(context * word(CFG_EXEC_TLB_ENTRIES)) * EXEC_ENTRY;
}

function execEntry(context: i32, va: u64): usize {
  const index = (<i32>(va >> 12)) & (word(CFG_EXEC_TLB_ENTRIES) - 1);
  return execTable(context) + <usize>index * EXEC_ENTRY;
}

/** The decoded page that `va` runs from, or 0. */
export function findExec(context: i32, va: u64): usize {
  const entry = execEntry(context, va);
  return load<u64>(entry) == ((va & ~(<u64>0xfff)) | 1) ? <usize>load<u32>(entry, EXEC_DECODED) : 0;
}

export function fillExec(context: i32, va: u64, decoded: usize): void {
  const entry = execEntry(context, va);
  store<u64>(entry, (va & ~(<u64>0xfff)) | 1);
  store<u32>(entry, <u32>decoded, EXEC_DECODED);
}

export function flushExec(): void {
  memory.fill(execTable(0), 0, execTable(CONTEXTS) - execTable(0));
  raiseEvent();
}

/** Decoded code is gone: no hart may find it any more. The others look up their pc when they run next. */
export function flushExecOfAll(): void {
  for (let hart = 0; hart < word(HARTS); hart++) {
    memory.fill(execTable(0) + distanceTo(hart), 0, execTable(CONTEXTS) - execTable(0));
  }
  raiseEvent();
}

/** sfence.vma, a new satp, a new MXR: every translation may have changed. */
export function flushTlb(): void {
  setWord(LARGE_PAGES, 0);
  flushData();
  flushExec();
}

/**
 * sfence.vma with an address. A larger page is held in pieces of 4 KiB whose number is not known: then everything goes.
 * Entries of other pages that share the places are lost too, which costs a refill.
 */
export function flushPage(va: u64): void {
  const half = <i32>(va >> 63);
  if ((word(LARGE_PAGES) & (1 << half)) != 0) {
    flushTlb();
    return;
  }
  const bytes = <usize>word(CFG_TLB_BYTES);
  const index = indexOf(va);
  const empty = emptyEntry(index);
  for (let context = 0; context < MMU_BARE; context++) {
    const read = <usize>word(CFG_DATA_TLB) + <usize>context * 2 * bytes + index;
    if ((word(TLB_READY) & (1 << context)) != 0) {
      store<u64>(read, empty);
      store<u64>(read + bytes, empty);
    }
    store<u64>(execEntry(context, va), 0);
  }
  raiseEvent();
}
