/**
 * Base address registers (PCI Local Bus 3.0, 6.2.5): how large each is, and a place for it in the host bridge's memory
 * windows. No firmware has done so on QEMU's virt board; where one has, its choice is replaced.
 */
import { PciFunction } from "./function";

const BARS: u32 = 6;
const BAR_IO: u32 = 1;
const BAR_TYPE: u32 = 6;
const BAR_64: u32 = 4;
const MEMORY_FLAGS: u32 = 0xf;
/** BARs are page-aligned at least, so that two functions never share a page. */
const MIN_ALIGN: u64 = 4096;

/** A part of the bridge's address space that memory BARs may lie in. */
@final
export class PciWindow {
  private next: u64;

  constructor(
    /** As the bus sees it. */
    public start: u64,
    public size: u64,
    /** What to add for the processor's address. */
    public offset: u64,
    public is64: bool,
  ) {
    this.next = start;
  }

  /** A naturally aligned piece of `size` bytes (a power of two), or 0: no room. */
  take(size: u64): u64 {
    const align = max(size, MIN_ALIGN);
    const used = this.next - this.start;
    // Address 0 means "no room"; a window that starts there loses its first piece.
    const at = (max<u64>(this.next, 1) + align - 1) & ~(align - 1);
    if (at < this.next || at - this.start < used) return 0;
    const skipped = at - this.start;
    if (skipped > this.size || align > this.size - skipped) return 0;
    this.next = at + align;
    return at;
  }
}

/** Sizes and places every memory BAR of `f`, which is disabled; false when one of them has no room. */
export function assignBars(f: PciFunction, windows: Array<PciWindow>): bool {
  for (let i: u32 = 0; i < BARS; i++) {
    const old = f.bar(i);
    if ((old & BAR_IO) != 0) continue;
    const is64 = (old & BAR_TYPE) == BAR_64 && i + 1 < BARS;
    const size = barSize(f, i, is64);
    if (size != 0) {
      const at = place(f, i, size, is64, windows);
      if (!at) return false;
    }
    if (is64) i++;
  }
  return true;
}

/** Writes ones and reads which stuck; 0: no BAR, or a size that is no power of two. */
function barSize(f: PciFunction, i: u32, is64: bool): u64 {
  f.setBar(i, 0xffff_ffff);
  let mask: u64 = f.bar(i) & ~MEMORY_FLAGS;
  if (mask == 0 && !is64) return 0;
  if (is64) {
    f.setBar(i + 1, 0xffff_ffff);
    mask |= (<u64>f.bar(i + 1)) << 32;
  } else mask |= 0xffff_ffff_0000_0000;
  const size = ~mask + 1;
  return (size & (size - 1)) == 0 ? size : 0;
}

function place(f: PciFunction, i: u32, size: u64, is64: bool, windows: Array<PciWindow>): bool {
  // The low window first: what fits there needs no 64-bit register.
  const passes = is64 ? 2 : 1;
  for (let pass = 0; pass < passes; pass++) {
    for (let w = 0; w < windows.length; w++) {
      const window = windows[w];
      if (window.is64 != (pass == 1)) continue;
      const at = window.take(size);
      if (at == 0) continue;
      f.setBar(i, <u32>at);
      if (is64) f.setBar(i + 1, <u32>(at >> 32));
      f.barPa[i] = at + window.offset;
      f.barSize[i] = size;
      return true;
    }
  }
  return false;
}
