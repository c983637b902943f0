/** The texts below /proc/PID, proc(5). */
import { Errno } from "../../abi/errno";
import { majorOf, minorOf } from "../../dev/dev-number";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { AddressSpace, TRAMPOLINE } from "../../mm/address-space";
import { UserBuf } from "../../mm/user-buf";
import { PROT_EXEC, PROT_READ, PROT_WRITE, Vma } from "../../mm/vma";
import { FsContext } from "../../proc/held";
import { RLIM_INFINITY, RLIM_NLIMITS } from "../../proc/rlimits";
import { NSIG, SIG_IGN, SIG_DFL, sigBit } from "../../proc/signal-numbers";
import { PARKED_TASK, RUNNABLE, STOPPED, Task } from "../../proc/task";
import { FdTable } from "../../vfs/fd-table";
import { cred } from "../../vfs/fs-context";

const NS_PER_TICK: i64 = 10_000_000;
const PAGE_KIB: u64 = 4;
/** No more than this of a task's arguments or environment is shown. */
const MAX_STRINGS: u64 = 64 << 10;
const SPACE: u8 = 0x20;

function stateLetter(t: Task): u8 {
  if (t.state == RUNNABLE) return 0x52;
  if (t.state == PARKED_TASK) return 0x53;
  return t.state == STOPPED ? 0x54 : 0x5a;
}

function stateName(t: Task): string {
  if (t.state == RUNNABLE) return "R (running)";
  if (t.state == PARKED_TASK) return "S (sleeping)";
  return t.state == STOPPED ? "T (stopped)" : "Z (zombie)";
}

/** [start, end) of the task's memory, cut at MAX_STRINGS; what cannot be read is left out. */
function userText(t: Task, start: u64, end: u64, out: BytesBuilder): Result {
  const m = t.mem;
  if (m == null || end <= start) return 0;
  const raw = Bytes.alloc(<i32>min<u64>(end - start, MAX_STRINGS));
  const r = new UserBuf(m, start, raw.len).readBytes(0, raw);
  if (!failed(r)) out.bytes(raw);
  return 0;
}

export function writeCmdline(t: Task, out: BytesBuilder): Result {
  const m = t.mem;
  return m == null ? 0 : userText(t, m.argStart, m.argEnd, out);
}

export function writeEnviron(t: Task, out: BytesBuilder): Result {
  const m = t.mem;
  return m == null ? 0 : userText(t, m.envStart, m.envEnd, out);
}

/** The signals whose action is `handler`, or, for SIG_DFL, those that are caught. */
function actionMask(t: Task, ignored: bool): u64 {
  let set: u64 = 0;
  for (let sig = 1; sig <= NSIG; sig++) {
    const h = t.signals.action(sig).handler;
    if (ignored ? h == SIG_IGN : h != SIG_IGN && h != SIG_DFL) set |= sigBit(sig);
  }
  return set;
}

function sizeOf(m: AddressSpace | null): u64 {
  return m == null ? 0 : m.vmas.bytes;
}

/** The 52 fields, in one line. */
export function writeStat(t: Task, out: BytesBuilder): Result {
  const m = t.mem;
  const tty = t.terminal;
  out.dec(t.pid).text(" (").bytes(t.comm).text(") ").byte(stateLetter(t));
  out.byte(SPACE).dec(t.ppid).byte(SPACE).dec(t.pgid).byte(SPACE).dec(t.sid);
  out
    .byte(SPACE)
    .unsigned(tty == null ? 0 : tty.rdev)
    .byte(SPACE)
    .dec(tty == null ? -1 : tty.foreground)
    .text(" 4194304");
  out.byte(SPACE).unsigned(t.minorFaults).text(" 0 ").unsigned(t.majorFaults).text(" 0");
  out
    .byte(SPACE)
    .dec(t.userNs / NS_PER_TICK)
    .byte(SPACE)
    .dec(t.systemNs / NS_PER_TICK);
  out
    .byte(SPACE)
    .dec(t.childUserNs / NS_PER_TICK)
    .byte(SPACE)
    .dec(t.childSystemNs / NS_PER_TICK);
  out
    .byte(SPACE)
    .dec(20 + t.nice)
    .byte(SPACE)
    .dec(t.nice)
    .text(" 1 0 ")
    .dec(t.startNs / NS_PER_TICK);
  out
    .byte(SPACE)
    .unsigned(sizeOf(m))
    .byte(SPACE)
    .unsigned(m == null ? 0 : m.residentPages);
  out.byte(SPACE).unsigned(RLIM_INFINITY);
  if (m == null) out.text(" 0 0 0");
  else out.byte(SPACE).unsigned(m.codeStart).byte(SPACE).unsigned(m.codeEnd).byte(SPACE).unsigned(m.startStack);
  out
    .text(" 0 0 ")
    .unsigned(t.signals.pending & 0x7fffffff)
    .byte(SPACE)
    .unsigned(t.signals.blocked & 0x7fffffff);
  out
    .byte(SPACE)
    .unsigned(actionMask(t, true) & 0x7fffffff)
    .byte(SPACE)
    .unsigned(actionMask(t, false) & 0x7fffffff);
  out.text(" 0 0 0 ").dec(t.exitSignal).text(" 0 0 0 0 0 0");
  if (m == null) out.text(" 0 0 0 0 0 0 0 ");
  else {
    out.text(" 0 0 ").unsigned(m.brkStart).byte(SPACE).unsigned(m.argStart).byte(SPACE).unsigned(m.argEnd);
    out.byte(SPACE).unsigned(m.envStart).byte(SPACE).unsigned(m.envEnd).byte(SPACE);
  }
  out.dec(t.exitStatus).byte(0x0a);
  return 0;
}

