/**
 * What the assembly stubs call (docs/wasm2rv.md): a trap from user mode comes in with its frame and goes out with the
 * frame of whoever runs next. Between the two, nothing lives on the stack but this: it is the place for collection.
 */
import { pollInterrupts } from "../hal/irq";
import { panicTrap } from "../hal/panic";
import { wfi } from "../hal/rv";
import { monotonicNs } from "../hal/time";
import { collectOnReturn, collectWhenIdle } from "../mm/collect";
import { deliverSignals } from "../proc/deliver";
import { loadFp, saveFp } from "../proc/fp";
import { readCause } from "../proc/frame";
import { enqueue, othersWait, pickNext, sliceEndNs } from "../proc/scheduler";
import { hasSignal } from "../proc/signal";
import { RUNNABLE, Task, ZOMBIE, current, currentOrNull, setCurrent } from "../proc/task";
import { armTimer } from "../proc/timer";
import { USER_ECALL, userException } from "./exception";
import { systemCall } from "./system-call";

const INTERRUPT: u64 = (<u64>1) << 63;

export function trapUser(_frame: usize): usize {
  const t = current();
  const now = monotonicNs();
  t.userNs += now - t.clockedAt;
  t.clockedAt = now;
  const cause = readCause(t.frame);
  if ((cause & INTERRUPT) != 0) pollInterrupts();
  else if (cause == USER_ECALL) systemCall(t);
  else userException(t);
  collectOnReturn(cause == USER_ECALL);
  return resume();
}

/** From the kernel: always a bug. */
export function trapKernel(frame: usize): void {
  panicTrap(frame);
}

/** The frame of the task that runs next, made ready to run. Also how boot starts the first one. */
export function resume(): usize {
  let t = currentOrNull();
  while (t == null || !staysOn(t)) {
    if (t != null) leave(t);
    // Many tasks may take their turn, and make garbage, before one of them gets back to user mode.
    collectOnReturn(true);
    t = pickNext();
    if (t == null) t = idle();
    setCurrent(t);
    t.clockedAt = monotonicNs();
  }
  armTimer();
  t.space.activate();
  loadFp(t);
  const now = monotonicNs();
  t.systemNs += now - t.clockedAt;
  t.clockedAt = now;
  return t.frame;
}

/** Does what `t` has to do before user mode; false when another task shall run. */
function staysOn(t: Task): bool {
  while (t.state == RUNNABLE) {
    if (t.restartCall) {
      t.restartCall = false;
      systemCall(t);
    } else if (hasSignal(t) || t.signals.hasSavedMask || t.restartCode != 0) deliverSignals(t);
    else if (othersWait() && monotonicNs() >= sliceEndNs()) {
      t.involuntarySwitches++;
      enqueue(t);
      return false;
    } else return true;
  }
  return false;
}

function leave(t: Task): void {
  t.systemNs += monotonicNs() - t.clockedAt;
  if (t.state < ZOMBIE) saveFp(t);
  setCurrent(null);
}

/** Waits for an interrupt that makes a task runnable. */
function idle(): Task {
  while (true) {
    pollInterrupts();
    const t = pickNext();
    if (t != null) return t;
    collectWhenIdle();
    armTimer();
    wfi();
  }
}
