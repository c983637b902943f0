/**
 * Floating point registers, moved only when somebody uses them. A task starts with FS off; its first use traps, and from
 * then on its registers are restored when another task's are in the unit, and saved when they are dirty.
 */
import { csrs_sstatus, fp_restore, fp_save } from "../hal/rv";
import { FRAME_FP, FS_CLEAN, FS_DIRTY, FS_INITIAL, SSTATUS_FS, readStatus, writeStatus } from "./frame";
import { Task } from "./task";

/** Whose values the unit holds. */
let owner: Task | null = null;

/** Before `t` leaves the processor or is copied: its values are in its frame afterwards. */
export function saveFp(t: Task): void {
  const status = readStatus(t.frame);
  if ((status & SSTATUS_FS) != FS_DIRTY) return;
  csrs_sstatus(FS_DIRTY);
  fp_save(t.frame + FRAME_FP);
  writeStatus(t.frame, (status & ~SSTATUS_FS) | FS_CLEAN);
  owner = t;
}

/** Before `t` enters user mode: the unit holds its values, if it uses any. */
export function loadFp(t: Task): void {
  const status = readStatus(t.frame);
  if ((status & SSTATUS_FS) == 0 || owner === t) return;
  csrs_sstatus(FS_DIRTY);
  fp_restore(t.frame + FRAME_FP);
  writeStatus(t.frame, (status & ~SSTATUS_FS) | FS_CLEAN);
  owner = t;
}

/** An illegal instruction with FS off may be a first use: turns the unit on; false if it was on already. */
export function enableFp(t: Task): bool {
  const status = readStatus(t.frame);
  if ((status & SSTATUS_FS) != 0) return false;
  memory.fill(t.frame + FRAME_FP, 0, 264);
  writeStatus(t.frame, status | FS_INITIAL);
  if (owner === t) owner = null;
  return true;
}

/** `t`'s values in the unit are not valid any more: its frame was written, or it has ended. */
export function forgetFp(t: Task): void {
  if (owner === t) owner = null;
}
