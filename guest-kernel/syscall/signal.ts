/** Signals: kill and its kin, actions, masks. Sending is proc/signal, delivery proc/deliver. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { U64Out } from "../mm/user-buf";
import { readReg, SP } from "../proc/frame";
import { FOREVER, FRAME_WRITTEN, deadlineAfter, expired, interrupted, noRestart, parkUntil } from "../proc/park";
import { forceSignal, hasSignal, isCatchable, isValidSignal, maySignal, sendSignal } from "../proc/signal";
import {
  SIGSEGV,
  SIG_BLOCK,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SI_KERNEL,
  SI_TKILL,
  SI_USER,
  UNBLOCKABLE_MASK,
  sigBit,
} from "../proc/signal-numbers";
import { SigInfo } from "../proc/signal-state";
import { isOnAltStack, leaveHandler, writeSigInfo } from "../proc/sigframe";
import { Task, current, userBuf } from "../proc/task";
import { allTasks, findTask } from "../proc/task-table";
import { readTimespec } from "./timespec";

const SIGSET_SIZE: u64 = 8;
const SIGINFO_SIZE: i32 = 128;
const SS_ONSTACK: u32 = 1;
const SS_DISABLE: u32 = 2;
const SS_AUTODISARM: u32 = 0x80000000;
const MINSIGSTKSZ: u64 = 2048;

function send(t: Task, sig: i32, code: i32): Result {
  if (!maySignal(t, sig)) return fail(Errno.EPERM);
  const me = current();
  return sig == 0 ? 0 : sendSignal(t, new SigInfo(sig, code, me.pid, me.cred.uid));
}

/** Errors: -EINVAL, -ESRCH, -EPERM (when it reached nobody). */
export function sysKill(pid64: u64, sig64: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const pid = <i32>pid64;
  const sig = <i32>sig64;
  if (sig != 0 && !isValidSignal(sig)) return fail(Errno.EINVAL);
  if (pid > 0) {
    const t = findTask(pid);
    return t == null ? fail(Errno.ESRCH) : send(t, sig, SI_USER);
  }
  if (pid == i32.MIN_VALUE) return fail(Errno.ESRCH);
  const me = current();
  const group = pid == 0 ? me.pgid : -pid;
  let r = fail(Errno.ESRCH);
  const tasks = allTasks();
  for (let i = 0; i < tasks.length; i++) {
    const t = tasks[i];
    if (pid == -1 ? t.pid == 1 || t === me : t.pgid != group) continue;
    const sent = send(t, sig, SI_USER);
    if (!failed(sent)) r = 0;
    else if (failed(r) && sent != fail(Errno.ESRCH)) r = sent;
  }
  return r;
}

export function sysTkill(tid: u64, sig: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return sysTgkill(tid, tid, sig, 0, 0, 0);
}

/** Errors: -EINVAL, -ESRCH, -EPERM. */
export function sysTgkill(tgid: u64, tid: u64, sig64: u64, _3: u64, _4: u64, _5: u64): Result {
  const sig = <i32>sig64;
  if (<i32>tgid <= 0 || <i32>tid <= 0 || (sig != 0 && !isValidSignal(sig))) return fail(Errno.EINVAL);
  const t = findTask(<i32>tid);
  if (t == null || t.tgid != <i32>tgid) return fail(Errno.ESRCH);
  return send(t, sig, SI_TKILL);
}

/** Errors: -EINVAL, -EFAULT, -EPERM, -ESRCH. */
export function sysRtSigqueueinfo(pid: u64, sig64: u64, info: u64, _3: u64, _4: u64, _5: u64): Result {
  const sig = <i32>sig64;
  const raw = Bytes.alloc(SIGINFO_SIZE);
  const r = userBuf(info, SIGINFO_SIZE).readBytes(0, raw);
  if (failed(r)) return r;
  if (sig != 0 && !isValidSignal(sig)) return fail(Errno.EINVAL);
  const code = load<i32>(raw.ptr, 8);
  const me = current();
  if ((code >= 0 || code == SI_TKILL) && <i32>pid != me.pid) return fail(Errno.EPERM);
  const t = findTask(<i32>pid);
  if (t == null) return fail(Errno.ESRCH);
  if (!maySignal(t, sig)) return fail(Errno.EPERM);
  if (sig == 0) return 0;
  return sendSignal(t, new SigInfo(sig, code, load<i32>(raw.ptr, 16), load<u32>(raw.ptr, 20), load<u64>(raw.ptr, 24)));
}

/** struct sigaction: handler, flags, mask. Errors: -EINVAL, -EFAULT. */
export function sysRtSigaction(sig64: u64, act: u64, old: u64, size: u64, _4: u64, _5: u64): Result {
  const sig = <i32>sig64;
  if (size != SIGSET_SIZE || !isValidSignal(sig) || (act != 0 && !isCatchable(sig))) return fail(Errno.EINVAL);
  const s = current().signals;
  const a = s.action(sig);
  const raw = Bytes.alloc(24);
  const before = Bytes.alloc(24);
  store<u64>(before.ptr, a.handler);
  store<u64>(before.ptr, a.flags, 8);
  store<u64>(before.ptr, a.mask, 16);
  if (act != 0) {
    const r = userBuf(act, 24).readBytes(0, raw);
    if (failed(r)) return r;
    a.handler = load<u64>(raw.ptr);
    a.flags = load<u64>(raw.ptr, 8);
    a.mask = load<u64>(raw.ptr, 16) & ~UNBLOCKABLE_MASK;
    if (s.ignores(sig)) s.discard(sigBit(sig));
  }
  return old == 0 ? 0 : userBuf(old, 24).writeBytes(0, before);
}

