/** mount, umount, pivot_root, chroot: what is where in the tree. */
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { execSearch } from "../libc/exec";
import { readFile } from "../libc/input";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { cannot, complain, complainOf, environ, fails } from "../libc/program";
import { strerror } from "../libc/strerror";
import { chdir, chroot, mount, pivotRoot, umount } from "../libc/sys";

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
