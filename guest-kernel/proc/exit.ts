/** The end of a task, and what its parent collects. */
import { klogLine } from "../hal/log";
import { removeAt } from "../lib/array";
import { panic } from "../hal/panic";
import { BytesBuilder } from "../lib/bytes";
import { putFrame } from "../mm/frames";
import { UserBuf } from "../mm/user-buf";
import { notifyParent } from "./child-events";
import { futexWake } from "./futex";
import { isOrphanedGroup, sendSignal, signalGroup } from "./signal";
import { CLD_EXITED, CLD_KILLED, SA_NOCLDWAIT, SIGCHLD, SIGCONT, SIGHUP, SIG_IGN, SI_USER } from "./signal-numbers";
import { SigInfo } from "./signal-state";
import { DEAD, STOPPED, Task, ZOMBIE } from "./task";
import { allTasks, findTask, removeTask } from "./task-table";

/** `status` is wait4's word: code << 8, or the signal that killed it. The caller schedules another task afterwards. */
export function exitTask(t: Task, status: i32): void {
  if (t.pid == 1) initDied(status);
  releaseMemory(t);
  const f = t.files;
  t.files = null;
  if (f != null) f.closeAll();
  const fs = t.fs;
  t.fs = null;
  if (fs != null) fs.drop();
  const exe = t.exe;
  t.exe = null;
  if (exe != null) exe.drop();
  t.progress.clear();
  t.leaveQueues();
  t.wakeAt = 0;
  t.alarmAt = 0;
  t.state = ZOMBIE;
  t.exitStatus = status;
  giveAwayChildren(t);
  if (t.pid == t.sid) leaveTerminal(t);
  const p = t.parent;
  if (p != null && p.pgid != t.pgid && p.sid == t.sid) hangUpIfOrphaned(t.pgid);
  const isSignal = (status & 0x7f) != 0;
  const ignored = p == null || parentIgnores(p, t);
  if (ignored) reapTask(t);
  if (p != null) notifyParent(t, isSignal ? CLD_KILLED : CLD_EXITED, isSignal ? status & 0x7f : status >> 8);
}

/** Frees the memory, or gives it back to the vfork parent; also when execve replaces it. */
export function releaseMemory(t: Task): void {
  const m = t.mem;
  if (m != null) {
    if (t.clearTid != 0 && m.users > 1) {
      new UserBuf(m, t.clearTid, 4).writeU32(0, 0);
      futexWake(m, t.clearTid, 1);
    }
    t.mem = null;
    m.drop();
  }
  t.clearTid = 0;
  if (t.isVforkChild) {
    t.isVforkChild = false;
    t.vforkDone.wakeAll();
  }
}

/** The zombie has been waited for. */
export function reapTask(t: Task): void {
  const p = t.parent;
  if (p != null) {
    p.childUserNs += t.userNs + t.childUserNs;
    p.childSystemNs += t.systemNs + t.childSystemNs;
    const i = p.children.indexOf(t);
    if (i >= 0) removeAt<Task>(p.children, i);
  }
  t.state = DEAD;
  removeTask(t);
  putFrame(t.frame);
  t.frame = 0;
}

function parentIgnores(p: Task, t: Task): bool {
  if (t.exitSignal != SIGCHLD) return false;
  const a = p.signals.action(SIGCHLD);
  return a.handler == SIG_IGN || (a.flags & SA_NOCLDWAIT) != 0;
}

function giveAwayChildren(t: Task): void {
  const init = findTask(1);
  for (let i = 0; i < t.children.length; i++) {
    const c = t.children[i];
    c.parent = init;
    // What the old parent asked clone(2) for is no business of init's: it might even end it.
    c.exitSignal = SIGCHLD;
    c.ppid = 1;
    if (init != null) init.children.push(c);
    if (c.parentDeathSignal != 0) sendSignal(c, new SigInfo(c.parentDeathSignal, SI_USER, t.pid, t.cred.uid));
    if (c.state == ZOMBIE && init != null) init.childEvents.wakeAll();
    if (c.state == ZOMBIE) notifyParent(c, CLD_EXITED, c.exitStatus >> 8);
    else if (c.pgid != t.pgid && c.sid == t.sid) hangUpIfOrphaned(c.pgid);
  }
  t.children = [];
}

/** POSIX: a newly orphaned group with a stopped member gets SIGHUP and SIGCONT. */
function hangUpIfOrphaned(pgid: i32): void {
  if (!isOrphanedGroup(pgid)) return;
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) {
    if (tasks[i].pgid == pgid && tasks[i].state == STOPPED) {
      signalGroup(pgid, SIGHUP);
      signalGroup(pgid, SIGCONT);
      return;
    }
  }
}

/** A session leader's end takes the terminal from the whole session. */
function leaveTerminal(t: Task): void {
  const tty = t.terminal;
  if (tty == null || tty.session != t.sid) return;
  tty.session = 0;
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) if (tasks[i].sid == t.sid) tasks[i].terminal = null;
  tty.hangup();
}

function initDied(status: i32): void {
  const text = new BytesBuilder().text("init exited with status 0x").hex(<u64>(<u32>status), 8);
  klogLine(text);
  panic("attempted to kill init");
}
