/** The machine as a whole: names, memory, log, random bytes, power. */
import { Errno } from "../abi/errno";
import { finish, powerOffStatus, restart } from "../hal/finisher";
import { LOG_INFO, logByte, logEnd, logStart, klog, setConsoleLevel } from "../hal/log";
import { Bytes } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SIZE, freeFrames, totalFrames } from "../mm/frames";
import { checkpoint } from "../proc/checkpoint";
import { fillRandom } from "../proc/random";
import { readyCount } from "../proc/scheduler";
import { current, userBuf } from "../proc/task";
import { allTasks } from "../proc/task-table";
import { HOST_NAME_MAX, uts } from "../proc/uts";
import { uptimeSeconds } from "./time";

const UTS_FIELD: i32 = 65;
const GRND_ALL: u64 = 7;
const GRND_RANDOM_INSECURE: u64 = 6;
const RANDOM_CHUNK: u64 = 4096;

const REBOOT_MAGIC1: u32 = 0xfee1dead;
const REBOOT_MAGIC2: u32 = 672274793;
const REBOOT_MAGIC2A: u32 = 85072278;
const REBOOT_MAGIC2B: u32 = 369367448;
const REBOOT_MAGIC2C: u32 = 537993216;
const REBOOT_RESTART: u32 = 0x01234567;
const REBOOT_HALT: u32 = 0xcdef0123;
const REBOOT_CAD_ON: u32 = 0x89abcdef;
const REBOOT_CAD_OFF: u32 = 0;
const REBOOT_POWER_OFF: u32 = 0x4321fedc;

const SYSLOG_READ_ALL: i32 = 3;
const SYSLOG_READ_CLEAR: i32 = 4;
const SYSLOG_CLEAR: i32 = 5;
const SYSLOG_CONSOLE_OFF: i32 = 6;
const SYSLOG_CONSOLE_ON: i32 = 7;
const SYSLOG_CONSOLE_LEVEL: i32 = 8;
const SYSLOG_SIZE_UNREAD: i32 = 9;
const SYSLOG_SIZE_BUFFER: i32 = 10;

/** struct utsname: six fields of 65 bytes. */
export function sysUname(out: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const raw = Bytes.alloc(UTS_FIELD * 6);
  const fields: StaticArray<Bytes> = [uts.sysname, uts.nodename, uts.release, uts.version, uts.machine, uts.domainname];
  for (let i = 0; i < fields.length; i++) memory.copy(raw.ptr + i * UTS_FIELD, fields[i].ptr, fields[i].len);
  return userBuf(out, raw.len).writeBytes(0, raw);
}

/** A host or domain name. Errors: -EPERM, -EINVAL, -EFAULT. */
function readName(name: u64, len: u64, into: Bytes): Result {
  if (!current().cred.isCapable) return fail(Errno.EPERM);
  if (len > <u64>HOST_NAME_MAX) return fail(Errno.EINVAL);
  return userBuf(name, len).get(0, into.ptr, <usize>len);
}

export function sysSethostname(name: u64, len: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const s = Bytes.alloc(HOST_NAME_MAX);
  const r = readName(name, len, s);
  if (!failed(r)) uts.nodename = s.slice(0, <i32>len);
  return r;
}

export function sysSetdomainname(name: u64, len: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const s = Bytes.alloc(HOST_NAME_MAX);
  const r = readName(name, len, s);
  if (!failed(r)) uts.domainname = s.slice(0, <i32>len);
  return r;
}

/** struct sysinfo, 112 bytes. */
export function sysSysinfo(out: u64, _1: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const raw = Bytes.alloc(112);
  store<i64>(raw.ptr, uptimeSeconds());
  const load16 = (<u64>(readyCount() + 1)) << 16;
  for (let i = 0; i < 3; i++) store<u64>(raw.ptr + 8 + i * 8, load16);
  store<u64>(raw.ptr, <u64>totalFrames() * PAGE_SIZE, 32);
  store<u64>(raw.ptr, <u64>freeFrames() * PAGE_SIZE, 40);
  store<u16>(raw.ptr, <u16>allTasks().length, 80);
  store<u32>(raw.ptr, 1, 104);
  return userBuf(out, raw.len).writeBytes(0, raw);
}

