/**
 * How a system call waits (docs/kernel-model.md). A handler that cannot go on returns what park() returned: the dispatcher switches
 * to another task and, once this one is woken, calls the handler again with the same arguments. What must survive
 * between the two calls is in `current().progress`.
 *
 *   readPipe:  while nothing is there:  const r = park(pipe.readers); return r;         // PARKED or -ERESTARTSYS
 *   writePipe: after a part is written: if (r != PARKED && progress.done > 0) return progress.done;
 *   poll:      const at = deadlineAfter(timeoutNs); …; if (expired(at)) return 0; return noRestart(parkOn(queues, at));
 */
import { Errno } from "../abi/errno";
import { monotonicNs } from "../hal/time";
import { Result, fail } from "../lib/result";
import { PARKED_TASK, current } from "./task";
import { hasFatalSignal, hasSignal } from "./signal";
import { deadlineSet } from "./timer";
import { WaitQueue } from "./wait-queue";

/** Not a result: the task sleeps and the call will be made again. Never seen by user space. */
export const PARKED: Result = -4096;

/** Not a result either: the call has written the frame itself (execve, rt_sigreturn). */
export const FRAME_WRITTEN: Result = -4097;

/** Restart unless a handler without SA_RESTART runs; then -EINTR. */
export const ERESTARTSYS: i32 = 512;
/** Restart when no handler runs; otherwise -EINTR. poll, select, pause, sigsuspend. */
export const ERESTARTNOHAND: i32 = 514;
/** As ERESTARTNOHAND, and the deadline of the first call still counts. nanosleep. */
export const ERESTART_RESTARTBLOCK: i32 = 516;

/** A deadline that never comes. */
export const FOREVER: i64 = i64.MAX_VALUE;

/** Sleeps until `queue` is woken. Returns PARKED, or -ERESTARTSYS at once when a signal is waiting to be handled. */
export function park(queue: WaitQueue): Result {
  if (hasSignal(current())) return fail(ERESTARTSYS);
  queue.add(current());
  return sleep(FOREVER);
}

/** As park; also woken at `deadline` (monotonic ns). `queue` may be null: a plain sleep. */
export function parkUntil(queue: WaitQueue | null, deadline: i64): Result {
  if (hasSignal(current())) return fail(ERESTARTSYS);
  if (queue != null) queue.add(current());
  return sleep(deadline);
}

/** Sleeps until `queue` is woken; only a signal that ends the task interrupts it. vfork. */
export function parkKillable(queue: WaitQueue): Result {
  if (hasFatalSignal(current())) return fail(ERESTARTSYS);
  queue.add(current());
  return sleep(FOREVER);
}

/** As parkUntil, on several queues. */
export function parkOn(queues: Array<WaitQueue>, deadline: i64): Result {
  if (hasSignal(current())) return fail(ERESTARTSYS);
  for (let i = 0; i < queues.length; i++) queues[i].add(current());
  return sleep(deadline);
}

/** The end of a timeout that began when the call was first made: the same at every restart. FOREVER for < 0. */
export function deadlineAfter(timeoutNs: i64): i64 {
  if (timeoutNs < 0) return FOREVER;
  const p = current().progress;
  if (p.deadline == 0) {
    const now = monotonicNs();
    p.deadline = timeoutNs > FOREVER - now ? FOREVER : now + timeoutNs;
  }
  return p.deadline;
}

export function expired(deadline: i64): bool {
  return deadline != FOREVER && monotonicNs() >= deadline;
}

/** For calls that Linux restarts only when no handler ran: poll, select, epoll. */
export function noRestart(r: Result): Result {
  return r == fail(ERESTARTSYS) ? fail(ERESTARTNOHAND) : r;
}

/** For calls that end with -EINTR whatever the action says. */
export function interrupted(r: Result): Result {
  return r == fail(ERESTARTSYS) ? fail(Errno.EINTR) : r;
}

function sleep(deadline: i64): Result {
  const t = current();
  t.wasWoken = false;
  t.state = PARKED_TASK;
  t.wakeAt = deadline == FOREVER ? 0 : deadline;
  if (t.wakeAt != 0) deadlineSet(t.wakeAt);
  return PARKED;
}
