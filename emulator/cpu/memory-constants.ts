/** What the generated interpreter needs to know of the memory map: constants that are filled in when that is known. */
import type { MemoryMap } from '../bus/memory-map.ts';
import type { Width } from '../isa/insn.ts';

/** Bits of va >> 9 that are the offset of its entry in a data TLB. */
export const INDEX_MASK = 'indexMask';
/** From a read TLB to the write TLB behind it. */
export const WRITE_TABLE = 'writeTable';
/** Bits that an aligned address has not when it is inside the wasm memory. */
export const mustBeZero = (width: Width): string => `mustBeZero${width}`;

export function memoryConstants({ addressBits, tlbBytes }: MemoryMap): Record<string, number> {
  const masks = ([1, 2, 4, 8] as const).map(width => [mustBeZero(width), -(2 ** addressBits) + width - 1]);
  return { [INDEX_MASK]: (tlbBytes - 1) & ~7, [WRITE_TABLE]: tlbBytes, ...Object.fromEntries(masks) };
}
