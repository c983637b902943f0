/** Bookkeeping of guest RAM, and of the ROM behind it: the dirty map, and the decoded form of its pages. */
import {
  CFG_CODE,
  CFG_DECODED,
  CFG_DECODED_HEADER,
  CFG_DECODED_PAGE_BYTES,
  CFG_DECODED_PAGES,
  CFG_DIRTY,
  CFG_RAM_BASE,
  CFG_RAM_SIZE,
  DECODED_OWNER,
  HANDLER_PAGE_END,
  NEXT_DECODED,
  ROM_BASE,
} from '../layout';
import { cell, setWord, word } from './state';
import { flushExecOfAll, protectPage } from './tlb';

const OPS_BYTES: usize = 2048 * 16;

/** How far behind the start of RAM an address of RAM or ROM is, with ROM behind RAM. */
export function memoryOffset(pa: u64): u64 {
  const at = pa - cell(CFG_RAM_BASE);
  const size = cell(CFG_RAM_SIZE);
  return at < size ? at : size + (pa - cell(ROM_BASE));
}

/** The other way round. */
export function addressOfPage(page: usize): u64 {
  const at = (<u64>page) << 12;
  const size = cell(CFG_RAM_SIZE);
  return at < size ? cell(CFG_RAM_BASE) + at : cell(ROM_BASE) + (at - size);
}

export function pageOf(pa: u64): usize {
  return <usize>(memoryOffset(pa) >> 12);
}

/** After a store to RAM at `pa`: its page is dirty, and its decoded code is stale. */
export function markWritten(pa: u64): void {
  const page = pageOf(pa);
  store<u8>(<usize>word(CFG_DIRTY) + page, 1);
  if (hasCode(page)) dropCode(page);
}

export function hasCode(page: usize): bool {
  return load<u16>(<usize>word(CFG_CODE) + 2 * page) != 0;
}

/** Its decoded page is the next to be handed out, so that code that rewrites itself does not displace other code. */
function dropCode(page: usize): void {
  const code = <usize>word(CFG_CODE) + 2 * page;
  setWord(NEXT_DECODED, <i32>load<u16>(code) - 1);
  store<u16>(code, 0);
  flushExecOfAll();
}

/** The decoded page of RAM page `page`, fresh (all ops undecoded) when it had none. */
export function decodedPage(page: usize): usize {
  const code = <usize>word(CFG_CODE) + 2 * page;
  const known = <i32>load<u16>(code);
  if (known != 0) return addressOf(known - 1);
  const index = word(NEXT_DECODED);
  setWord(NEXT_DECODED, (index + 1) % word(CFG_DECODED_PAGES));
  const decoded = addressOf(index);
  const header = decoded - <usize>word(CFG_DECODED_HEADER);
  // Fresh memory is a valid decoded page: what nobody has used yet is not touched.
  if (load<u32>(header, DECODED_OWNER) != 0) {
    evict(header, index);
    memory.fill(decoded, 0, OPS_BYTES);
  }
  store<u32>(header, <u32>page + 1, DECODED_OWNER);
  store<u16>(code, <u16>(index + 1));
  // Two of them: an instruction that straddles the end continues behind the first one.
  store<u16>(decoded + OPS_BYTES, HANDLER_PAGE_END);
  store<u16>(decoded + OPS_BYTES + 16, HANDLER_PAGE_END);
  protectPage(page);
  return decoded;
}

function evict(header: usize, index: i32): void {
  const owner = <usize>load<u32>(header, DECODED_OWNER);
  const code = <usize>word(CFG_CODE) + 2 * (owner - 1);
  if (<i32>load<u16>(code) == index + 1) store<u16>(code, 0);
  flushExecOfAll();
}

/** The first op of decoded page `index`. */
function addressOf(index: i32): usize {
  return (
    <usize>word(CFG_DECODED) + <usize>index * <usize>word(CFG_DECODED_PAGE_BYTES) + <usize>word(CFG_DECODED_HEADER)
  );
}
