/** Tasks: making, replacing, ending, waiting; groups and sessions; limits and accounts. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { BytesOut, U64Out, copyInString } from "../mm/user-buf";
import { UserArgs } from "../exec/arg-list";
import { execve } from "../exec/exec";
import { CLONE_VFORK, cloneTask } from "../exec/fork";
import { exitTask } from "../proc/exit";
import { futexWait, futexWake } from "../proc/futex";
import { FOREVER, FRAME_WRITTEN, deadlineAfter, parkKillable } from "../proc/park";
import { RLIM_NLIMITS } from "../proc/rlimits";
import { endSlice } from "../proc/scheduler";
import { Task, current, userBuf } from "../proc/task";
import { findTask, groupInSession } from "../proc/task-table";
import { monotonicNs, realtimeNs } from "../hal/time";
import { readTimespec } from "./timespec";

const PATH_MAX: i32 = 4096;

export function sysGetpid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return current().pid;
}

export function sysGetppid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return current().ppid;
}

export function sysExit(code: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  exitTask(current(), ((<i32>code) & 0xff) << 8);
  return FRAME_WRITTEN;
}

/** Arguments in riscv64's order: flags, stack, parent_tid, tls, child_tid. */
export function sysClone(flags: u64, stack: u64, parentTid: u64, tls: u64, childTid: u64, _5: u64): Result {
  const p = current().progress;
  if (p.stage == 0) {
    const pid = cloneTask(flags, stack, parentTid, tls, childTid);
    if (failed(pid) || (flags & CLONE_VFORK) == 0) return pid;
    p.stage = 1;
    p.value = pid;
  }
  const child = findTask(<i32>p.value);
  if (child == null || !child.isVforkChild) return p.value;
  return parkKillable(child.vforkDone);
}

/** Errors: the path's, -ENOEXEC, -EFAULT, -E2BIG, -ENOMEM; see exec/exec. */
export function sysExecve(path: u64, argv: u64, envp: u64, _3: u64, _4: u64, _5: u64): Result {
  const s = current().space;
  const name = new BytesOut();
  let r = copyInString(s, path, PATH_MAX, name);
  if (failed(r)) return r;
  if (name.bytes.len == 0) return fail(Errno.ENOENT);
  r = execve(name.bytes, new UserArgs(s, argv), new UserArgs(s, envp));
  return failed(r) ? r : FRAME_WRITTEN;
}

export function sysSetTidAddress(addr: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  current().clearTid = addr;
  return current().pid;
}

const FUTEX_WAIT: i32 = 0;
const FUTEX_WAKE: i32 = 1;
const FUTEX_WAIT_BITSET: i32 = 9;
const FUTEX_WAKE_BITSET: i32 = 10;
const FUTEX_CLOCK_REALTIME: i32 = 256;
const FUTEX_PRIVATE_FLAG: i32 = 128;

/** Errors: -ENOSYS (another operation), -EINVAL, -EFAULT, -EAGAIN, -ETIMEDOUT, -EINTR. */
export function sysFutex(addr: u64, op64: u64, value: u64, timeout: u64, _4: u64, bits: u64): Result {
  const op = (<i32>op64) & ~(FUTEX_CLOCK_REALTIME | FUTEX_PRIVATE_FLAG);
  const hasBits = op == FUTEX_WAIT_BITSET || op == FUTEX_WAKE_BITSET;
  if (hasBits && <u32>bits == 0) return fail(Errno.EINVAL);
  if (op == FUTEX_WAKE || op == FUTEX_WAKE_BITSET) return futexWake(current().space, addr, <i32>value);
  if (op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET) return fail(Errno.ENOSYS);
  let deadline = FOREVER;
  if (timeout != 0) {
    const ns = readTimespec(timeout);
    if (failed(ns)) return ns;
    const now = ((<i32>op64) & FUTEX_CLOCK_REALTIME) != 0 ? realtimeNs() : monotonicNs();
    deadline = deadlineAfter(op == FUTEX_WAIT ? ns : max(ns - now, 0));
  }
  return futexWait(addr, <u32>value, deadline);
}

export function sysSchedYield(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  endSlice();
  return 0;
}

