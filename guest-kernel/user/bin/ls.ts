/** ls: lists directories. -a -A -l -d -1 -i -n -R -t -S -r -F -h, in columns on a terminal. */
import { TIOCGWINSZ } from "../../abi/termios";
import { Bytes, b } from "../../lib/bytes";
import { isDots, join, listDir } from "../libc/dir";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { cannot, fails } from "../libc/program";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFSOCK, Stat } from "../libc/stat";
import { ioctl, readlink } from "../libc/sys";
import { shortTime } from "../libc/time";
import { groupName, userName } from "../libc/users";

class Flags {
  all: bool = false;
  almostAll: bool = false;
  long: bool = false;
  dirs: bool = false;
  inode: bool = false;
  numeric: bool = false;
  recursive: bool = false;
  byTime: bool = false;
  bySize: bool = false;
  unsorted: bool = false;
  reverse: bool = false;
  classify: bool = false;
  human: bool = false;
  /** -1: one a line even on a terminal. */
  single: bool = false;
}

class Entry {
  constructor(
    public name: Bytes,
    public path: Bytes,
    public st: Stat,
  ) {}
}

let f = new Flags();
const winsize: usize = memory.data(8, 8);

/** "drwxr-xr-t" */
export function modeText(mode: u32): Bytes {
  const s = Bytes.alloc(10);
  const type = mode & 0o170000;
  s[0] =
    type == S_IFDIR
      ? 0x64
      : type == S_IFLNK
        ? 0x6c
        : type == S_IFCHR
          ? 0x63
          : type == S_IFBLK
            ? 0x62
            : type == S_IFIFO
              ? 0x70
              : type == S_IFSOCK
                ? 0x73
                : 0x2d;
  const letters = b("rwxrwxrwx");
  for (let i = 0; i < 9; i++) s[i + 1] = (mode & (0o400 >> i)) != 0 ? letters[i] : 0x2d;
  special(s, 3, (mode & 0o4000) != 0, 0x73);
  special(s, 6, (mode & 0o2000) != 0, 0x73);
  special(s, 9, (mode & 0o1000) != 0, 0x74);
  return s;
}

function special(s: Bytes, at: i32, isSet: bool, letter: u8): void {
  if (isSet) s[at] = s[at] == 0x2d ? letter - 0x20 : letter;
}

function order(a: Entry, c: Entry): i32 {
  let d = 0;
  if (f.byTime) {
    if (a.st.mtime != c.st.mtime) d = a.st.mtime > c.st.mtime ? -1 : 1;
    else if (a.st.mtimeNs != c.st.mtimeNs) d = a.st.mtimeNs > c.st.mtimeNs ? -1 : 1;
  } else if (f.bySize && a.st.size != c.st.size) d = a.st.size > c.st.size ? -1 : 1;
  if (d == 0) d = a.name.compare(c.name);
  return f.reverse ? -d : d;
}

export function ls(args: Bytes[]): i32 {
  f = new Flags();
  const o = new Options(args, "aAld1inRtSUrFhCHL", "all=a almost-all=A recursive=R reverse=r");
  for (let c = o.next(); c != 0; c = o.next()) {
    switch (c) {
      case 0x61:
        f.all = true;
        break;
      case 0x41:
        f.almostAll = true;
        break;
      case 0x6c:
        f.long = true;
        break;
      case 0x64:
        f.dirs = true;
        break;
      case 0x69:
        f.inode = true;
        break;
      case 0x6e:
        f.numeric = f.long = true;
        break;
      case 0x52:
        f.recursive = true;
        break;
      case 0x74:
        f.byTime = true;
        break;
      case 0x53:
        f.bySize = true;
        break;
      case 0x31:
        f.single = true;
        break;
      case 0x55:
        f.unsorted = true;
        break;
      case 0x72:
        f.reverse = true;
        break;
      case 0x46:
        f.classify = true;
        break;
      case 0x68:
        f.human = true;
        break;
    }
  }
  if (o.isBad) return 2;
  const operands = o.rest();
  if (operands.length == 0) operands.push(b("."));
  let status = 0;
  const files: Entry[] = [];
  const dirs: Entry[] = [];
  for (let i = 0; i < operands.length; i++) {
    const st = new Stat();
    let r = f.long || f.dirs ? st.of(operands[i], true) : st.of(operands[i]);
    if (r < 0 && !f.long) r = st.of(operands[i], true);
    if (r < 0) {
      cannot("access", operands[i], r);
      status = 2;
      continue;
    }
    const e = new Entry(operands[i], operands[i], st);
    if (st.isDir && !f.dirs) dirs.push(e);
    else files.push(e);
  }
  if (!f.unsorted) {
    files.sort(order);
    dirs.sort(order);
  }
  print(files);
  const titled = operands.length > 1 || f.recursive;
  for (let i = 0; i < dirs.length; i++) {
    if (i > 0 || files.length > 0) stdout.line();
    status = max(status, listing(dirs[i].path, titled));
  }
  return status;
}

