/** stat: attributes of files, with GNU's -c letters; stat -f and df: attributes of filesystems. */
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { readFile } from "../libc/input";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { cannot, complain } from "../libc/program";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, Stat } from "../libc/stat";
import { readlink, sys } from "../libc/sys";
import { formatTime } from "../libc/time";
import { groupName, userName } from "../libc/users";
import { majorOf, minorOf, modeText } from "./ls";

const scratch: usize = memory.data(4097, 8);
const buffer: usize = memory.data(128, 8);

/** statfs(2) into `buffer`. Returns 0 or -errno. */
function statfs(path: Bytes): i64 {
  const n = min(path.len, 4096);
  memory.copy(scratch, path.ptr, n);
  store<u8>(scratch + n, 0);
  return sys(Nr.statfs, scratch, buffer);
}

function typeName(st: Stat): string {
  switch (st.type) {
    case S_IFREG:
      return st.size == 0 ? "regular empty file" : "regular file";
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "symbolic link";
    case S_IFCHR:
      return "character special file";
    case S_IFBLK:
      return "block special file";
    case S_IFIFO:
      return "fifo";
    default:
      return "socket";
  }
}

const LONG =
  "  File: %N\n  Size: %s\tBlocks: %b\tIO Block: %o\t%F\nDevice: %d\tInode: %i\tLinks: %h\nAccess: (%04a/%A)  Uid: (%u/%U)  Gid: (%g/%G)\nAccess: %x\nModify: %y\nChange: %z\n";

/** stat [-Lft] [-c FORMAT] FILE… */
export function statMain(args: Bytes[]): i32 {
  const o = new Options(args, "Lftc:", "format=c dereference=L file-system=f");
  let follow = false;
  let isFs = false;
  let format: Bytes | null = null;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x4c) follow = true;
    else if (c == 0x66) isFs = true;
    else if (c == 0x63) format = o.value.concat(b("\n"));
  }
  if (o.isBad) return 1;
  const files = o.rest();
  if (files.length == 0) return complain("missing operand");
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    if (isFs) {
      const r = statfs(files[i]);
      if (r < 0) status = cannot("read file system information for", files[i], r);
      else
        showFs(
          format
            ? format
            : b(
                '  File: "%n"\n    ID: %i Namelen: %l Type: %t\nBlock size: %s\nBlocks: Total: %b Free: %f Available: %a\nInodes: Total: %c Free: %d\n',
              ),
          files[i],
        );
      continue;
    }
    const st = new Stat();
    const r = st.of(files[i], !follow);
    if (r < 0) status = cannot("stat", files[i], r);
    else show(format ? format : b(LONG), files[i], st);
  }
  return status;
}

function show(format: Bytes, path: Bytes, st: Stat): void {
  for (let i = 0; i < format.len; i++) {
    if (format[i] != 0x25 || i + 1 == format.len) {
      stdout.byte(format[i]);
      continue;
    }
    let width = 0;
    for (i++; i < format.len - 1 && format[i] >= 0x30 && format[i] <= 0x39; i++) width = width * 10 + format[i] - 0x30;
    switch (format[i]) {
      case 0x6e: // n
        stdout.bytes(path);
        break;
      case 0x4e: {
        // N
        stdout.byte(0x27).bytes(path).byte(0x27);
        const target = st.isLink ? readlink(path) : null;
        if (target) stdout.text(" -> '").bytes(target).byte(0x27);
        break;
      }
      case 0x73: // s
        stdout.dec(st.size);
        break;
      case 0x62: // b
        stdout.dec(st.blocks);
        break;
      case 0x42: // B
        stdout.dec(512);
        break;
      case 0x6f: // o
        stdout.dec(st.blksize);
        break;
      case 0x46: // F
        stdout.text(typeName(st));
        break;
      case 0x66: // f
        stdout.hex(st.mode);
        break;
      case 0x61: // a
        stdout.octal(st.mode & 0o7777, width);
        break;
      case 0x41: // A
        stdout.bytes(modeText(st.mode));
        break;
      case 0x64: // d
        stdout.unsigned(st.dev);
        break;
      case 0x44: // D
        stdout.hex(st.dev);
        break;
      case 0x69: // i
        stdout.unsigned(st.ino);
        break;
      case 0x68: // h
        stdout.unsigned(st.nlink);
        break;
      case 0x75: // u
        stdout.unsigned(st.uid);
        break;
      case 0x67: // g
        stdout.unsigned(st.gid);
        break;
      case 0x55: {
        // U
        const name = userName(st.uid);
        stdout.bytes(name ? name : b("UNKNOWN"));
        break;
      }
      case 0x47: {
        // G
        const name = groupName(st.gid);
        stdout.bytes(name ? name : b("UNKNOWN"));
        break;
      }
      case 0x74: // t
        stdout.hex(majorOf(st.rdev));
        break;
      case 0x54: // T
        stdout.hex(minorOf(st.rdev));
        break;
      case 0x58: // X
        stdout.dec(st.atime);
        break;
      case 0x59: // Y
        stdout.dec(st.mtime);
        break;
      case 0x5a: // Z
        stdout.dec(st.ctime);
        break;
      case 0x78: // x
        stdout.bytes(longTime(st.atime, st.atimeNs));
        break;
      case 0x79: // y
        stdout.bytes(longTime(st.mtime, st.mtimeNs));
        break;
      case 0x7a: // z
        stdout.bytes(longTime(st.ctime, st.ctimeNs));
        break;
      case 0x25:
        stdout.byte(0x25);
        break;
      default:
        stdout.byte(0x3f);
    }
  }
}