/** Errors: -EINVAL, -EFAULT. */
export function sysRtSigprocmask(how: u64, set: u64, old: u64, size: u64, _4: u64, _5: u64): Result {
  if (size != SIGSET_SIZE) return fail(Errno.EINVAL);
  const s = current().signals;
  const before = s.blocked;
  if (set != 0) {
    const v = new U64Out();
    const r = userBuf(set, 8).readU64(0, v);
    if (failed(r)) return r;
    if (<i32>how == SIG_BLOCK) s.blocked |= v.value;
    else if (<i32>how == SIG_UNBLOCK) s.blocked &= ~v.value;
    else if (<i32>how == SIG_SETMASK) s.blocked = v.value;
    else return fail(Errno.EINVAL);
    s.blocked &= ~UNBLOCKABLE_MASK;
  }
  return old == 0 ? 0 : userBuf(old, 8).writeU64(0, before);
}

export function sysRtSigpending(set: u64, size: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (size > SIGSET_SIZE) return fail(Errno.EINVAL);
  const s = current().signals;
  return userBuf(set, 8).writeU64(0, s.pending & s.blocked);
}

/** Ends with -EINTR once a handler has run; the old mask comes back with the handler's return. */
export function sysRtSigsuspend(set: u64, size: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (size != SIGSET_SIZE) return fail(Errno.EINVAL);
  const s = current().signals;
  const v = new U64Out();
  const r = userBuf(set, 8).readU64(0, v);
  if (failed(r)) return r;
  if (!s.hasSavedMask) {
    s.savedMask = s.blocked;
    s.hasSavedMask = true;
  }
  s.blocked = v.value & ~UNBLOCKABLE_MASK;
  return noRestart(parkUntil(null, FOREVER));
}

/** Errors: -EINVAL, -EFAULT, -EAGAIN (timeout), -EINTR. */
export function sysRtSigtimedwait(set: u64, info: u64, timeout: u64, size: u64, _4: u64, _5: u64): Result {
  if (size != SIGSET_SIZE) return fail(Errno.EINVAL);
  const t = current();
  const s = t.signals;
  const v = new U64Out();
  let r = userBuf(set, 8).readU64(0, v);
  if (failed(r)) return r;
  let ns: i64 = -1;
  if (timeout != 0) {
    r = readTimespec(timeout);
    if (failed(r)) return r;
    ns = r;
  }
  const wanted = v.value & ~UNBLOCKABLE_MASK;
  s.waited = 0;
  const found = s.pending & wanted;
  if (found != 0) {
    const taken = s.take(<i32>ctz(found) + 1);
    if (info != 0) {
      const raw = Bytes.alloc(SIGINFO_SIZE);
      writeSigInfo(raw.ptr, taken);
      r = userBuf(info, SIGINFO_SIZE).writeBytes(0, raw);
      if (failed(r)) return r;
    }
    return taken.signo;
  }
  const deadline = deadlineAfter(ns);
  if (expired(deadline)) return fail(Errno.EAGAIN);
  if (hasSignal(t)) return fail(Errno.EINTR);
  s.waited = wanted;
  return interrupted(parkUntil(null, deadline));
}

export function sysRtSigreturn(_0: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const t = current();
  if (failed(leaveHandler(t))) forceSignal(t, new SigInfo(SIGSEGV, SI_KERNEL));
  return FRAME_WRITTEN;
}

/** stack_t: sp, flags, size. Errors: -EFAULT, -EPERM (in use), -EINVAL, -ENOMEM (too small). */
export function sysSigaltstack(ss: u64, old: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const t = current();
  const s = t.signals;
  const inUse = isOnAltStack(t, readReg(t.frame, SP));
  const before = Bytes.alloc(24);
  store<u64>(before.ptr, s.altSp);
  store<u32>(before.ptr, (s.altFlags & SS_DISABLE) != 0 ? SS_DISABLE : inUse ? SS_ONSTACK : 0, 8);
  store<u64>(before.ptr, s.altSize, 16);
  if (ss != 0) {
    const raw = Bytes.alloc(24);
    const r = userBuf(ss, 24).readBytes(0, raw);
    if (failed(r)) return r;
    if (inUse) return fail(Errno.EPERM);
    const flags = load<u32>(raw.ptr, 8);
    const mode = flags & ~SS_AUTODISARM;
    if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE) return fail(Errno.EINVAL);
    const size = load<u64>(raw.ptr, 16);
    if (mode != SS_DISABLE && size < MINSIGSTKSZ) return fail(Errno.ENOMEM);
    s.altFlags = mode == SS_DISABLE ? SS_DISABLE : 0;
    s.altSp = mode == SS_DISABLE ? 0 : load<u64>(raw.ptr);
    s.altSize = mode == SS_DISABLE ? 0 : size;
  }
  return old == 0 ? 0 : userBuf(old, 24).writeBytes(0, before);
}
