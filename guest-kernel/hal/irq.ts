/** Interrupts while the kernel runs: SIE stays 0, so they are looked for instead of taken. */
import { csrr_sip } from "./rv";

/** sip and sie bits. */
export const STIP: u64 = 1 << 5;
export const SEIP: u64 = 1 << 9;

let onExternal: () => void = (): void => {};
let onTimer: () => void = (): void => {};

/** dev/plic: claims and dispatches until nothing is pending. */
export function setExternalHandler(fn: () => void): void {
  onExternal = fn;
}

/** proc/timer: wakes what is due and sets the next timer. */
export function setTimerHandler(fn: () => void): void {
  onTimer = fn;
}

/** Handles what is pending; true if anything was. */
export function pollInterrupts(): bool {
  const pending = csrr_sip() & (STIP | SEIP);
  if (pending == 0) return false;
  if ((pending & STIP) != 0) onTimer();
  if ((pending & SEIP) != 0) onExternal();
  return true;
}
