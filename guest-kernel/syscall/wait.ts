/** wait4, waitid and getrusage: what became of children, and what they used. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { reapTask } from "../proc/exit";
import { park } from "../proc/park";
import { CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIGCHLD, SIGCONT } from "../proc/signal-numbers";
import { Task, ZOMBIE, current, userBuf } from "../proc/task";

const WNOHANG: i32 = 1;
const WUNTRACED: i32 = 2;
const WSTOPPED: i32 = 2;
const WEXITED: i32 = 4;
const WCONTINUED: i32 = 8;
const WNOWAIT: i32 = 0x01000000;
/** __WNOTHREAD, __WALL, __WCLONE: all children are processes here. */
const WLINUX: i32 = <i32>0xe0000000;
const STOPPED_STATUS: i32 = 0x7f;
const CONTINUED_STATUS: i32 = 0xffff;
const RUSAGE_SIZE: i32 = 144;
const RUSAGE_SELF: i32 = 0;
const RUSAGE_CHILDREN: i32 = -1;
const RUSAGE_THREAD: i32 = 1;
const P_ALL: i32 = 0;
const P_PID: i32 = 1;
const P_PGID: i32 = 2;
const PAGE_KIB: u64 = 4;

/** The child found, and what happened to it. */
@final
class Found {
  child: Task | null = null;
  /** As wait4 shows it. */
  status: i32 = 0;
  code: i32 = 0;
  /** Exit code or signal: si_status. */
  value: i32 = 0;
}

/** pid as wait4's: -1 any, 0 my group, < -1 that group. */
function isWanted(c: Task, pid: i32): bool {
  if (pid == -1) return true;
  if (pid == 0) return c.pgid == current().pgid;
  return pid > 0 ? c.pid == pid : c.pgid == -pid;
}

/** 1 with `out` filled, 0: nothing yet. Errors: -ECHILD. */
function look(pid: i32, options: i32, out: Found): Result {
  const children = current().children;
  let any = false;
  for (let i = 0; i < children.length; i++) {
    const c = children[i];
    if (!isWanted(c, pid)) continue;
    any = true;
    if (c.state == ZOMBIE && (options & WEXITED) != 0) {
      const sig = c.exitStatus & 0x7f;
      return report(out, c, c.exitStatus, sig != 0 ? CLD_KILLED : CLD_EXITED, sig != 0 ? sig : c.exitStatus >> 8);
    }
    if (c.stopReport != 0 && (options & WUNTRACED) != 0) {
      return report(out, c, (c.stopReport << 8) | STOPPED_STATUS, CLD_STOPPED, c.stopReport);
    }
    if (c.continueReport && (options & WCONTINUED) != 0)
      return report(out, c, CONTINUED_STATUS, CLD_CONTINUED, SIGCONT);
  }
  return any ? 0 : fail(Errno.ECHILD);
}

function report(out: Found, c: Task, status: i32, code: i32, value: i32): Result {
  out.child = c;
  out.status = status;
  out.code = code;
  out.value = value;
  return 1;
}

/** The event has been told: it will not be again. */
function consume(f: Found): void {
  const c = f.child as Task;
  if (f.code == CLD_STOPPED) c.stopReport = 0;
  else if (f.code == CLD_CONTINUED) c.continueReport = false;
  else reapTask(c);
}

/** Errors: -EINVAL, -ECHILD, -EFAULT, -EINTR. */
export function sysWait4(pid: u64, status: u64, options64: u64, usage: u64, _4: u64, _5: u64): Result {
  const options = <i32>options64;
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | WLINUX)) != 0) return fail(Errno.EINVAL);
  const found = new Found();
  const r = look(<i32>pid, options | WEXITED, found);
  if (failed(r)) return r;
  if (r == 0) return (options & WNOHANG) != 0 ? 0 : park(current().childEvents);
  const c = found.child as Task;
  const id = c.pid;
  const raw = usageOf(c.userNs + c.childUserNs, c.systemNs + c.childSystemNs, c);
  consume(found);
  if (usage != 0) {
    const w = userBuf(usage, RUSAGE_SIZE).writeBytes(0, raw);
    if (failed(w)) return w;
  }
  if (status != 0) {
    const w = userBuf(status, 4).writeU32(0, found.status);
    if (failed(w)) return w;
  }
  return id;
}

/** Errors: -EINVAL, -ECHILD, -EFAULT, -EINTR. */
export function sysWaitid(type: u64, id: u64, info: u64, options64: u64, usage: u64, _5: u64): Result {
  const options = <i32>options64;
  const events = options & (WEXITED | WSTOPPED | WCONTINUED);
  if (events == 0 || (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WLINUX)) != 0)
    return fail(Errno.EINVAL);
  const which = <i32>type;
  if (which != P_ALL && which != P_PID && which != P_PGID) return fail(Errno.EINVAL);
  if (which == P_PID && <i32>id <= 0) return fail(Errno.EINVAL);
  const pid = which == P_ALL ? -1 : which == P_PID ? <i32>id : -(<i32>id);
  const found = new Found();
  const r = look(pid, events, found);
  if (failed(r)) return r;
  if (r == 0 && (options & WNOHANG) == 0) return park(current().childEvents);
  const raw = Bytes.alloc(128);
  const c = found.child;
  let used = Bytes.alloc(RUSAGE_SIZE);
  if (c != null) {
    store<i32>(raw.ptr, SIGCHLD);
    store<i32>(raw.ptr, found.code, 8);
    store<i32>(raw.ptr, c.pid, 16);
    store<u32>(raw.ptr, c.cred.uid, 20);
    store<i32>(raw.ptr, found.value, 24);
    used = usageOf(c.userNs + c.childUserNs, c.systemNs + c.childSystemNs, c);
    if ((options & WNOWAIT) == 0) consume(found);
  }
  if (usage != 0 && c != null) {
    const w = userBuf(usage, RUSAGE_SIZE).writeBytes(0, used);
    if (failed(w)) return w;
  }
  if (info == 0) return 0;
  const w = userBuf(info, 128).writeBytes(0, raw);
  return failed(w) ? w : 0;
}

/** struct rusage. */
function usageOf(userNs: i64, systemNs: i64, t: Task | null): Bytes {
  const raw = Bytes.alloc(RUSAGE_SIZE);
  store<i64>(raw.ptr, userNs / 1_000_000_000);
  store<i64>(raw.ptr, (userNs % 1_000_000_000) / 1000, 8);
  store<i64>(raw.ptr, systemNs / 1_000_000_000, 16);
  store<i64>(raw.ptr, (systemNs % 1_000_000_000) / 1000, 24);
  if (t == null) return raw;
  const mem = t.mem;
  if (mem != null) store<u64>(raw.ptr, mem.peakPages * PAGE_KIB, 32);
  store<u64>(raw.ptr, t.minorFaults, 64);
  store<u64>(raw.ptr, t.majorFaults, 72);
  store<u64>(raw.ptr, t.voluntarySwitches, 128);
  store<u64>(raw.ptr, t.involuntarySwitches, 136);
  return raw;
}

/** Errors: -EINVAL, -EFAULT. */
export function sysGetrusage(who64: u64, out: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const who = <i32>who64;
  const t = current();
  if (who == RUSAGE_CHILDREN)
    return userBuf(out, RUSAGE_SIZE).writeBytes(0, usageOf(t.childUserNs, t.childSystemNs, null));
  if (who != RUSAGE_SELF && who != RUSAGE_THREAD) return fail(Errno.EINVAL);
  return userBuf(out, RUSAGE_SIZE).writeBytes(0, usageOf(t.userNs, t.systemNs, t));
}
