/** Round robin over the runnable tasks; preemption happens in user mode only (docs/kernel-model.md). */
import { monotonicNs } from "../hal/time";
import { RUNNABLE, STOPPED, Task, ZOMBIE, setWakeTask } from "./task";

/** A task runs this long while others wait. */
export const TIME_SLICE_NS: i64 = 10_000_000;

/** A ring that holds each runnable task but the running one, in order. */
let ring = new StaticArray<Task | null>(64);
let head: i32 = 0;
let count: i32 = 0;
/** When the running task's turn is over. */
let sliceEnd: i64 = 0;

export function schedulerInit(): void {
  setWakeTask(makeRunnable);
}

/** Puts `t` at the end of the queue, whatever it waited for. A zombie stays one. */
export function makeRunnable(t: Task): void {
  if (t.state >= ZOMBIE) return;
  t.leaveQueues();
  t.wakeAt = 0;
  t.state = RUNNABLE;
  enqueue(t);
}

/** The running task goes to the end of the queue. */
export function enqueue(t: Task): void {
  if (t.isQueued) return;
  if (count == ring.length) {
    const bigger = new StaticArray<Task | null>(count * 2);
    for (let i = 0; i < count; i++) bigger[i] = ring[(head + i) % count];
    ring = bigger;
    head = 0;
  }
  ring[(head + count) % ring.length] = t;
  count++;
  t.isQueued = true;
}

/** The next task to run, or null: idle. Starts its time slice. */
export function pickNext(): Task | null {
  while (count > 0) {
    const t = ring[head] as Task;
    ring[head] = null;
    head = (head + 1) % ring.length;
    count--;
    t.isQueued = false;
    // Stopped, or killed while it waited for its turn.
    if (t.state != RUNNABLE) continue;
    sliceEnd = monotonicNs() + TIME_SLICE_NS;
    return t;
  }
  return null;
}

/** Someone else could run. */
export function othersWait(): bool {
  return count > 0;
}

export function sliceEndNs(): i64 {
  return sliceEnd;
}

/** sched_yield: the rest of the slice is given up. */
export function endSlice(): void {
  sliceEnd = 0;
}

/** Runnable tasks, the running one not counted: /proc/loadavg. */
export function readyCount(): i32 {
  return count;
}

/** Takes `t` off the processor until something continues it. */
export function stopTask(t: Task): void {
  t.leaveQueues();
  t.wakeAt = 0;
  t.state = STOPPED;
}