function longTime(t: i64, ns: i64): Bytes {
  return formatTime(b("%Y-%m-%d %H:%M:%S.%N %z"), t, ns);
}

/** Words of struct statfs, 8 bytes each. */
function word(i: usize): u64 {
  return load<u64>(buffer + i * 8);
}

/** coreutils' names of the filesystem types that we meet. */
function fsName(type: u64): string {
  if (type == 0x794c7630) return "overlayfs";
  if (type == 0x01021994) return "tmpfs";
  if (type == 0xef53) return "ext2/ext3";
  if (type == 0x9fa0) return "proc";
  return "UNKNOWN (0x" + type.toString(16) + ")";
}

function showFs(format: Bytes, path: Bytes): void {
  for (let i = 0; i < format.len; i++) {
    if (format[i] != 0x25 || i + 1 == format.len) {
      stdout.byte(format[i]);
      continue;
    }
    switch (format[++i]) {
      case 0x6e:
        stdout.bytes(path);
        break;
      case 0x54:
        stdout.text(fsName(word(0)));
        break;
      case 0x74:
        stdout.hex(word(0));
        break;
      case 0x73:
      case 0x53:
        stdout.unsigned(word(1));
        break;
      case 0x62:
        stdout.unsigned(word(2));
        break;
      case 0x66:
        stdout.unsigned(word(3));
        break;
      case 0x61:
        stdout.unsigned(word(4));
        break;
      case 0x63:
        stdout.unsigned(word(5));
        break;
      case 0x64:
        stdout.unsigned(word(6));
        break;
      case 0x69:
        stdout.hex(word(7));
        break;
      case 0x6c:
        stdout.unsigned(word(8));
        break;
      default:
        stdout.byte(0x3f);
    }
  }
}

/** df [-k|-h|-i] [FILE…]: 1 KiB blocks. */
export function df(args: Bytes[]): i32 {
  const o = new Options(args, "khiPaT", "inodes=i");
  let inodes = false;
  for (let c = o.next(); c != 0; c = o.next()) inodes = inodes || c == 0x69;
  if (o.isBad) return 1;
  const files = o.rest();
  const text = readFile(b("/proc/mounts"));
  const mounts = text ? text : b("");
  if (inodes) stdout.text("Filesystem         Inodes    IUsed    IFree IUse% Mounted on\n");
  else stdout.text("Filesystem      1K-blocks     Used Available Use% Mounted on\n");
  let status = 0;
  if (files.length == 0) {
    for (let at = 0; at < mounts.len;) {
      const end = mounts.indexOf(10, at);
      const line = mounts.slice(at, end < 0 ? mounts.len : end);
      const source = field(line, 0);
      const target = field(line, 1);
      if (statfs(target) >= 0 && word(2) != 0) row(source, target, inodes);
      at = end < 0 ? mounts.len : end + 1;
    }
  }
  for (let i = 0; i < files.length; i++) {
    const r = statfs(files[i]);
    if (r < 0) status = cannot("access", files[i], r);
    else row(b("-"), files[i], inodes);
  }
  return status;
}

function field(line: Bytes, n: i32): Bytes {
  let at = 0;
  for (; n > 0; n--) at = line.indexOf(0x20, at) + 1;
  const end = line.indexOf(0x20, at);
  return line.slice(at, end < 0 ? line.len : end);
}

function row(source: Bytes, target: Bytes, inodes: bool): void {
  const unit = max<u64>(word(1), 1);
  const total = inodes ? word(5) : (word(2) * unit) / 1024;
  const free = inodes ? word(6) : (word(3) * unit) / 1024;
  const available = inodes ? free : (word(4) * unit) / 1024;
  const used = total - free;
  stdout.left(source, 15).byte(0x20).unsigned(total, 9).byte(0x20).unsigned(used, 8).byte(0x20);
  stdout.unsigned(available, inodes ? 8 : 9).byte(0x20);
  if (used + available == 0) stdout.text("   -");
  else stdout.unsigned((used * 100 + used + available - 1) / (used + available), 3).byte(0x25);
  stdout.byte(0x20).bytes(target).line();
}
