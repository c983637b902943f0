/** cp and mv: copying and moving files and trees. */
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY, AT_SYMLINK_NOFOLLOW } from "../../abi/fcntl";
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { baseName, isDots, join, listDir } from "../libc/dir";
import { Options } from "../libc/options";
import { stderr, stdout } from "../libc/out";
import { cannot, complain, complainOf, programName } from "../libc/program";
import { S_IFIFO, S_IFLNK, S_IFREG, Stat } from "../libc/stat";
import {
  chmod,
  chown,
  close,
  getxattr,
  link,
  listxattr,
  mkdir,
  mknod,
  open,
  read,
  readlink,
  rename,
  setxattr,
  symlink,
  unlink,
  utimens,
  writeAll,
} from "../libc/sys";
import { removeTree } from "./rm";

const SIZE: usize = 65536;
const buffer: usize = memory.data(65536);
const times: usize = memory.data(32, 8);
const RENAME_NOREPLACE: u32 = 1;

let recursive = false;
let force = false;
/** -p: mode, owner and times; -a: links and xattrs, too. */
let preserve = false;
let preserveAll = false;
let noFollow = false;
let noClobber = false;
let sources = new Map<u64, Bytes>();

/** Where the last operand leads: into a directory, or to a name. Null after a message. */
function destination(names: Bytes[], noTarget: bool): Bytes | null {
  if (names.length < 2) {
    complain(names.length == 0 ? "missing file operand" : "missing destination file operand");
    return null;
  }
  const to = names.pop();
  const st = new Stat();
  intoDir = !noTarget && st.of(to) == 0 && st.isDir;
  if (names.length > 1 && !intoDir) {
    complainOf(to, "Not a directory");
    return null;
  }
  return to;
}
let intoDir = false;

/** cp [-rRaPpfdnT] SOURCE… DEST */
export function cp(args: Bytes[]): i32 {
  recursive = force = preserve = preserveAll = noFollow = noClobber = false;
  let noTarget = false;
  const o = new Options(
    args,
    "rRapPfdinTLvx",
    "recursive=r archive=a force=f no-clobber=n no-target-directory=T no-dereference=P",
  );
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x72 || c == 0x52) recursive = true;
    else if (c == 0x61) recursive = preserve = preserveAll = noFollow = true;
    else if (c == 0x70) preserve = true;
    else if (c == 0x50 || c == 0x64) noFollow = true;
    else if (c == 0x66) force = true;
    else if (c == 0x6e) noClobber = true;
    else if (c == 0x54) noTarget = true;
  }
  if (o.isBad) return 1;
  const names = o.rest();
  const to = destination(names, noTarget);
  if (!to) return 1;
  sources = new Map<u64, Bytes>();
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    const target = intoDir ? join(to, baseName(names[i])) : to;
    status = max(status, copy(names[i], target, noFollow || recursive));
  }
  return status;
}

/** Copies one object of any type. Returns 0, or 1 after messages. */
function copy(from: Bytes, to: Bytes, keepLink: bool): i32 {
  const st = new Stat();
  const r = st.of(from, keepLink);
  if (r < 0) return cannot("stat", from, r);
  const old = new Stat();
  const exists = old.of(to, true) == 0;
  if (exists && old.dev == st.dev && old.ino == st.ino) {
    if (preserveAll) return 0;
    return sameFile(from, to);
  }
  if (exists && noClobber) return 0;
  if (st.isDir) return copyDir(from, to, st, exists, old);
  if (preserveAll && st.nlink > 1) {
    const key = st.ino ^ (st.dev << 40);
    if (sources.has(key)) {
      if (exists) unlink(to);
      const e = link(sources.get(key), to);
      return e < 0 ? cannot("create hard link", to, e) : 0;
    }
    sources.set(key, to);
  }
  if (exists && old.isDir) return complainOf(to, "cannot overwrite directory with non-directory");
  const e = st.type == S_IFREG ? copyData(from, to, st, exists) : copySpecial(from, to, st, exists);
  return e != 0 ? e : keepAttributes(from, to, st);
}

/** As coreutils say it. Returns 1. */
function sameFile(from: Bytes, to: Bytes): i32 {
  stdout.flush();
  stderr
    .bytes(programName)
    .text(": '")
    .bytes(from)
    .text("' and '")
    .bytes(to)
    .text("' are the same file")
    .line()
    .flush();
  return 1;
}

function copyData(from: Bytes, to: Bytes, st: Stat, exists: bool): i32 {
  const input = open(from, O_RDONLY);
  if (input < 0) return cannot("open", from, input);
  let output = open(to, O_WRONLY | O_TRUNC | (exists ? 0 : O_CREAT | O_EXCL | O_NOFOLLOW), st.mode & 0o777);
  if (output < 0 && exists && force) {
    unlink(to);
    output = open(to, O_WRONLY | O_CREAT | O_EXCL, st.mode & 0o777);
  }
  if (output < 0) {
    close(input);
    return cannot("create regular file", to, output);
  }
  let status = 0;
  let r = read(input, buffer, SIZE);
  for (; r > 0; r = read(input, buffer, SIZE)) {
    const w = writeAll(output, buffer, <usize>r);
    if (w < 0) {
      status = cannot("error writing", to, w);
      break;
    }
  }
  if (r < 0) status = cannot("error reading", from, r);
  close(input);
  const c = close(output);
  return c < 0 && status == 0 ? cannot("error writing", to, c) : status;
}