/** Size, resident, shared, text, library, data, dirty: in pages. */
export function writeStatm(t: Task, out: BytesBuilder): Result {
  const m = t.mem;
  if (m == null) {
    out.text("0 0 0 0 0 0 0\n");
    return 0;
  }
  out
    .unsigned(m.vmas.bytes >> 12)
    .byte(SPACE)
    .unsigned(m.residentPages)
    .text(" 0 ");
  out.unsigned((m.codeEnd - m.codeStart + 0xfff) >> 12).text(" 0 0 0\n");
  return 0;
}

function statusRow(out: BytesBuilder, name: string): BytesBuilder {
  return out.text(name).text(":\t");
}

function memoryRow(out: BytesBuilder, name: string, kib: u64): void {
  statusRow(out, name).unsigned(kib, 8).text(" kB\n");
}

function maskRow(out: BytesBuilder, name: string, mask: u64): void {
  statusRow(out, name).hex(mask, 16).byte(0x0a);
}

export function writeStatus(t: Task, out: BytesBuilder): Result {
  const c = t.cred;
  const fs = t.fs;
  statusRow(out, "Name").bytes(t.comm).byte(0x0a);
  if (fs != null)
    statusRow(out, "Umask")
      .octal((fs as FsContext).umask, 4)
      .byte(0x0a);
  statusRow(out, "State").text(stateName(t)).byte(0x0a);
  statusRow(out, "Tgid").dec(t.pid).text("\nNgid:\t0\n");
  statusRow(out, "Pid").dec(t.pid).byte(0x0a);
  statusRow(out, "PPid").dec(t.ppid).text("\nTracerPid:\t0\n");
  idRow(out, "Uid", c.uid, c.euid, c.suid, c.fsuid);
  idRow(out, "Gid", c.gid, c.egid, c.sgid, c.fsgid);
  const files = <FdTable | null>t.files;
  statusRow(out, "FDSize")
    .dec(files == null ? 0 : max(files.length, 64))
    .byte(0x0a);
  statusRow(out, "Groups");
  for (let i = 0; i < c.groups.length; i++) out.unsigned(c.groups[i]).byte(SPACE);
  out.byte(0x0a);
  statusRow(out, "NStgid").dec(t.pid).byte(0x0a);
  statusRow(out, "NSpid").dec(t.pid).byte(0x0a);
  const m = t.mem;
  if (m != null) {
    memoryRow(out, "VmPeak", m.vmas.bytes >> 10);
    memoryRow(out, "VmSize", m.vmas.bytes >> 10);
    memoryRow(out, "VmLck", 0);
    memoryRow(out, "VmHWM", m.peakPages * PAGE_KIB);
    memoryRow(out, "VmRSS", m.residentPages * PAGE_KIB);
    memoryRow(out, "VmData", (m.brk - m.brkStart) >> 10);
    memoryRow(out, "VmExe", (m.codeEnd - m.codeStart) >> 10);
    memoryRow(out, "VmSwap", 0);
  }
  out.text("Threads:\t1\n");
  maskRow(out, "SigPnd", 0);
  maskRow(out, "ShdPnd", t.signals.pending);
  maskRow(out, "SigBlk", t.signals.blocked);
  maskRow(out, "SigIgn", actionMask(t, true));
  maskRow(out, "SigCgt", actionMask(t, false));
  const caps: u64 = c.isCapable ? 0x1ffffffffff : 0;
  maskRow(out, "CapInh", 0);
  maskRow(out, "CapPrm", caps);
  maskRow(out, "CapEff", caps);
  maskRow(out, "CapBnd", 0x1ffffffffff);
  maskRow(out, "CapAmb", 0);
  statusRow(out, "NoNewPrivs")
    .dec(t.noNewPrivs ? 1 : 0)
    .text("\nSeccomp:\t0\n");
  out.text("Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
  statusRow(out, "voluntary_ctxt_switches").unsigned(t.voluntarySwitches).byte(0x0a);
  statusRow(out, "nonvoluntary_ctxt_switches").unsigned(t.involuntarySwitches).byte(0x0a);
  return 0;
}

function idRow(out: BytesBuilder, name: string, a: u32, e: u32, s: u32, f: u32): void {
  statusRow(out, name).unsigned(a).byte(0x09).unsigned(e).byte(0x09).unsigned(s).byte(0x09).unsigned(f).byte(0x0a);
}

/** Column of the name in maps. */
const NAME_COLUMN: i32 = 73;

export function writeMaps(t: Task, out: BytesBuilder): Result {
  const m = t.mem;
  if (m == null) return 0;
  const me = cred();
  if (!me.isCapable && me.fsuid != t.cred.euid) return fail(Errno.EACCES);
  for (let i = 0; i < m.vmas.length; i++) writeMapping(m.vmas.at(i), out);
  return 0;
}

function writeMapping(v: Vma, out: BytesBuilder): void {
  const start = out.len;
  const p = v.pager;
  out.hex(v.start, 8).byte(0x2d).hex(v.end, 8).byte(SPACE);
  out.byte((v.prot & PROT_READ) != 0 ? 0x72 : 0x2d).byte((v.prot & PROT_WRITE) != 0 ? 0x77 : 0x2d);
  out.byte((v.prot & PROT_EXEC) != 0 ? 0x78 : 0x2d).byte(v.isShared ? 0x73 : 0x70);
  out.byte(SPACE).hex(p == null ? 0 : v.pageOffset << 12, 8);
  const dev = p == null ? <u64>0 : p.device();
  out.byte(SPACE).hex(majorOf(dev), 2).byte(0x3a).hex(minorOf(dev), 2);
  out.byte(SPACE).unsigned(p == null ? <u64>0 : p.ino());
  const hasName = p != null || v.isHeap || v.growsDown || v.start == TRAMPOLINE;
  if (hasName) {
    do out.byte(SPACE);
    while (out.len - start < NAME_COLUMN);
    if (v.start == TRAMPOLINE) out.text("[vdso]");
    else if (v.isHeap) out.text("[heap]");
    else if (v.growsDown) out.text("[stack]");
    else if (p != null) p.writePath(out);
  }
  out.byte(0x0a);
}

const LIMIT_NAMES: StaticArray<string> = [
  "Max cpu time              |seconds",
  "Max file size             |bytes",
  "Max data size             |bytes",
  "Max stack size            |bytes",
  "Max core file size        |bytes",
  "Max resident set          |bytes",
  "Max processes             |processes",
  "Max open files            |files",
  "Max locked memory         |bytes",
  "Max address space         |bytes",
  "Max file locks            |locks",
  "Max pending signals       |signals",
  "Max msgqueue size         |bytes",
  "Max nice priority         |",
  "Max realtime priority     |",
  "Max realtime timeout      |us",
];

export function writeLimits(t: Task, out: BytesBuilder): Result {
  out.text("Limit                     Soft Limit           Hard Limit           Units     \n");
  for (let i = 0; i < RLIM_NLIMITS; i++) {
    const name = LIMIT_NAMES[i];
    const bar = name.indexOf("|");
    out.text(name.substring(0, bar));
    limitColumn(out, t.rlimits.current(i));
    limitColumn(out, t.rlimits.maximum(i));
    out.text(name.substring(bar + 1).padEnd(10)).byte(0x0a);
  }
  return 0;
}

function limitColumn(out: BytesBuilder, v: u64): void {
  const start = out.len;
  if (v == RLIM_INFINITY) out.text("unlimited");
  else out.unsigned(v);
  while (out.len - start < 21) out.byte(SPACE);
}