/** The task that `pid` names, 0 being the caller, or null: -ESRCH. */
function taskOf(pid: u64): Task | null {
  return <i32>pid == 0 ? current() : findTask(<i32>pid);
}

/** Returns the size of the mask written. Errors: -EINVAL, -ESRCH, -EFAULT. */
export function sysSchedGetaffinity(pid: u64, len: u64, mask: u64, _3: u64, _4: u64, _5: u64): Result {
  if (len < 8 || (len & 7) != 0) return fail(Errno.EINVAL);
  if (taskOf(pid) == null) return fail(Errno.ESRCH);
  const r = userBuf(mask, 8).writeU64(0, 1);
  return failed(r) ? r : 8;
}

/** Errors: -EFAULT, -ESRCH, -EINVAL (our one hart is not in the mask). */
export function sysSchedSetaffinity(pid: u64, len: u64, mask: u64, _3: u64, _4: u64, _5: u64): Result {
  const v = new U64Out();
  const raw = Bytes.alloc(8);
  const r = userBuf(mask, 8).get(0, raw.ptr, <usize>min<u64>(len, 8));
  if (failed(r)) return r;
  v.value = load<u64>(raw.ptr);
  if (taskOf(pid) == null) return fail(Errno.ESRCH);
  return (v.value & 1) == 0 ? fail(Errno.EINVAL) : 0;
}

const PRIO_PROCESS: i32 = 0;

/** Only one process at a time. Errors: -EINVAL, -ESRCH, -EPERM, -EACCES. */
export function sysSetpriority(which: u64, who: u64, nice64: u64, _3: u64, _4: u64, _5: u64): Result {
  if (<i32>which != PRIO_PROCESS) return fail(Errno.EINVAL);
  const t = taskOf(who);
  if (t == null) return fail(Errno.ESRCH);
  const me = current().cred;
  if (!me.isCapable && me.euid != t.cred.uid && me.euid != t.cred.euid) return fail(Errno.EPERM);
  const nice = min(max(<i32>nice64, -20), 19);
  if (nice < t.nice && !me.isCapable) return fail(Errno.EACCES);
  t.nice = nice;
  return 0;
}

/** Returns 20 - nice. */
export function sysGetpriority(which: u64, who: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (<i32>which != PRIO_PROCESS) return fail(Errno.EINVAL);
  const t = taskOf(who);
  return t == null ? fail(Errno.ESRCH) : 20 - t.nice;
}

/** Errors, in order: -EINVAL, -ESRCH, -EPERM (another session, a session leader), -EACCES (has run execve), -EPERM (no such group). */
export function sysSetpgid(pid: u64, pgid64: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const me = current();
  const t = taskOf(pid);
  const pgid = <i32>pgid64 == 0 ? (t == null ? 0 : t.pid) : <i32>pgid64;
  if (<i32>pgid64 < 0) return fail(Errno.EINVAL);
  if (t == null || !t.isAlive || (t !== me && t.parent !== me)) return fail(Errno.ESRCH);
  if (t !== me && t.sid != me.sid) return fail(Errno.EPERM);
  if (t !== me && t.hasExeced) return fail(Errno.EACCES);
  if (t.sid == t.pid) return fail(Errno.EPERM);
  if (pgid != t.pid && !groupInSession(pgid, me.sid)) return fail(Errno.EPERM);
  t.pgid = pgid;
  return 0;
}

export function sysGetpgid(pid: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const t = taskOf(pid);
  return t == null ? fail(Errno.ESRCH) : t.pgid;
}

export function sysGetsid(pid: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const t = taskOf(pid);
  return t == null ? fail(Errno.ESRCH) : t.sid;
}

/** Errors: -EPERM (leads a group already). */
export function sysSetsid(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const t = current();
  if (t.pgid == t.pid || groupInSession(t.pid, t.sid)) return fail(Errno.EPERM);
  t.sid = t.pid;
  t.pgid = t.pid;
  t.terminal = null;
  return t.pid;
}

