/** Pointers followed through 16 MiB in an order that no page or line predicts: what a TLB and its refill cost. */
import { finish } from './bare';
export { memoryGrow, memorySize, trapKernel, trapUser } from './bare';

const SLOTS: i32 = 1 << 18;
/** A line of 64 bytes each. */
const STRIDE: i32 = 16;
const STEPS: i32 = 12_000_000;

export function kmain(_hart: u64, _tree: u64): usize {
  const next = new StaticArray<u32>(SLOTS * STRIDE);
  // One cycle through all slots (a full-period congruential sequence).
  let slot: u32 = 0;
  for (let i = 0; i < SLOTS; i++) {
    const to = (slot * 1664525 + 1013904223) & (SLOTS - 1);
    next[slot * STRIDE] = to;
    slot = to;
  }
  let at: u32 = 0;
  for (let i = 0; i < STEPS; i++) at = next[at * STRIDE];
  finish(at < <u32>SLOTS);
  return 0;
}
