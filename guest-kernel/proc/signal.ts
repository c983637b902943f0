/** Sending signals, and what stands between sending and delivery (masks, ignored ones, stop and continue). */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { PARKED_TASK, STOPPED, Task, ZOMBIE, currentOrNull } from "./task";
import { allTasks } from "./task-table";
import { notifyParent } from "./child-events";
import { SigInfo } from "./signal-state";
import {
  CLD_CONTINUED,
  NSIG,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SI_USER,
  SIG_DFL,
  STOP_MASK,
  IGNORE_MASK,
  sigBit,
} from "./signal-numbers";
import { makeRunnable } from "./scheduler";

/** Queued real-time signals of one task; more are refused with -EAGAIN. */
const MAX_QUEUED: i32 = 1024;

/** A signal waits to be delivered: a parked call shall return. */
export function hasSignal(t: Task): bool {
  return t.signals.deliverable != 0;
}

/** SIGKILL, or a signal whose default action ends the task, is about to be delivered. */
export function hasFatalSignal(t: Task): bool {
  let set = t.signals.deliverable;
  if (set == 0) return false;
  if ((set & sigBit(SIGKILL)) != 0) return true;
  set &= ~(STOP_MASK | IGNORE_MASK);
  while (set != 0) {
    const sig = <i32>ctz(set) + 1;
    if (t.signals.action(sig).handler == SIG_DFL) return true;
    set &= set - 1;
  }
  return false;
}

/** kill(2)'s rule. */
export function maySignal(target: Task, sig: i32): bool {
  const t = currentOrNull();
  if (t == null) return true;
  const me = t.cred;
  const it = target.cred;
  if (me.isCapable || me.euid == it.suid || me.euid == it.uid || me.uid == it.suid || me.uid == it.uid) return true;
  return sig == SIGCONT && t.sid == target.sid;
}

/** Makes `info.signo` pending for `t`, unless it is ignored, and wakes it if it shall act. Errors: -EAGAIN. */
export function sendSignal(t: Task, info: SigInfo): Result {
  const sig = info.signo;
  const s = t.signals;
  if (t.state >= ZOMBIE) return 0;
  if (sig == SIGCONT) continueTask(t);
  else if ((STOP_MASK & sigBit(sig)) != 0) s.discard(sigBit(SIGCONT));
  const bit = sigBit(sig);
  if (((s.blocked | s.waited) & bit) == 0 && s.ignores(sig)) return 0;
  // Init gets only what it has asked for: its end would be the machine's.
  if (t.pid == 1 && s.action(sig).handler == SIG_DFL && info.code <= SI_USER) return 0;
  if ((s.pending & bit) != 0 && sig < SIGRTMIN) return 0;
  if (s.queue.length >= MAX_QUEUED && sig != SIGKILL) return fail(Errno.EAGAIN);
  s.queue.push(info);
  s.pending |= bit;
  if (sig == SIGKILL && t.state == STOPPED) makeRunnable(t);
  if ((s.blocked & bit) == 0 || (s.waited & bit) != 0) interruptSleep(t);
  return 0;
}

/** From the kernel: faults, timers, the terminal. */
export function sendKernelSignal(t: Task, sig: i32, code: i32 = 0x80): void {
  sendSignal(t, new SigInfo(sig, code));
}

/** A signal that the running task caused by what it did; a blocked or ignored one ends it, as on Linux. */
export function forceSignal(t: Task, info: SigInfo): void {
  const s = t.signals;
  const bit = sigBit(info.signo);
  const a = s.action(info.signo);
  if ((s.blocked & bit) != 0 || s.ignores(info.signo)) {
    a.handler = SIG_DFL;
    s.blocked &= ~bit;
  }
  if ((s.pending & bit) == 0) {
    s.queue.push(info);
    s.pending |= bit;
  }
}

/** To every member of group `pgid`, without permission check: the terminal. */
export function signalGroup(pgid: i32, sig: i32): void {
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) if (tasks[i].pgid == pgid) sendKernelSignal(tasks[i], sig);
}

/** No member of the group has a parent in the same session but another group: nobody would continue it. */
export function isOrphanedGroup(pgid: i32): bool {
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) {
    const t = tasks[i];
    if (t.pgid != pgid || t.state >= ZOMBIE) continue;
    const p = t.parent;
    if (p != null && p.pid != 1 && p.pgid != pgid && p.sid == t.sid) return false;
  }
  return true;
}

function continueTask(t: Task): void {
  t.signals.discard(STOP_MASK);
  if (t.state != STOPPED) return;
  t.stopReport = 0;
  t.continueReport = true;
  makeRunnable(t);
  notifyParent(t, CLD_CONTINUED, SIGCONT);
}

/** Ends a sleep that a signal may interrupt; the restarted call sees the signal. */
function interruptSleep(t: Task): void {
  if (t.state == PARKED_TASK) t.wake();
}

export function isValidSignal(sig: i32): bool {
  return sig >= 1 && sig <= NSIG;
}

export function isCatchable(sig: i32): bool {
  return sig != SIGKILL && sig != SIGSTOP;
}
