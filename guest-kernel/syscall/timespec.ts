/** struct timespec and struct timeval in user memory, as nanoseconds. */
import { Errno } from "../abi/errno";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { userBuf } from "../proc/task";

export const NS_PER_S: i64 = 1_000_000_000;
/** Seconds beyond which nanoseconds do not fit: such a time is as good as never. */
const MAX_SECONDS: i64 = 9_000_000_000;

/** The span at `addr`, >= 0. Errors: -EFAULT, -EINVAL. */
export function readTimespec(addr: u64): Result {
  return readPair(addr, NS_PER_S, 1);
}

export function readTimeval(addr: u64): Result {
  return readPair(addr, 1_000_000, 1000);
}

function readPair(addr: u64, units: i64, unitNs: i64): Result {
  const raw = Bytes.alloc(16);
  const r = userBuf(addr, 16).readBytes(0, raw);
  if (failed(r)) return r;
  const s = load<i64>(raw.ptr);
  const part = load<i64>(raw.ptr, 8);
  if (s < 0 || part < 0 || part >= units) return fail(Errno.EINVAL);
  return min(s, MAX_SECONDS) * NS_PER_S + part * unitNs;
}

/** Errors: -EFAULT. */
export function writeTimespec(addr: u64, ns: i64): Result {
  return writePair(addr, ns, 1);
}

export function writeTimeval(addr: u64, ns: i64): Result {
  return writePair(addr, ns, 1000);
}

function writePair(addr: u64, ns: i64, unitNs: i64): Result {
  const raw = Bytes.alloc(16);
  store<i64>(raw.ptr, ns / NS_PER_S);
  store<i64>(raw.ptr, (ns % NS_PER_S) / unitNs, 8);
  return userBuf(addr, 16).writeBytes(0, raw);
}
