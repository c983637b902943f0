/** fork, vfork and the process form of clone: a new task with a copy (or the loan) of its parent's memory. */
import { Errno } from "../abi/errno";
import { monotonicNs } from "../hal/time";
import { Result, fail } from "../lib/result";
import { AddressSpace } from "../mm/address-space";
import { allocFrame, putFrame } from "../mm/frames";
import { UserBuf } from "../mm/user-buf";
import { saveFp } from "../proc/fp";
import { A0, FRAME_SIZE, SP, TP, skipCall, writeReg } from "../proc/frame";
import { Files, FsContext } from "../proc/held";
import { RLIMIT_NPROC } from "../proc/rlimits";
import { enqueue } from "../proc/scheduler";
import { Task, current } from "../proc/task";
import { addTask, allTasks, allocPid } from "../proc/task-table";

export const CSIGNAL: u64 = 0xff;
export const CLONE_VM: u64 = 0x100;
export const CLONE_FS: u64 = 0x200;
export const CLONE_FILES: u64 = 0x400;
export const CLONE_SIGHAND: u64 = 0x800;
export const CLONE_VFORK: u64 = 0x4000;
export const CLONE_PARENT: u64 = 0x8000;
export const CLONE_THREAD: u64 = 0x10000;
export const CLONE_SYSVSEM: u64 = 0x40000;
export const CLONE_SETTLS: u64 = 0x80000;
export const CLONE_PARENT_SETTID: u64 = 0x100000;
export const CLONE_CHILD_CLEARTID: u64 = 0x200000;
export const CLONE_DETACHED: u64 = 0x400000;
export const CLONE_UNTRACED: u64 = 0x800000;
export const CLONE_CHILD_SETTID: u64 = 0x1000000;
const SUPPORTED: u64 =
  CSIGNAL |
  CLONE_VM |
  CLONE_VFORK |
  CLONE_PARENT |
  CLONE_SYSVSEM |
  CLONE_SETTLS |
  CLONE_PARENT_SETTID |
  CLONE_CHILD_CLEARTID |
  CLONE_DETACHED |
  CLONE_UNTRACED |
  CLONE_CHILD_SETTID;

const MAX_TASKS: i32 = 4096;

/**
 * Makes the child runnable and returns its pid. With CLONE_VM the memory is lent until the child execs or ends; only
 * together with CLONE_VFORK, since two running tasks never share memory here. Errors: -EINVAL, -EAGAIN, -ENOMEM.
 */
export function cloneTask(flags: u64, stack: u64, parentTid: u64, tls: u64, childTid: u64): Result {
  if ((flags & ~SUPPORTED) != 0) return fail(Errno.EINVAL);
  if ((flags & CLONE_VM) != 0 && (flags & CLONE_VFORK) == 0) return fail(Errno.EINVAL);
  const parent = current();
  if (allTasks().length >= MAX_TASKS || overProcessLimit(parent)) return fail(Errno.EAGAIN);

  const frame = allocFrame();
  let mem: AddressSpace | null = null;
  let files: Files | null = null;
  let fs: FsContext | null = null;
  if (frame != 0) mem = (flags & CLONE_VM) != 0 ? lend(parent.space) : parent.space.clone();
  if (mem != null) files = (parent.files as Files).clone();
  if (files != null) fs = (parent.fs as FsContext).clone();
  const pid = fs == null ? 0 : allocPid();
  if (pid == 0) {
    if (fs != null) fs.drop();
    if (files != null) files.closeAll();
    if (mem != null) mem.drop();
    if (frame != 0) putFrame(frame);
    return fail(fs == null ? Errno.ENOMEM : Errno.EAGAIN);
  }

  saveFp(parent);
  memory.copy(frame, parent.frame, FRAME_SIZE);
  const child = new Task(pid, frame);
  inherit(child, parent);
  child.mem = mem;
  child.files = files;
  child.fs = fs;
  child.exitSignal = (flags & CLONE_PARENT) != 0 ? parent.exitSignal : <i32>(flags & CSIGNAL);
  child.isVforkChild = (flags & CLONE_VFORK) != 0;
  const real = (flags & CLONE_PARENT) != 0 && parent.parent != null ? (parent.parent as Task) : parent;
  child.parent = real;
  child.ppid = real.pid;
  real.children.push(child);

  skipCall(frame);
  writeReg(frame, A0, 0);
  if (stack != 0) writeReg(frame, SP, stack);
  if ((flags & CLONE_SETTLS) != 0) writeReg(frame, TP, tls);
  if ((flags & CLONE_PARENT_SETTID) != 0) new UserBuf(parent.space, parentTid, 4).writeU32(0, pid);
  if ((flags & CLONE_CHILD_SETTID) != 0) new UserBuf(child.space, childTid, 4).writeU32(0, pid);
  if ((flags & CLONE_CHILD_CLEARTID) != 0) child.clearTid = childTid;
  addTask(child);
  enqueue(child);
  return pid;
}

function lend(mem: AddressSpace): AddressSpace {
  mem.users++;
  return mem;
}

function overProcessLimit(t: Task): bool {
  if (t.cred.isCapable) return false;
  const limit = t.rlimits.current(RLIMIT_NPROC);
  const tasks = allTasks();
  let n: u64 = 0;
  for (let i = 0; i < tasks.length; i++) if (tasks[i].cred.uid == t.cred.uid) n++;
  return n >= limit;
}

function inherit(child: Task, parent: Task): void {
  child.pgid = parent.pgid;
  child.sid = parent.sid;
  child.terminal = parent.terminal;
  child.cred = parent.cred.clone();
  child.signals = parent.signals.clone();
  child.rlimits = parent.rlimits.clone();
  child.comm = parent.comm;
  const exe = parent.exe;
  if (exe != null) exe.ref();
  child.exe = exe;
  child.nice = parent.nice;
  child.dumpable = parent.dumpable;
  child.noNewPrivs = parent.noNewPrivs;
  child.startNs = monotonicNs();
}
