/** Deadlines of sleeping tasks, ITIMER_REAL, the end of a time slice: one hardware timer for all of them. */
import { sbiSetTimer } from "../hal/sbi";
import { setTimerHandler } from "../hal/irq";
import { monotonicNs, ticksAt } from "../hal/time";
import { othersWait, sliceEndNs } from "./scheduler";
import { SIGALRM } from "./signal-numbers";
import { sendKernelSignal } from "./signal";
import { PARKED_TASK, Task } from "./task";
import { allTasks } from "./task-table";

const NEVER: i64 = i64.MAX_VALUE;

/** No deadline of any task is earlier than this. */
let earliest: i64 = NEVER;
/** What the hardware was told last. */
let armedAt: i64 = NEVER;

export function timerInit(): void {
  setTimerHandler(onTimer);
  sbiSetTimer(u64.MAX_VALUE);
}

/** A task has got a deadline (wakeAt, alarmAt). */
export function deadlineSet(at: i64): void {
  if (at < earliest) earliest = at;
}

/** Wakes whatever is due. The hardware's pending bit goes with the next armTimer(). */
function onTimer(): void {
  armedAt = 0;
  runTimers();
}

function runTimers(): void {
  const now = monotonicNs();
  if (now < earliest) return armTimer();
  earliest = NEVER;
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) {
    const t = tasks[i];
    if (t.wakeAt != 0) {
      if (t.wakeAt <= now) wakeSleeper(t);
      else deadlineSet(t.wakeAt);
    }
    if (t.alarmAt != 0) {
      if (t.alarmAt <= now) ring(t, now);
      if (t.alarmAt != 0) deadlineSet(t.alarmAt);
    }
  }
  armTimer();
}

function wakeSleeper(t: Task): void {
  t.wakeAt = 0;
  if (t.state == PARKED_TASK) t.wake();
}

function ring(t: Task, now: i64): void {
  if (t.alarmEvery == 0) t.alarmAt = 0;
  else t.alarmAt += ((now - t.alarmAt) / t.alarmEvery + 1) * t.alarmEvery;
  sendKernelSignal(t, SIGALRM);
}

/** Tells the hardware when to interrupt next: called before user mode and before idling. */
export function armTimer(): void {
  let at = earliest;
  if (othersWait() && sliceEndNs() < at) at = sliceEndNs();
  if (at == armedAt) return;
  armedAt = at;
  sbiSetTimer(at == NEVER ? u64.MAX_VALUE : ticksAt(max(at, 0)));
}
