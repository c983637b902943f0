/** Every task by pid, and how pids are given out: ascending, wrapping as Linux does. */
import { insertAt, removeAt } from "../lib/array";
import { ZOMBIE, Task } from "./task";

const PID_MAX: i32 = 32768;
/** After a wrap, low pids stay with the system's first programs. */
const RESERVED_PIDS: i32 = 300;

/** Ascending by pid. */
const tasks = new Array<Task>();
let lastPid: i32 = 0;

/** Position of the first task whose pid is >= `pid`. */
function lowerBound(pid: i32): i32 {
  let lo = 0;
  let hi = tasks.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (tasks[mid].pid < pid) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** The task of `pid`, a zombie too, or null: -ESRCH. */
export function findTask(pid: i32): Task | null {
  const i = lowerBound(pid);
  return i < tasks.length && tasks[i].pid == pid ? tasks[i] : null;
}

/** The first task whose pid is >= `pid`, or null: iteration for /proc that survives changes between steps. */
export function nextTask(pid: i32): Task | null {
  const i = lowerBound(pid);
  return i < tasks.length ? tasks[i] : null;
}

/** All tasks, ascending; not to be kept across a change of the table. */
export function allTasks(): Array<Task> {
  return tasks;
}

export function groupExists(pgid: i32): bool {
  for (let i = 0; i < tasks.length; i++) if (tasks[i].pgid == pgid) return true;
  return false;
}

/** Whether a living task of session `sid` is in group `pgid`. */
export function groupInSession(pgid: i32, sid: i32): bool {
  for (let i = 0; i < tasks.length; i++) {
    const t = tasks[i];
    if (t.pgid == pgid && t.sid == sid && t.state < ZOMBIE) return true;
  }
  return false;
}

/** A pid that names no task, group or session, or 0: -EAGAIN. */
export function allocPid(): i32 {
  for (let tries = 0; tries < PID_MAX; tries++) {
    lastPid = lastPid + 1 >= PID_MAX ? RESERVED_PIDS : lastPid + 1;
    if (!isUsed(lastPid)) return lastPid;
  }
  return 0;
}

function isUsed(id: i32): bool {
  for (let i = 0; i < tasks.length; i++) {
    const t = tasks[i];
    if (t.pid == id || t.pgid == id || t.sid == id) return true;
  }
  return false;
}

export function addTask(t: Task): void {
  const i = lowerBound(t.pid);
  insertAt<Task>(tasks, i, t);
}

export function removeTask(t: Task): void {
  const i = lowerBound(t.pid);
  if (i < tasks.length && tasks[i] == t) removeAt<Task>(tasks, i);
}

/** The newest pid, for /proc/loadavg. */
export function newestPid(): i32 {
  return lastPid;
}
