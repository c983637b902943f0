/** mount, umount, pivot_root, chroot, getfattr, setfattr, dmesg, poweroff, reboot, kill, ps, hostname, stty-free consoles. */
import { Nr } from "../../abi/nr";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { listDir } from "../libc/dir";
import { execSearch } from "../libc/exec";
import { readFile } from "../libc/input";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { cannot, complain, complainOf, environ, fails } from "../libc/program";
import { strerror } from "../libc/strerror";
import { Stat } from "../libc/stat";
import {
  chdir,
  chroot,
  getxattr,
  kill,
  listxattr,
  mount,
  pivotRoot,
  removexattr,
  setxattr,
  sys,
  umount,
} from "../libc/sys";
import { userName } from "../libc/users";

const SIZE: usize = 65536;
const buffer: usize = memory.data(65536, 8);

const MS_RDONLY: u64 = 1;
const MS_REMOUNT: u64 = 32;
const MS_BIND: u64 = 4096;

/** One option of mount -o that is a flag: name, bits to set, bits to clear. */
class MountFlag {
  constructor(
    public name: string,
    public set: u64,
    public clear: u64 = 0,
  ) {}
}

const MOUNT_FLAGS: MountFlag[] = [
  new MountFlag("defaults", 0),
  new MountFlag("ro", MS_RDONLY),
  new MountFlag("rw", 0, MS_RDONLY),
  new MountFlag("nosuid", 2),
  new MountFlag("suid", 0, 2),
  new MountFlag("nodev", 4),
  new MountFlag("dev", 0, 4),
  new MountFlag("noexec", 8),
  new MountFlag("exec", 0, 8),
  new MountFlag("sync", 16),
  new MountFlag("async", 0, 16),
  new MountFlag("remount", MS_REMOUNT),
  new MountFlag("noatime", 1024),
  new MountFlag("atime", 0, 1024),
  new MountFlag("nodiratime", 2048),
  new MountFlag("bind", MS_BIND),
  new MountFlag("move", 8192),
  new MountFlag("rbind", MS_BIND | 16384),
  new MountFlag("silent", 32768),
  new MountFlag("private", 1 << 18),
  new MountFlag("rprivate", (1 << 18) | 16384),
  new MountFlag("relatime", 1 << 21),
  new MountFlag("strictatime", 1 << 24),
];

/** mount [-t TYPE] [-o OPTIONS] [-rw] [--bind|--move] SOURCE TARGET; without operands: what is mounted. */
export function mountMain(args: Bytes[]): i32 {
  const o = new Options(args, "t:o:rwBMvn", "bind=B move=M types=t options=o");
  let type = b("");
  let flags: u64 = 0;
  const data = new BytesBuilder();
  for (let c = o.next(); c != 0; c = o.next()) {
    switch (c) {
      case 0x74:
        type = o.value;
        break;
      case 0x72:
        flags |= MS_RDONLY;
        break;
      case 0x77:
        flags &= ~MS_RDONLY;
        break;
      case 0x42:
        flags |= MS_BIND;
        break;
      case 0x4d:
        flags |= 8192;
        break;
      case 0x6f:
        flags = options(o.value, flags, data);
        break;
    }
  }
  if (o.isBad) return 1;
  const operands = o.rest();
  if (operands.length == 0) return showMounts(type);
  const target = operands[operands.length - 1];
  const source = operands.length > 1 ? operands[0] : b("none");
  const r = mount(source, target, type, flags, data.take());
  if (r >= 0) return 0;
  return complainOf(target, "mounting " + text(source) + " failed: " + strerror(<i32>r)) + 31;
}

function text(s: Bytes): string {
  return String.UTF8.decodeUnsafe(s.ptr, s.len);
}

/** Sorts comma-separated options into flags and the filesystem's own data; `\,` does not separate. */
function options(list: Bytes, flags: u64, data: BytesBuilder): u64 {
  for (let at = 0; at < list.len;) {
    let end = at;
    while (end < list.len && list[end] != 0x2c) end += list[end] == 0x5c ? 2 : 1;
    const item = list.slice(at, end);
    at = end + 1;
    let known = false;
    for (let i = 0; i < MOUNT_FLAGS.length; i++) {
      if (!item.equals(b(MOUNT_FLAGS[i].name))) continue;
      flags = (flags | MOUNT_FLAGS[i].set) & ~MOUNT_FLAGS[i].clear;
      known = true;
    }
    if (known || item.len == 0) continue;
    if (data.len > 0) data.byte(0x2c);
    data.bytes(item);
  }
  return flags;
}

