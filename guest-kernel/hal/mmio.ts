/** Addresses outside kernel memory: device registers and memory that a device reads or writes behind our back. */

/** Device registers at physical `pa` < 1 GiB, in the gigapage that the boot table maps at 0xffff_ffff_c000_0000. */
export function mmio(pa: u64): u64 {
  return 0xffff_ffff_c000_0000 + pa;
}

/** The 64-bit virtual address of a kernel pointer, for the intrinsics. */
export function va(p: usize): u64 {
  return <u64>(<i64>(<i32>p));
}

/** Start and end of the direct map: kernel pointers in it equal their physical addresses. */
const DIRECT_START: usize = 0x8000_0000;
const DIRECT_END: usize = 0xc000_0000;

/** Does [p, p + n) lie in the direct map, so that a device can reach it as one piece at physical address `p`? */
export function isDirect(p: usize, n: usize): bool {
  return p >= DIRECT_START && p < DIRECT_END && n <= DIRECT_END - p;
}

/** Physical address of a pointer in the direct map. */
export function pa(p: usize): u64 {
  return <u64>p;
}
