/** ppoll and pselect6: look at every file; when none is ready, sleep on all of their queues and look again. */
import { Errno } from "../abi/errno";
import { O_PATH } from "../abi/fcntl";
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from "../dev/char-device";
import { monotonicNs } from "../hal/time";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { U64Out } from "../mm/user-buf";
import { FOREVER, deadlineAfter, expired, noRestart, parkOn } from "../proc/park";
import { RLIMIT_NOFILE } from "../proc/rlimits";
import { UNBLOCKABLE_MASK } from "../proc/signal-numbers";
import { current, userBuf } from "../proc/task";
import { WaitQueue } from "../proc/wait-queue";
import { fileOf } from "../vfs/fd-table";
import { readTimespec, writeTimespec } from "./timespec";

const POLLPRI: u32 = 2;
const POLLNVAL: u32 = 32;
const POLLRDNORM: u32 = 64;
const POLLWRNORM: u32 = 256;
const SIGSET_SIZE: u64 = 8;
/** struct pollfd: fd at 0 (32 bits), events at 4, revents at 6 (16 bits each). */
const POLLFD_SIZE: i32 = 8;
const FD_SETSIZE: i32 = 1024;

/** When the call began waiting: the same at every restart. Errors: -EFAULT, -EINVAL. 0 address: for ever. */
function readDeadline(addr: u64): Result {
  if (addr == 0) return FOREVER;
  const ns = readTimespec(addr);
  return failed(ns) ? ns : deadlineAfter(ns);
}

/** The mask of the call's duration, in force from its first round on. Errors: -EINVAL, -EFAULT. */
function applyMask(addr: u64, size: u64): Result {
  if (addr == 0) return 0;
  if (size != SIGSET_SIZE) return fail(Errno.EINVAL);
  const v = new U64Out();
  const r = userBuf(addr, 8).readU64(0, v);
  if (failed(r)) return r;
  const s = current().signals;
  if (!s.hasSavedMask) {
    s.savedMask = s.blocked;
    s.hasSavedMask = true;
  }
  s.blocked = v.value & ~UNBLOCKABLE_MASK;
  return 0;
}

/** The call ends without a signal: the mask is as before. */
function restoreMask(): void {
  const s = current().signals;
  if (!s.hasSavedMask) return;
  s.blocked = s.savedMask;
  s.hasSavedMask = false;
}

/** The time left, for the caller; what cannot be written is no error. */
function writeLeft(addr: u64, deadline: i64): void {
  if (addr != 0) writeTimespec(addr, max<i64>(deadline - monotonicNs(), 0));
}

/** What of `wanted` holds for descriptor `fd`; with none, its queues are added. */
function check(fd: i32, wanted: u32, queues: Array<WaitQueue>): u32 {
  const f = fileOf(fd);
  if (f == null || (f.flags & O_PATH) != 0) return POLLNVAL;
  let now = f.poll();
  if ((now & POLLIN) != 0) now |= POLLRDNORM;
  if ((now & POLLOUT) != 0) now |= POLLWRNORM;
  now &= wanted | POLLERR | POLLHUP;
  if (now == 0) f.addWaiters(queues);
  return now;
}

/** Errors: -EINVAL, -EFAULT, -EINTR. Returns how many entries have something to report. */
export function sysPpoll(fds: u64, count: u64, timeout: u64, mask: u64, size: u64, _5: u64): Result {
  if (count > current().rlimits.current(RLIMIT_NOFILE)) return fail(Errno.EINVAL);
  const deadline = readDeadline(timeout);
  if (failed(deadline)) return deadline;
  let r = applyMask(mask, size);
  if (failed(r)) return r;
  const raw = Bytes.alloc(<i32>count * POLLFD_SIZE);
  const user = userBuf(fds, raw.len);
  r = user.readBytes(0, raw);
  const queues = new Array<WaitQueue>();
  let ready = 0;
  for (let i = 0; i < <i32>count && !failed(r); i++) {
    const p = raw.ptr + i * POLLFD_SIZE;
    const fd = load<i32>(p);
    const got = fd < 0 ? 0 : check(fd, load<u16>(p, 4), queues);
    store<u16>(p, <u16>got, 6);
    if (got != 0) ready++;
  }
  if (!failed(r) && ready == 0 && !expired(deadline)) return noRestart(parkOn(queues, deadline));
  restoreMask();
  if (!failed(r)) r = user.writeBytes(0, raw);
  if (deadline != FOREVER) writeLeft(timeout, deadline);
  return failed(r) ? r : ready;
}