function showMounts(type: Bytes): i32 {
  const mounts = readFile(b("/proc/mounts"));
  if (!mounts) return complain("cannot read /proc/mounts");
  for (let at = 0; at < mounts.len;) {
    const end = mounts.indexOf(10, at) < 0 ? mounts.len : mounts.indexOf(10, at);
    const f = fields(mounts.slice(at, end));
    at = end + 1;
    if (f.length < 4 || (type.len > 0 && !f[2].equals(type))) continue;
    stdout.bytes(f[0]).text(" on ").bytes(f[1]).text(" type ").bytes(f[2]).text(" (").bytes(f[3]).text(")").line();
  }
  return 0;
}

function fields(line: Bytes): Bytes[] {
  const list: Bytes[] = [];
  for (let at = 0; at < line.len;) {
    const end = line.indexOf(0x20, at) < 0 ? line.len : line.indexOf(0x20, at);
    if (end > at) list.push(line.slice(at, end));
    at = end + 1;
  }
  return list;
}

/** umount [-lf] TARGET… */
export function umountMain(args: Bytes[]): i32 {
  const o = new Options(args, "lfnrv", "lazy=l force=f");
  let flags: u32 = 0;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x6c) flags |= 2;
    else if (c == 0x66) flags |= 1;
  }
  if (o.isBad) return 1;
  const targets = o.rest();
  if (targets.length == 0) return complain("missing operand");
  let status = 0;
  for (let i = 0; i < targets.length; i++) {
    const r = umount(targets[i], flags);
    if (r < 0) status = complainOf(targets[i], strerror(<i32>r)) + 31;
  }
  return status;
}

/** pivot_root NEW PUT_OLD */
export function pivotRootMain(args: Bytes[]): i32 {
  if (args.length != 3) return complain("needs two operands");
  const r = pivotRoot(args[1], args[2]);
  return r < 0 ? complainOf(args[1], "failed to change root: " + strerror(<i32>r)) : 0;
}

/** chroot DIR [COMMAND…] */
export function chrootMain(args: Bytes[]): i32 {
  if (args.length < 2) return complain("missing operand");
  let r = chroot(args[1]);
  if (r >= 0) r = chdir(b("/"));
  if (r < 0) {
    cannot("change root directory to", args[1], r);
    return 125;
  }
  const command = args.length > 2 ? args.slice(2) : [b("/bin/sh"), b("-i")];
  r = execSearch(command, environ);
  fails(command[0], r);
  return r == -2 ? 127 : 126;
}

/** getfattr [-n NAME] [-d] [-m -|PREFIX] [-h] [--only-values] [--absolute-names] FILE… */
export function getfattr(args: Bytes[]): i32 {
  const o = new Options(
    args,
    "n:dm:he:vR",
    "name=n dump=d match=m only-values=v absolute-names=R no-dereference=h encoding=e",
  );
  let name: Bytes | null = null;
  let dump = false;
  let bare = false;
  let noFollow = false;
  let hex = false;
  let prefix = b("user.");
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x6e) name = o.value;
    else if (c == 0x64) dump = true;
    else if (c == 0x76) bare = true;
    else if (c == 0x68) noFollow = true;
    else if (c == 0x65) hex = o.value.equals(b("hex"));
    else if (c == 0x6d) {
      prefix = o.value.equals(b("-")) || o.value.equals(b(".")) ? b("") : o.value;
      if (prefix.len > 0 && prefix[0] == 0x5e) prefix = prefix.slice(1);
    }
  }
  if (o.isBad) return 2;
  const files = o.rest();
  if (files.length == 0) return complain("missing operand") + 1;
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    if (name) {
      const r = getxattr(files[i], name, buffer, SIZE, noFollow);
      if (r < 0) {
        const why = r == -61 ? "No such attribute" : strerror(<i32>r);
        status = complainOf(files[i], text(name) + ": " + why);
      } else if (bare) stdout.raw(buffer, <usize>r);
      else {
        heading(files[i]);
        show(name, <i32>r, hex);
        stdout.line();
      }
      continue;
    }
    status = max(status, list(files[i], prefix, dump, noFollow, hex));
  }
  return status;
}

