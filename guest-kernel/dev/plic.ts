/** Platform-level interrupt controller (RISC-V PLIC specification 1.0.0): one context, S-mode of the boot hart. */
import { ld32, st32 } from "../hal/rv";

const PRIORITY: u64 = 0;
const ENABLE: u64 = 0x2000;
const ENABLE_STRIDE: u64 = 0x80;
const CONTEXT: u64 = 0x20_0000;
const CONTEXT_STRIDE: u64 = 0x1000;
const THRESHOLD: u64 = 0;
const CLAIM: u64 = 4;

let base: u64 = 0;
let enable: u64 = 0;
let context: u64 = 0;

/** `regs`: virtual address of the register block. Contexts alternate M and S on QEMU's virt and on our board. */
export function plicInit(regs: u64, hartid: u32): void {
  const index = <u64>hartid * 2 + 1;
  base = regs;
  enable = regs + ENABLE + index * ENABLE_STRIDE;
  context = regs + CONTEXT + index * CONTEXT_STRIDE;
  st32(context + THRESHOLD, 0);
}

export function plicEnable(irq: u32): void {
  st32(base + PRIORITY + <u64>irq * 4, 1);
  const word = enable + <u64>(irq / 32) * 4;
  st32(word, ld32(word) | (1 << (irq % 32)));
}

/** The source to serve, or 0. */
export function plicClaim(): u32 {
  return base == 0 ? 0 : ld32(context + CLAIM);
}

export function plicComplete(irq: u32): void {
  st32(context + CLAIM, irq);
}
