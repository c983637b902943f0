/**
 * Where everything lives in the one wasm memory that interpreter, slow paths and (later) JIT share:
 *
 *   region of hart 0 | region of hart 1 | … | decoded pages | page tables of the host side | guest RAM | guest ROM
 *   a region: state | parked state | (hart 0: slow-path statics) | TLB fill list | exec TLBs | data TLBs
 *
 * The state of the hart that runs is always at address 0; a hart that does not run has its state parked in its own
 * region (cpu/engine.ts swaps them), while its TLBs stay where they are. Decoded pages are shared by all harts.
 * Guest RAM is 64 KiB aligned, and ROM, where there is any, goes on from it: page numbers count through both. The data
 * TLB is direct-mapped by va[addressBits:12], one bit more than an address inside the wasm memory has: that spare bit is
 * what makes an empty entry miss for every address (cpu/slow/tlb.ts).
 */
import { InternalError } from '../base/assert.ts';
import { alignUp, KIB } from '../base/bytes.ts';

export const PAGE_BITS = 12;
export const PAGE_SIZE = 1 << PAGE_BITS;

/**
 * In front of them, where all harts look: which banks of ROM they read and run straight (one bit each), and where ROM is.
 * cpu/layout.ts has these places too.
 */
export const ROM_OPEN_OFFSET = 4048;

/** Static data of the AssemblyScript slow paths. */
export const STATICS_OFFSET = 8 * KIB;
/** Addresses of the data TLB entries in use, so that a flush costs what was filled. */
export const TLB_LIST_OFFSET = 64 * KIB;
export const TLB_LIST_ENTRIES = 16 * KIB;
export const EXEC_TLB_OFFSET = TLB_LIST_OFFSET + 4 * TLB_LIST_ENTRIES;
/** One translation context per row of cpu/layout.ts `MMU_*`: user, supervisor, supervisor with SUM, bare. */
const MMU_CONTEXTS = 4;
export const EXEC_TLB_ENTRIES = 256;
/** virtual page (i64), decoded page (i32), unused (i32) */
export const EXEC_TLB_ENTRY_BYTES = 16;
export const EXEC_TLB_DECODED = 8;
export const DATA_TLB_OFFSET = EXEC_TLB_OFFSET + MMU_CONTEXTS * EXEC_TLB_ENTRIES * EXEC_TLB_ENTRY_BYTES;

/** One decoded instruction; cpu/layout.ts `OP_*` says what is inside. A slot exists for every halfword of a page. */
export const OP_BYTES = 16;
const OPS_PER_PAGE = PAGE_SIZE / 2;
/** The decoded form of one page: a header, its ops, and two sentinels that leave for the next page. */
export const DECODED_HEADER_BYTES = 64;
export const DECODED_PAGE_BYTES = DECODED_HEADER_BYTES + OPS_PER_PAGE * OP_BYTES + 64;
export const DECODED_PAGES = 768;

export interface MemoryMap {
  readonly harts: number;
  /** Distance between the regions of two harts. */
  readonly hartStride: number;
  /** An address inside the wasm memory fits this many bits. */
  readonly addressBits: number;
  /** Bytes of one data TLB; there are two (read, write) for each translation context. */
  readonly tlbBytes: number;
  readonly decodedOffset: number;
  /** One byte per guest page: non-zero when written since the bitmap was cleared. */
  readonly dirtyOffset: number;
  /** One u16 per guest page: index + 1 of its decoded page, 0 when it has none. */
  readonly codeOffset: number;
  readonly ramOffset: number;
  readonly romOffset: number;
  readonly totalBytes: number;
}

export function memoryMap(ramBytes: number, harts = 1, romBytes = 0): MemoryMap {
  const pages = (ramBytes + romBytes) / PAGE_SIZE;
  for (let addressBits = 24; addressBits <= 32; addressBits++) {
    const tlbBytes = 8 * 2 ** (addressBits + 1 - PAGE_BITS);
    const hartStride = alignUp(DATA_TLB_OFFSET + 2 * MMU_CONTEXTS * tlbBytes, 64);
    const decodedOffset = harts * hartStride;
    const dirtyOffset = decodedOffset + DECODED_PAGES * DECODED_PAGE_BYTES;
    const codeOffset = alignUp(dirtyOffset + pages, 64);
    const ramOffset = alignUp(codeOffset + 2 * pages, 64 * KIB);
    const romOffset = ramOffset + ramBytes;
    const totalBytes = romOffset + romBytes;
    if (totalBytes <= 2 ** addressBits) {
      const places = { decodedOffset, dirtyOffset, codeOffset, ramOffset, romOffset, totalBytes };
      return { harts, hartStride, addressBits, tlbBytes, ...places };
    }
  }
  throw new InternalError(`${ramBytes} bytes of guest RAM do not fit a wasm memory`);
}
