/** Telling a parent what became of its child: SIGCHLD, and wait4 that sleeps. */
import { sendSignal } from "./signal";
import { SA_NOCLDSTOP, SIGCHLD, CLD_STOPPED, CLD_CONTINUED } from "./signal-numbers";
import { SigInfo } from "./signal-state";
import { Task } from "./task";

/** `code` is CLD_*; `status` the exit code or the signal. */
export function notifyParent(t: Task, code: i32, status: i32): void {
  const p = t.parent;
  if (p == null) return;
  const isJobControl = code == CLD_STOPPED || code == CLD_CONTINUED;
  const sig = isJobControl ? SIGCHLD : t.exitSignal;
  if (sig != 0 && !(isJobControl && (p.signals.action(SIGCHLD).flags & SA_NOCLDSTOP) != 0)) {
    sendSignal(p, new SigInfo(sig, code, t.pid, t.cred.uid, <u64>(<u32>status)));
  }
  p.childEvents.wakeAll();
}
