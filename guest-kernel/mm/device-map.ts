/**
 * Device registers that lie wherever the machine put them (PCI), page by page at addresses of the kernel's own: a
 * quarter of the 4 GiB below the sign-extended kernel pointers. What a device asks for is bounded by that.
 */
import { sfence_vma } from "../hal/rv";
import { PAGE_SIZE } from "./frames";
import { PTE_A, PTE_D, PTE_G, PTE_R, PTE_V, PTE_W, entryFor, walk, writePte } from "./page-table";

const START: u64 = 0xffff_ffff_0000_0000;
const END: u64 = 0xffff_ffff_4000_0000;
/** Sv39 entries hold 56 bits. */
const MAX_PA: u64 = 1 << 56;
const FLAGS: u64 = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G;
const OFFSET_MASK: u64 = <u64>PAGE_SIZE - 1;

let root: usize = 0;
let next: u64 = START;

/** `table`: the kernel's root, of which no address space has been made yet. */
export function deviceMapInit(table: usize): void {
  root = table;
  next = START;
}

/** The address at which `bytes` registers from physical `pa` on can be used from now on, or 0: no memory, no room. */
export function mapDevice(pa: u64, bytes: u64): u64 {
  if (bytes == 0 || pa >= MAX_PA || bytes > END - START || bytes > MAX_PA - pa) return 0;
  const first = pa & ~OFFSET_MASK;
  const size = (pa + bytes - first + OFFSET_MASK) & ~OFFSET_MASK;
  if (size > END - next) return 0;
  const at = next;
  for (let off: u64 = 0; off < size; off += <u64>PAGE_SIZE) {
    const pte = walk(root, at + off, true);
    if (pte == 0) return 0;
    writePte(pte, entryFor(first + off, FLAGS));
  }
  next += size;
  sfence_vma();
  return at + (pa & OFFSET_MASK);
}