/** One fd_set of pselect6: what was asked, and what is answered. */
@final
class FdSet {
  asked: Bytes;
  ready: Bytes;

  constructor(
    private addr: u64,
    bytes: i32,
  ) {
    this.asked = Bytes.alloc(bytes);
    this.ready = Bytes.alloc(bytes);
  }

  read(): Result {
    return this.addr == 0 ? 0 : userBuf(this.addr, this.asked.len).readBytes(0, this.asked);
  }
  write(): Result {
    return this.addr == 0 ? 0 : userBuf(this.addr, this.ready.len).writeBytes(0, this.ready);
  }
  has(fd: i32): bool {
    return ((<u32>this.asked[fd >> 3]) & ((<u32>1) << (fd & 7))) != 0;
  }
  add(fd: i32): void {
    this.ready[fd >> 3] |= <u8>((<u32>1) << (fd & 7));
  }
}

/** Errors: -EINVAL, -EFAULT, -EBADF, -EINTR. `sig`: a pointer to {mask pointer, size}. */
export function sysPselect6(n: u64, readSet: u64, writeSet: u64, exceptSet: u64, timeout: u64, sig: u64): Result {
  const count = <i32>n;
  if (count < 0) return fail(Errno.EINVAL);
  const fds = min(count, FD_SETSIZE);
  const deadline = readDeadline(timeout);
  if (failed(deadline)) return deadline;
  let r = selectMask(sig);
  if (failed(r)) return r;
  const bytes = ((fds + 63) >> 6) << 3;
  const reads = new FdSet(readSet, bytes);
  const writes = new FdSet(writeSet, bytes);
  const excepts = new FdSet(exceptSet, bytes);
  r = reads.read();
  if (!failed(r)) r = writes.read();
  if (!failed(r)) r = excepts.read();
  const queues = new Array<WaitQueue>();
  let ready = 0;
  for (let fd = 0; fd < fds && !failed(r); fd++) {
    const wanted = (reads.has(fd) ? POLLIN : 0) | (writes.has(fd) ? POLLOUT : 0) | (excepts.has(fd) ? POLLPRI : 0);
    if (wanted == 0) continue;
    const got = check(fd, wanted, queues);
    if (got == POLLNVAL) r = fail(Errno.EBADF);
    if (reads.has(fd) && (got & (POLLIN | POLLHUP | POLLERR)) != 0) {
      reads.add(fd);
      ready++;
    }
    if (writes.has(fd) && (got & (POLLOUT | POLLERR)) != 0) {
      writes.add(fd);
      ready++;
    }
  }
  if (!failed(r) && ready == 0 && !expired(deadline)) return noRestart(parkOn(queues, deadline));
  restoreMask();
  if (!failed(r)) r = reads.write();
  if (!failed(r)) r = writes.write();
  if (!failed(r)) r = excepts.write();
  if (deadline != FOREVER) writeLeft(timeout, deadline);
  return failed(r) ? r : ready;
}

function selectMask(sig: u64): Result {
  if (sig == 0) return 0;
  const addr = new U64Out();
  const size = new U64Out();
  let r = userBuf(sig, 16).readU64(0, addr);
  if (!failed(r)) r = userBuf(sig, 16).readU64(8, size);
  return failed(r) ? r : applyMask(addr.value, size.value);
}