/** Errors: -EINVAL, -EFAULT. */
export function sysGetrandom(buf: u64, len: u64, flags: u64, _3: u64, _4: u64, _5: u64): Result {
  if ((flags & ~GRND_ALL) != 0 || (flags & GRND_RANDOM_INSECURE) == GRND_RANDOM_INSECURE) return fail(Errno.EINVAL);
  const n = min<u64>(len, 0x7fffffff);
  const out = userBuf(buf, n);
  const chunk = Bytes.alloc(<i32>min<u64>(n, RANDOM_CHUNK));
  for (let done: u64 = 0; done < n; done += RANDOM_CHUNK) {
    const part = <usize>min<u64>(n - done, RANDOM_CHUNK);
    fillRandom(chunk.ptr, <i32>part);
    const r = out.put(done, chunk.ptr, part);
    if (failed(r)) return done > 0 ? <Result>done : r;
    if ((done & 0xfffff) == 0 && !checkpoint()) return <Result>(done + part);
  }
  return <Result>n;
}

export function sysGetcpu(cpu: u64, node: u64, _2: u64, _3: u64, _4: u64, _5: u64): Result {
  const r = cpu == 0 ? 0 : userBuf(cpu, 4).writeU32(0, 0);
  return failed(r) || node == 0 ? r : userBuf(node, 4).writeU32(0, 0);
}

/** Errors: -EPERM, -EINVAL. Does not write anything back: reboot(2) never did, programs call sync(2) first. */
export function sysReboot(magic1: u64, magic2: u64, cmd: u64, _3: u64, _4: u64, _5: u64): Result {
  if (!current().cred.isCapable) return fail(Errno.EPERM);
  const m = <u32>magic2;
  const second = m == REBOOT_MAGIC2 || m == REBOOT_MAGIC2A || m == REBOOT_MAGIC2B || m == REBOOT_MAGIC2C;
  if (<u32>magic1 != REBOOT_MAGIC1 || !second) return fail(Errno.EINVAL);
  switch (<u32>cmd) {
    case REBOOT_RESTART:
      klog("reboot: Restarting system");
      restart();
      return 0;
    case REBOOT_HALT:
    case REBOOT_POWER_OFF:
      klog("reboot: Power down");
      finish(powerOffStatus());
      return 0;
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF:
      return 0;
    default:
      return fail(Errno.EINVAL);
  }
}

let clearedAt: u64 = 0;

/** The reading forms and the console level. Errors: -EPERM, -EINVAL, -EFAULT. */
export function sysSyslog(type: u64, buf: u64, len: u64, _3: u64, _4: u64, _5: u64): Result {
  const action = <i32>type;
  if (action != SYSLOG_READ_ALL && action != SYSLOG_SIZE_BUFFER && !current().cred.isCapable) return fail(Errno.EPERM);
  switch (action) {
    case 0:
    case 1:
      return 0;
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR: {
      if (buf == 0 || <i32>len < 0) return fail(Errno.EINVAL);
      const r = readLog(buf, len);
      if (!failed(r) && action == SYSLOG_READ_CLEAR) clearedAt = logEnd();
      return r;
    }
    case SYSLOG_CLEAR:
      clearedAt = logEnd();
      return 0;
    case SYSLOG_CONSOLE_OFF:
      setConsoleLevel(1);
      return 0;
    case SYSLOG_CONSOLE_ON:
      setConsoleLevel(LOG_INFO + 1);
      return 0;
    case SYSLOG_CONSOLE_LEVEL:
      if (len < 1 || len > 8) return fail(Errno.EINVAL);
      setConsoleLevel(<i32>len);
      return 0;
    case SYSLOG_SIZE_UNREAD:
      return <Result>(logEnd() - max(logStart(), clearedAt));
    case SYSLOG_SIZE_BUFFER:
      return 64 << 10;
    default:
      return fail(Errno.EINVAL);
  }
}

/** The newest `len` bytes, from the start of a line. */
function readLog(buf: u64, len: u64): Result {
  const end = logEnd();
  let at = max(logStart(), clearedAt);
  if (end - at > len) {
    at = end - len;
    while (at < end && logByte(at - 1) != 0x0a) at++;
  }
  const n = <i32>(end - at);
  const text = Bytes.alloc(n);
  for (let i = 0; i < n; i++) text[i] = logByte(at + <u64>i);
  const r = userBuf(buf, n).writeBytes(0, text);
  return failed(r) ? r : n;
}
