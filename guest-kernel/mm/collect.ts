/**
 * When garbage is collected: never inside a system call, since references that live on the kernel stack alone are not
 * seen (DESIGN §4).
 */
import { heapBytes, wantsCollection } from "./heap";

/**
 * At most so many calls, and one more for each KiB of heap, go by without a collection: garbage cannot make the heap
 * grow for ever, and a large heap is not swept too often.
 */
const CALLS: u32 = 1024;

/** Idling after fewer calls than this is not worth a collection. */
const IDLE_CALLS: u32 = 64;

let stress: bool = false;
let calls: u32 = 0;

/** The boot argument strata.gcstress: collect after every call. */
export function setCollectStress(on: bool): void {
  stress = on;
}

/** On the way back to user mode; `isCall`: after a system call, which is what makes garbage. */
export function collectOnReturn(isCall: bool): void {
  if (!isCall) return;
  calls++;
  if (stress || calls >= CALLS + <u32>(heapBytes() >> 10) || wantsCollection()) collect();
}

export function collectWhenIdle(): void {
  if (calls > IDLE_CALLS) collect();
}

function collect(): void {
  __collect();
  calls = 0;
}