function listing(path: Bytes, titled: bool): i32 {
  const names: Bytes[] = [];
  const r = listDir(path, names);
  if (r < 0) {
    cannot("open directory", path, r);
    return 2;
  }
  if (titled) stdout.bytes(path).text(":").line();
  let status = 0;
  const entries: Entry[] = [];
  for (let i = 0; i < names.length; i++) {
    if (names[i][0] == 0x2e && !f.all && !(f.almostAll && !isDots(names[i]))) continue;
    const e = new Entry(names[i], join(path, names[i]), new Stat());
    const s = e.st.of(e.path, true);
    if (s < 0 && (f.long || f.inode || f.recursive)) status = cannot("access", e.path, s);
    else entries.push(e);
  }
  if (!f.unsorted) entries.sort(order);
  if (f.long) {
    let blocks: i64 = 0;
    for (let i = 0; i < entries.length; i++) blocks += entries[i].st.blocks;
    stdout
      .text("total ")
      .dec(blocks / 2)
      .line();
  }
  print(entries);
  if (!f.recursive) return status;
  for (let i = 0; i < entries.length; i++) {
    if (!entries[i].st.isDir || isDots(entries[i].name)) continue;
    stdout.line();
    status = max(status, listing(entries[i].path, true));
  }
  return status;
}

function widthOf(v: u64): i32 {
  let n = 1;
  for (; v >= 10; v /= 10) n++;
  return n;
}

function owner(name: Bytes | null, id: u32): Bytes {
  return name && !f.numeric ? name : b(id.toString());
}

/** Columns of the terminal on standard output; 0 when it is none, or when each entry has a line of its own. */
function terminalWidth(): i32 {
  if (f.long || f.single || f.inode || ioctl(1, TIOCGWINSZ, winsize) < 0) return 0;
  const columns = <i32>load<u16>(winsize + 2);
  return columns > 0 ? columns : 80;
}

/** What -F puts behind a name, or 0. */
function suffix(st: Stat): u8 {
  if (!f.classify) return 0;
  if (st.isDir) return 0x2f;
  if (st.isLink) return f.long ? 0 : 0x40;
  if (st.type == S_IFIFO) return 0x7c;
  if (st.type == S_IFSOCK) return 0x3d;
  return (st.mode & 0o111) != 0 ? 0x2a : 0;
}

/** Down the columns, all as wide as the longest name. */
function printColumns(entries: Entry[], width: i32): void {
  let widest = 1;
  for (let i = 0; i < entries.length; i++) widest = max(widest, entries[i].name.len + (f.classify ? 1 : 0));
  const perLine = max(width / (widest + 2), 1);
  const rows = (entries.length + perLine - 1) / perLine;
  for (let row = 0; row < rows; row++) {
    for (let i = row; i < entries.length; i += rows) {
      const e = entries[i];
      const mark = suffix(e.st);
      stdout.bytes(e.name);
      if (mark != 0) stdout.byte(mark);
      if (i + rows >= entries.length) break;
      for (let n = e.name.len + (mark != 0 ? 1 : 0); n < widest + 2; n++) stdout.byte(0x20);
    }
    stdout.line();
  }
}

function print(entries: Entry[]): void {
  const width = terminalWidth();
  if (width > 0) return printColumns(entries, width);
  let links = 1;
  let user = 1;
  let group = 1;
  let size = 1;
  let inode = 1;
  for (let i = 0; i < entries.length; i++) {
    const st = entries[i].st;
    inode = max(inode, widthOf(st.ino));
    if (!f.long) continue;
    links = max(links, widthOf(st.nlink));
    user = max(user, owner(userName(st.uid), st.uid).len);
    group = max(group, owner(groupName(st.gid), st.gid).len);
    const isDevice = st.type == S_IFCHR || st.type == S_IFBLK;
    size = max(size, isDevice ? widthOf(majorOf(st.rdev)) + widthOf(minorOf(st.rdev)) + 2 : widthOf(st.size));
  }
  for (let i = 0; i < entries.length; i++) {
    const e = entries[i];
    const st = e.st;
    if (f.inode) stdout.unsigned(st.ino, inode).byte(0x20);
    if (f.long) {
      stdout.bytes(modeText(st.mode)).byte(0x20).unsigned(st.nlink, links).byte(0x20);
      stdout.left(owner(userName(st.uid), st.uid), user).byte(0x20);
      stdout.left(owner(groupName(st.gid), st.gid), group).byte(0x20);
      if (st.type == S_IFCHR || st.type == S_IFBLK) {
        const minor = widthOf(minorOf(st.rdev));
        stdout
          .unsigned(majorOf(st.rdev), size - minor - 2)
          .text(", ")
          .unsigned(minorOf(st.rdev));
      } else if (f.human && st.size >= 1024) {
        stdout.dec((st.size + 1023) / 1024, size).text("K");
      } else stdout.dec(st.size, size);
      stdout.byte(0x20).bytes(shortTime(st.mtime)).byte(0x20);
    }
    stdout.bytes(e.name);
    const mark = suffix(st);
    if (mark != 0) stdout.byte(mark);
    if (f.long && st.isLink) {
      const target = readlink(e.path);
      if (target) stdout.text(" -> ").bytes(target);
      else fails(e.path, -2);
    }
    stdout.line();
  }
}

export function majorOf(dev: u64): u32 {
  return <u32>((dev >> 8) & 0xfff);
}
export function minorOf(dev: u64): u32 {
  return <u32>((dev & 0xff) | ((dev >> 12) & 0xfff00));
}
