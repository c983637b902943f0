/** Clocks, sleeps and interval timers. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { monotonicNs, realtimeNs, setRealtimeNs } from "../hal/time";
import { ERESTARTSYS, ERESTART_RESTARTBLOCK, PARKED, deadlineAfter, expired, parkUntil } from "../proc/park";
import { Task, current, userBuf } from "../proc/task";
import { deadlineSet } from "../proc/timer";
import { NS_PER_S, readTimespec, readTimeval, writeTimespec, writeTimeval } from "./timespec";

const CLOCK_REALTIME: i32 = 0;
const CLOCK_MONOTONIC: i32 = 1;
const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
const CLOCK_MONOTONIC_RAW: i32 = 4;
const CLOCK_REALTIME_COARSE: i32 = 5;
const CLOCK_MONOTONIC_COARSE: i32 = 6;
const CLOCK_BOOTTIME: i32 = 7;
const TIMER_ABSTIME: u64 = 1;
const ITIMER_REAL: i32 = 0;
/** The timebase of every board that we know: 10 MHz. */
const RESOLUTION_NS: i64 = 100;
const COARSE_NS: i64 = 4_000_000;
const NS_PER_TICK: i64 = 10_000_000;

/** The clock's value in ns. Errors: -EINVAL. */
function readClock(id: i32): Result {
  const t = current();
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) return realtimeNs();
  if (id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID) {
    return t.userNs + t.systemNs + (monotonicNs() - t.clockedAt);
  }
  if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME)
    return monotonicNs();
  return fail(Errno.EINVAL);
}

export function sysClockGettime(id: u64, out: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const ns = readClock(<i32>id);
  return failed(ns) ? ns : writeTimespec(out, ns);
}

/** Errors: -EINVAL, -EPERM, -EFAULT. */
export function sysClockSettime(id: u64, spec: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (<i32>id != CLOCK_REALTIME) return fail(Errno.EINVAL);
  const ns = readTimespec(spec);
  if (failed(ns)) return ns;
  if (!current().cred.isCapable) return fail(Errno.EPERM);
  setRealtimeNs(ns);
  return 0;
}

export function sysClockGetres(id: u64, out: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = readClock(<i32>id);
  if (failed(r)) return r;
  const coarse = <i32>id == CLOCK_REALTIME_COARSE || <i32>id == CLOCK_MONOTONIC_COARSE;
  return out == 0 ? 0 : writeTimespec(out, coarse ? COARSE_NS : RESOLUTION_NS);
}

export function sysGettimeofday(tv: u64, tz: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = tv == 0 ? 0 : writeTimeval(tv, realtimeNs());
  if (failed(r) || tz == 0) return r;
  return userBuf(tz, 8).zero(0, 8);
}

/** Errors: -EFAULT, -EINVAL, -EPERM. The time zone is nobody's business. */
export function sysSettimeofday(tv: u64, _tz: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  if (tv == 0) return 0;
  const ns = readTimeval(tv);
  if (failed(ns)) return ns;
  if (!current().cred.isCapable) return fail(Errno.EPERM);
  setRealtimeNs(ns);
  return 0;
}

/** Sleeps until `deadline`; a signal's handler ends it with -EINTR and the rest at `rem`, a stop does not. */
function sleepUntil(deadline: i64, rem: u64): Result {
  if (expired(deadline)) return 0;
  const r = parkUntil(null, deadline);
  if (r == PARKED || r != fail(ERESTARTSYS)) return r;
  if (rem != 0) {
    const w = writeTimespec(rem, max(deadline - monotonicNs(), 0));
    if (failed(w)) return w;
  }
  return fail(ERESTART_RESTARTBLOCK);
}

/** Errors: -EFAULT, -EINVAL, -EINTR. */
export function sysNanosleep(req: u64, rem: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const ns = readTimespec(req);
  return failed(ns) ? ns : sleepUntil(deadlineAfter(ns), rem);
}

/** Errors: -EINVAL, -EOPNOTSUPP (a CPU clock), -EFAULT, -EINTR. */
export function sysClockNanosleep(id: u64, flags: u64, req: u64, rem: u64, _4: u64, _5: u64): Result {
  const now = readClock(<i32>id);
  if (failed(now)) return now;
  if (<i32>id == CLOCK_THREAD_CPUTIME_ID) return fail(Errno.EINVAL);
  if (<i32>id == CLOCK_PROCESS_CPUTIME_ID) return fail(Errno.EOPNOTSUPP);
  const ns = readTimespec(req);
  if (failed(ns)) return ns;
  if ((flags & TIMER_ABSTIME) == 0) return sleepUntil(deadlineAfter(ns), rem);
  return sleepUntil(deadlineAfter(max(ns - now, 0)), 0);
}

/** struct itimerval of what is left. */
function writeTimer(t: Task, out: u64): Result {
  const r = writeTimeval(out, t.alarmEvery);
  return failed(r) ? r : writeTimeval(out + 16, t.alarmAt == 0 ? 0 : max(t.alarmAt - monotonicNs(), 1000));
}

export function sysGetitimer(which: u64, out: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  return <i32>which == ITIMER_REAL ? writeTimer(current(), out) : fail(Errno.EINVAL);
}

/** Errors: -EINVAL, -EFAULT. */
export function sysSetitimer(which: u64, spec: u64, old: u64, _3: u64, _4: u64, _5: u64): Result {
  if (<i32>which != ITIMER_REAL) return fail(Errno.EINVAL);
  let every: Result = 0;
  let first: Result = 0;
  if (spec != 0) {
    every = readTimeval(spec);
    if (failed(every)) return every;
    first = readTimeval(spec + 16);
    if (failed(first)) return first;
  }
  const t = current();
  if (old != 0) {
    const r = writeTimer(t, old);
    if (failed(r)) return r;
  }
  t.alarmEvery = every;
  t.alarmAt = first == 0 ? 0 : monotonicNs() + first;
  if (first != 0) deadlineSet(t.alarmAt);
  return 0;
}

/** struct tms, in ticks of 1/100 s. */
export function sysTimes(out: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const t = current();
  if (out != 0) {
    const raw = Bytes.alloc(32);
    store<i64>(raw.ptr, t.userNs / NS_PER_TICK);
    store<i64>(raw.ptr, t.systemNs / NS_PER_TICK, 8);
    store<i64>(raw.ptr, t.childUserNs / NS_PER_TICK, 16);
    store<i64>(raw.ptr, t.childSystemNs / NS_PER_TICK, 24);
    const r = userBuf(out, 32).writeBytes(0, raw);
    if (failed(r)) return r;
  }
  return monotonicNs() / NS_PER_TICK;
}

/** Whole seconds since boot: sysinfo and /proc. */
export function uptimeSeconds(): i64 {
  return monotonicNs() / NS_PER_S;
}