function copySpecial(from: Bytes, to: Bytes, st: Stat, exists: bool): i32 {
  if (exists) {
    const u = unlink(to);
    if (u < 0) return cannot("remove", to, u);
  }
  if (st.type == S_IFLNK) {
    const target = readlink(from);
    if (!target) return cannot("read symbolic link", from, -Errno.EIO);
    const r = symlink(target, to);
    return r < 0 ? cannot("create symbolic link", to, r) : 0;
  }
  const r = mknod(to, (st.type == S_IFIFO ? S_IFIFO : st.type) | (st.mode & 0o777), st.rdev);
  return r < 0 ? cannot("create special file", to, r) : 0;
}

function copyDir(from: Bytes, to: Bytes, st: Stat, exists: bool, old: Stat): i32 {
  if (!recursive) return complainOf(from, "-r not specified; omitting directory");
  if (exists && !old.isDir) return complainOf(to, "cannot overwrite non-directory with directory");
  if (!exists) {
    const r = mkdir(to, 0o700);
    if (r < 0) return cannot("create directory", to, r);
  }
  const names: Bytes[] = [];
  const r = listDir(from, names);
  if (r < 0) return cannot("access", from, r);
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    if (!isDots(names[i])) status = max(status, copy(join(from, names[i]), join(to, names[i]), true));
  }
  if (!exists && !preserve) {
    const e = chmod(to, st.mode & 0o777);
    if (e < 0) return cannot("preserve mode of", to, e);
  }
  return max(status, keepAttributes(from, to, st));
}

function keepAttributes(from: Bytes, to: Bytes, st: Stat): i32 {
  if (!preserve) return 0;
  chown(to, st.uid, st.gid, AT_SYMLINK_NOFOLLOW);
  if (!st.isLink) {
    const r = chmod(to, st.mode & 0o7777);
    if (r < 0) return cannot("preserve mode of", to, r);
  }
  if (preserveAll) copyXattrs(from, to);
  store<i64>(times, st.atime);
  store<i64>(times + 8, st.atimeNs);
  store<i64>(times + 16, st.mtime);
  store<i64>(times + 24, st.mtimeNs);
  const r = utimens(to, times, AT_SYMLINK_NOFOLLOW);
  return r < 0 ? cannot("preserve times of", to, r) : 0;
}

/** As far as the target takes them. */
function copyXattrs(from: Bytes, to: Bytes): void {
  const n = listxattr(from, buffer, 32768, true);
  const value = buffer + 32768;
  for (let at: usize = 0; n > 0 && at < <usize>n;) {
    let len = 0;
    while (load<u8>(buffer + at + len) != 0) len++;
    const name = Bytes.copyOf(buffer + at, len);
    const size = getxattr(from, name, value, 32768, true);
    if (size >= 0) setxattr(to, name, Bytes.copyOf(value, <i32>size), 0, true);
    at += len + 1;
  }
}

/** mv [-fnT] SOURCE… DEST */
export function mv(args: Bytes[]): i32 {
  const o = new Options(args, "fnTviu", "force=f no-clobber=n no-target-directory=T");
  let noTarget = false;
  let keep = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x54) noTarget = true;
    else if (c == 0x6e) keep = true;
  }
  if (o.isBad) return 1;
  const names = o.rest();
  const to = destination(names, noTarget);
  if (!to) return 1;
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    const target = intoDir ? join(to, baseName(names[i])) : to;
    if (isSameFile(names[i], target)) {
      status = sameFile(names[i], target);
      continue;
    }
    const r = rename(names[i], target, keep ? RENAME_NOREPLACE : 0);
    if (r == -Errno.EXDEV) status = max(status, moveAcross(names[i], target));
    else if (r < 0 && !(keep && r == -Errno.EEXIST)) status = renameFailed(names[i], target, r);
  }
  return status;
}

/** One object by one name: rename(2) would succeed and do nothing. Two links are left to it. */
function isSameFile(from: Bytes, to: Bytes): bool {
  const a = new Stat();
  const c = new Stat();
  return a.of(from, true) == 0 && c.of(to, true) == 0 && a.dev == c.dev && a.ino == c.ino && (a.isDir || a.nlink == 1);
}

function renameFailed(from: Bytes, to: Bytes, error: i64): i32 {
  const what = from.concat(Bytes.copyOf(arrow, 6)).concat(to);
  return cannot("move", what, error);
}
/** "' to '" */
const arrow: usize = memory.data<u8>([0x27, 0x20, 0x74, 0x6f, 0x20, 0x27]);

/** rename(2) cannot: copy with everything, then remove the source. */
function moveAcross(from: Bytes, to: Bytes): i32 {
  const st = new Stat();
  const r = st.of(from, true);
  if (r < 0) return cannot("stat", from, r);
  const old = new Stat();
  if (old.of(to, true) == 0) {
    if (old.isDir && !st.isDir) return complainOf(to, "cannot overwrite directory with non-directory");
    if (!old.isDir && st.isDir) return complainOf(to, "cannot overwrite non-directory with directory");
    const e = unlink(to, old.isDir ? 0x200 : 0);
    if (e < 0) return cannot("remove", to, e);
  }
  recursive = preserve = preserveAll = noFollow = true;
  force = noClobber = false;
  sources = new Map<u64, Bytes>();
  if (copy(from, to, true) != 0) return 1;
  if (st.isDir) return removeTree(from);
  const e = unlink(from);
  return e < 0 ? cannot("remove", from, e) : 0;
}
