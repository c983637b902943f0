/** Delivery: what a task's pending signals do to it on its way back to user mode. */
import { Errno } from "../abi/errno";
import { notifyParent } from "./child-events";
import { exitTask } from "./exit";
import { A0, skipCall, writeReg } from "./frame";
import { ERESTARTSYS } from "./park";
import { stopTask } from "./scheduler";
import { isOrphanedGroup } from "./signal";
import {
  CLD_STOPPED,
  IGNORE_MASK,
  SA_RESTART,
  SIGSEGV,
  SIGSTOP,
  SIG_DFL,
  SIG_IGN,
  STOP_MASK,
  SYNCHRONOUS_MASK,
  sigBit,
} from "./signal-numbers";
import { SigAction } from "./signal-state";
import { enterHandler } from "./sigframe";
import { RUNNABLE, Task } from "./task";

/** Delivers whatever may be; `t` may be stopped or a zombie afterwards. */
export function deliverSignals(t: Task): void {
  const s = t.signals;
  while (t.state == RUNNABLE) {
    const set = s.deliverable;
    if (set == 0) break;
    const synchronous = set & SYNCHRONOUS_MASK;
    const sig = <i32>ctz(synchronous != 0 ? synchronous : set) + 1;
    const info = s.take(sig);
    const a = s.action(sig);
    if (a.handler == SIG_IGN) continue;
    if (a.handler == SIG_DFL) {
      defaultAction(t, sig);
      continue;
    }
    settleCall(t, a);
    if (enterHandler(t, info, a)) continue;
    exitTask(t, SIGSEGV);
  }
  t.restartCode = 0;
  if (s.hasSavedMask && t.state == RUNNABLE) {
    s.hasSavedMask = false;
    s.blocked = s.savedMask;
  }
}

function defaultAction(t: Task, sig: i32): void {
  const bit = sigBit(sig);
  if ((IGNORE_MASK & bit) != 0) return;
  if ((STOP_MASK & bit) == 0) return exitTask(t, sig);
  if (sig != SIGSTOP && isOrphanedGroup(t.pgid)) return;
  t.stopReport = sig;
  t.continueReport = false;
  stopTask(t);
  notifyParent(t, CLD_STOPPED, sig);
}

/** A handler is about to run while a call gave way: it ends with -EINTR, or starts anew after the handler. */
function settleCall(t: Task, a: SigAction): void {
  if (t.restartCode == 0) return;
  if (t.restartCode != ERESTARTSYS || (a.flags & SA_RESTART) == 0) {
    writeReg(t.frame, A0, <u64>-(<i64>Errno.EINTR));
    skipCall(t.frame);
  }
  t.restartCode = 0;
  t.progress.clear();
}