function heading(path: Bytes): void {
  let at = 0;
  while (at < path.len && path[at] == 0x2f) at++;
  stdout.text("# file: ").bytes(path.slice(at)).line();
}

/** NAME="value" of `buffer`, or 0x… where it holds control characters. */
function show(name: Bytes, n: i32, hex: bool): void {
  stdout.bytes(name);
  for (let i = 0; i < n; i++) if (load<u8>(buffer + i) < 0x20 || load<u8>(buffer + i) > 0x7e) hex = true;
  if (hex) {
    stdout.text("=0x");
    for (let i = 0; i < n; i++) stdout.hex(load<u8>(buffer + i), 2);
  } else {
    stdout.text('="');
    for (let i = 0; i < n; i++) {
      const c = load<u8>(buffer + i);
      if (c == 0x22 || c == 0x5c) stdout.byte(0x5c);
      stdout.byte(c);
    }
    stdout.byte(0x22);
  }
  stdout.line();
}

function list(path: Bytes, prefix: Bytes, dump: bool, noFollow: bool, hex: bool): i32 {
  const r = listxattr(path, buffer, SIZE, noFollow);
  if (r < 0) return fails(path, r);
  const names: Bytes[] = [];
  for (let at = 0; at < <i32>r;) {
    let n = 0;
    while (load<u8>(buffer + at + n) != 0) n++;
    const name = Bytes.copyOf(buffer + at, n);
    if (name.startsWith(prefix)) names.push(name);
    at += n + 1;
  }
  if (names.length == 0) return 0;
  names.sort((x, y) => x.compare(y));
  heading(path);
  for (let i = 0; i < names.length; i++) {
    if (!dump) {
      stdout.bytes(names[i]).line();
      continue;
    }
    const n = getxattr(path, names[i], buffer, SIZE, noFollow);
    if (n >= 0) show(names[i], <i32>n, hex);
  }
  stdout.line();
  return 0;
}

/** setfattr -n NAME [-v VALUE] FILE… | -x NAME FILE…; VALUE may be 0x… */
export function setfattr(args: Bytes[]): i32 {
  const o = new Options(args, "n:v:x:h", "name=n value=v remove=x no-dereference=h");
  let name: Bytes | null = null;
  let value = b("");
  let remove = false;
  let noFollow = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x76) value = decode(o.value);
    else if (c == 0x68) noFollow = true;
    else {
      name = o.value;
      remove = c == 0x78;
    }
  }
  if (o.isBad) return 2;
  const files = o.rest();
  if (!name || files.length == 0) return complain("missing operand") + 1;
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    const r = remove ? removexattr(files[i], name, noFollow) : setxattr(files[i], name, value, 0, noFollow);
    if (r < 0) status = complainOf(files[i], r == -61 ? "No such attribute" : strerror(<i32>r));
  }
  return status;
}

function decode(s: Bytes): Bytes {
  if (s.len < 2 || s[0] != 0x30 || (s[1] | 0x20) != 0x78) return s;
  const r = Bytes.alloc((s.len - 2) / 2);
  for (let i = 0; i < r.len; i++) r[i] = <u8>((digit(s[2 + i * 2]) << 4) | digit(s[3 + i * 2]));
  return r;
}

function digit(c: u8): u32 {
  return c <= 0x39 ? c - 0x30 : (c | 0x20) - 0x57;
}

/** dmesg: the kernel's log. */
export function dmesg(args: Bytes[]): i32 {
  const READ_ALL: u64 = 3;
  const r = sys(Nr.syslog, READ_ALL, buffer, SIZE);
  if (r < 0) return fails(b("read kernel buffer failed"), r);
  let lineStart = true;
  let skip = false;
  for (let i = 0; i < <i32>r; i++) {
    const c = load<u8>(buffer + i);
    // A line may begin with its level: <6>.
    if (lineStart && c == 0x3c) skip = true;
    if (!skip) stdout.byte(c);
    if (skip && c == 0x3e) skip = false;
    lineStart = c == 10;
  }
  return args.length > 0 ? 0 : 1;
}

const RESTART: u64 = 0x01234567;
const POWER_OFF: u64 = 0x4321fedc;
const HALT: u64 = 0xcdef0123;

