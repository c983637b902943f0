/**
 * A page fault found no frame, and nothing can be reclaimed: the task with the most memory has to go. Init is spared, as
 * on Linux: its end would be the machine's.
 */
import { LOG_ERR, klogLine } from "../hal/log";
import { BytesBuilder } from "../lib/bytes";
import { freeFrames, reserveFrames } from "../mm/frames";
import { heapBytes } from "../mm/heap";
import { endSlice } from "../proc/scheduler";
import { sendSignal } from "../proc/signal";
import { SIGKILL, SI_KERNEL, sigBit } from "../proc/signal-numbers";
import { SigInfo } from "../proc/signal-state";
import { Task } from "../proc/task";
import { allTasks } from "../proc/task-table";

/** Kills the largest task; `t`, which needs the memory, makes its access again after it has gone. */
export function outOfMemory(t: Task): void {
  const victim = largest();
  // One that is on its way out will give its memory back first.
  if (victim != null && (victim.signals.pending & sigBit(SIGKILL)) == 0) kill(victim);
  if (victim == null) kill(t);
  endSlice();
}

function kill(t: Task): void {
  const line = new BytesBuilder().text("out of memory: killed process ").dec(t.pid).text(" (").bytes(t.comm).text(")");
  klogLine(line, LOG_ERR);
  const state = new BytesBuilder()
    .text("out of memory: ")
    .dec(freeFrames())
    .text(" frames free, ")
    .dec(reserveFrames());
  state
    .text(" in reserve, kernel heap ")
    .unsigned(heapBytes() >> 10)
    .text(" KiB, ")
    .dec(allTasks().length)
    .text(" tasks");
  klogLine(state, LOG_ERR);
  sendSignal(t, new SigInfo(SIGKILL, SI_KERNEL));
}

function largest(): Task | null {
  let found: Task | null = null;
  let most: u64 = 0;
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) {
    const m = tasks[i].mem;
    if (m == null || tasks[i].pid == 1 || m.residentPages < most) continue;
    found = tasks[i];
    most = m.residentPages;
  }
  return found;
}
