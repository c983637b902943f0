/** Kernel pointers, virtual and physical addresses (DESIGN §3). RAM pointer 0x8xxx_xxxx is also its physical address. */

/** The 64-bit virtual address of a kernel pointer, for the intrinsics that take one. */
export function kva(p: usize): u64 {
  return <u64>(<i64>(<i32>p));
}

/** The pointer through which the device registers at physical address `pa` (below 0x4000_0000) are reached. */
export function mmio(pa: u64): usize {
  return <usize>(0xc000_0000 + pa);
}