/** poweroff, reboot, halt: syncs and asks the kernel. */
export function power(args: Bytes[]): i32 {
  const command = args[0].endsWith(b("reboot")) ? RESTART : args[0].endsWith(b("halt")) ? HALT : POWER_OFF;
  sys(Nr.sync);
  const r = sys(Nr.reboot, 0xfee1dead, 672274793, command, 0);
  return fails(args[0], r);
}

const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";

/** A signal's number from its number or its name with or without SIG, or -1. */
export function signalNumber(s: Bytes): i32 {
  const v = parseDec(s);
  if (isNumber) return v >= 0 && v <= 64 ? <i32>v : -1;
  if (s.startsWith(b("SIG"))) s = s.slice(3);
  const names = SIGNALS.split(" ");
  for (let i = 0; i < names.length; i++) if (b(names[i]).equals(s)) return i + 1;
  return s.equals(b("EXIT")) ? 0 : -1;
}

export function signalName(sig: i32): string {
  const names = SIGNALS.split(" ");
  return sig >= 1 && sig <= names.length ? names[sig - 1] : sig.toString();
}

/** kill [-SIGNAL | -s SIGNAL] PID… | -l */
export function killMain(args: Bytes[]): i32 {
  let sig = 15;
  let at = 1;
  if (args.length > 1 && args[1].len > 1 && args[1][0] == 0x2d) {
    if (args[1].equals(b("-l"))) {
      const names = SIGNALS.split(" ");
      for (let i = 0; i < names.length; i++) stdout.text(names[i]).byte(i + 1 < names.length ? 0x20 : 10);
      return 0;
    }
    const isSeparate = args[1].equals(b("-s"));
    if (isSeparate && args.length < 3) return complain("missing signal");
    if (!args[1].equals(b("--"))) sig = signalNumber(isSeparate ? args[2] : args[1].slice(1));
    if (sig < 0) return complainOf(args[isSeparate ? 2 : 1], "invalid signal");
    at = isSeparate ? 3 : 2;
  }
  if (at >= args.length) return complain("missing process id");
  let status = 0;
  for (; at < args.length; at++) {
    const pid = parseDec(args[at]);
    if (!isNumber) status = complainOf(args[at], "arguments must be process or job IDs");
    else {
      const r = kill(<i32>pid, sig);
      if (r < 0) status = fails(args[at], r);
    }
  }
  return status;
}

/** ps: every process, as busybox shows them. */
export function ps(_args: Bytes[]): i32 {
  const names: Bytes[] = [];
  const r = listDir(b("/proc"), names);
  if (r < 0) return fails(b("/proc"), r);
  const pids: i32[] = [];
  for (let i = 0; i < names.length; i++) {
    const pid = parseDec(names[i]);
    if (isNumber) pids.push(<i32>pid);
  }
  pids.sort((x, y) => x - y);
  stdout.text("PID   USER     STAT COMMAND\n");
  for (let i = 0; i < pids.length; i++) {
    const dir = "/proc/" + pids[i].toString();
    const stat = readFile(b(dir + "/stat"));
    const cmdline = readFile(b(dir + "/cmdline"));
    const st = new Stat();
    if (!stat || !cmdline || st.of(b(dir)) < 0) continue;
    const open = stat.indexOf(0x28);
    let close = stat.len - 1;
    while (close > open && stat[close] != 0x29) close--;
    const owner = userName(st.uid);
    stdout
      .left(b(pids[i].toString()), 5)
      .byte(0x20)
      .left(owner ? owner : b(st.uid.toString()), 8)
      .byte(0x20);
    stdout.left(stat.slice(close + 2, close + 3), 4).byte(0x20);
    if (cmdline.len == 0)
      stdout
        .byte(0x5b)
        .bytes(stat.slice(open + 1, close))
        .byte(0x5d);
    for (let k = 0; k < cmdline.len - 1; k++) stdout.byte(cmdline[k] == 0 ? 0x20 : cmdline[k]);
    stdout.line();
  }
  return 0;
}

/** hostname [NAME] */
export function hostname(args: Bytes[]): i32 {
  if (args.length > 1) {
    const r = sys(Nr.sethostname, args[1].ptr, args[1].len);
    return r < 0 ? fails(b("sethostname"), r) : 0;
  }
  sys(Nr.uname, buffer);
  for (let p = buffer + 65; load<u8>(p) != 0; p++) stdout.byte(load<u8>(p));
  stdout.line();
  return 0;
}