/** Errors: -EINVAL, -ESRCH, -EPERM, -EFAULT. */
export function sysPrlimit64(pid: u64, which64: u64, set: u64, old: u64, _4: u64, _5: u64): Result {
  const which = <i32>which64;
  if (which < 0 || which >= RLIM_NLIMITS) return fail(Errno.EINVAL);
  const t = taskOf(pid);
  if (t == null) return fail(Errno.ESRCH);
  const me = current().cred;
  if (t !== current() && !me.isCapable && me.uid != t.cred.uid) return fail(Errno.EPERM);
  const soft = t.rlimits.current(which);
  const hard = t.rlimits.maximum(which);
  if (set != 0) {
    const raw = Bytes.alloc(16);
    const r = userBuf(set, 16).readBytes(0, raw);
    if (failed(r)) return r;
    const newSoft = load<u64>(raw.ptr);
    const newHard = load<u64>(raw.ptr, 8);
    if (newSoft > newHard) return fail(Errno.EINVAL);
    if (newHard > hard && !me.isCapable) return fail(Errno.EPERM);
    t.rlimits.set(which, newSoft, newHard);
  }
  if (old == 0) return 0;
  const r = userBuf(old, 16).writeU64(0, soft);
  return failed(r) ? r : userBuf(old, 16).writeU64(8, hard);
}

export function sysGetrlimit(which: u64, out: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return sysPrlimit64(0, which, 0, out, 0, 0);
}

export function sysSetrlimit(which: u64, set: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return sysPrlimit64(0, which, set, 0, 0, 0);
}

const PR_SET_PDEATHSIG: i32 = 1;
const PR_GET_PDEATHSIG: i32 = 2;
const PR_GET_DUMPABLE: i32 = 3;
const PR_SET_DUMPABLE: i32 = 4;
const PR_GET_KEEPCAPS: i32 = 7;
const PR_SET_NAME: i32 = 15;
const PR_GET_NAME: i32 = 16;
const PR_CAPBSET_READ: i32 = 23;
const PR_GET_SECUREBITS: i32 = 27;
const PR_SET_NO_NEW_PRIVS: i32 = 38;
const PR_GET_NO_NEW_PRIVS: i32 = 39;
const CAP_LAST: u64 = 40;
const COMM_SIZE: i32 = 16;

export function sysPrctl(option: u64, a: u64, b: u64, c: u64, d: u64, _5: u64): Result {
  const t = current();
  switch (<i32>option) {
    case PR_SET_PDEATHSIG:
      if (a > 64) return fail(Errno.EINVAL);
      t.parentDeathSignal = <i32>a;
      return 0;
    case PR_GET_PDEATHSIG:
      return userBuf(a, 4).writeU32(0, t.parentDeathSignal);
    case PR_GET_DUMPABLE:
      return t.dumpable;
    case PR_SET_DUMPABLE:
      if (a > 1) return fail(Errno.EINVAL);
      t.dumpable = <i32>a;
      return 0;
    case PR_SET_NAME: {
      const raw = Bytes.alloc(COMM_SIZE);
      const name = new BytesOut();
      let r = copyInString(t.space, a, COMM_SIZE, name);
      if (r == fail(Errno.ENAMETOOLONG)) {
        r = userBuf(a, COMM_SIZE).readBytes(0, raw);
        name.bytes = raw.slice(0, COMM_SIZE - 1);
      }
      if (!failed(r)) t.comm = name.bytes;
      return failed(r) ? r : 0;
    }
    case PR_GET_NAME: {
      const raw = Bytes.alloc(COMM_SIZE);
      memory.copy(raw.ptr, t.comm.ptr, t.comm.len);
      return userBuf(a, COMM_SIZE).writeBytes(0, raw);
    }
    case PR_CAPBSET_READ:
      return a > CAP_LAST ? fail(Errno.EINVAL) : 1;
    case PR_GET_KEEPCAPS:
    case PR_GET_SECUREBITS:
      return 0;
    case PR_SET_NO_NEW_PRIVS:
      if (a != 1 || b != 0 || c != 0 || d != 0) return fail(Errno.EINVAL);
      t.noNewPrivs = true;
      return 0;
    case PR_GET_NO_NEW_PRIVS:
      return t.noNewPrivs ? 1 : 0;
    default:
      return fail(Errno.EINVAL);
  }
}
