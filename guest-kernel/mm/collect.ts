/**
 * When garbage is collected: never inside a system call, since references that live on the kernel stack alone are not
 * seen (docs/kernel-model.md).
 */
import { heapBytes, livesOnReserve } from "./heap";
import { bytesAsked } from "./object-heap";
import { emptySlabs, releaseSlabs, slabFrames } from "./slabs";

/** So much may be allocated between two collections, and more in a large heap: a sweep costs what the heap holds. */
const MIN_GARBAGE: usize = 512 << 10;
/** Idling with less garbage than this is not worth a collection. */
const IDLE_GARBAGE: usize = 64 << 10;
/** Empty slabs go back when there are so many, and they are a quarter of all: the storm is over. */
const MIN_EMPTY: u32 = 64;

let stress: bool = false;
let askedBefore: usize = 0;

/** The boot argument strata.gcstress: collect after every call. */
export function setCollectStress(on: bool): void {
  stress = on;
}

/** On the way back to user mode; `isCall`: after a system call, which is what makes garbage. */
export function collectOnReturn(isCall: bool): void {
  if (!isCall) return;
  const garbage = bytesAsked() - askedBefore;
  if (garbage < MIN_GARBAGE && !stress) return;
  if (stress || garbage >= heapBytes() / 4 || livesOnReserve()) collect();
}

export function collectWhenIdle(): void {
  if (bytesAsked() - askedBefore >= IDLE_GARBAGE) collect();
}

function collect(): void {
  __collect();
  askedBefore = bytesAsked();
  if (emptySlabs() >= max(MIN_EMPTY, slabFrames() / 4)) releaseSlabs();
}
