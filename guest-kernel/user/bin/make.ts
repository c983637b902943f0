/** mkdir, mkfifo, mknod, touch, ln: making names. */
import { AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, O_CREAT, O_NONBLOCK, O_WRONLY } from "../../abi/fcntl";
import { Errno } from "../../abi/errno";
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { baseName, dirName, join } from "../libc/dir";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { cannot, complain, complainOf } from "../libc/program";
import { S_IFBLK, S_IFCHR, S_IFIFO, Stat } from "../libc/stat";
import { chmod, close, link, mkdir, mknod, open, rename, symlink, sys, unlink, utimens } from "../libc/sys";
import { now } from "../libc/time";
import { parseMode, setModeUmask } from "./mode";

const times: usize = memory.data(32, 8);
const UTIME_NOW: i64 = 0x3fffffff;
const UTIME_OMIT: i64 = 0x3ffffffe;

function readUmask(): u32 {
  const mask = <u32>sys(Nr.umask, 0);
  sys(Nr.umask, mask);
  setModeUmask(mask);
  return mask;
}

/** mkdir [-p] [-m MODE] DIR… */
export function mkdirMain(args: Bytes[]): i32 {
  const o = new Options(args, "pm:v", "parents=p mode=m");
  let parents = false;
  let modeText: Bytes | null = null;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x70) parents = true;
    else if (c == 0x6d) modeText = o.value;
  }
  if (o.isBad) return 1;
  readUmask();
  const mode = modeText ? parseMode(modeText, 0o777, true) : 0o777;
  if (mode < 0) return complainOf(modeText!, "invalid mode");
  const dirs = o.rest();
  if (dirs.length == 0) return complain("missing operand");
  let status = 0;
  for (let i = 0; i < dirs.length; i++) {
    let r = mkdir(dirs[i], mode);
    if (parents && r == -Errno.ENOENT) {
      r = makeParents(dirName(dirs[i]));
      if (r >= 0) r = mkdir(dirs[i], mode);
    }
    if (parents && r == -Errno.EEXIST) {
      const st = new Stat();
      if (st.of(dirs[i]) == 0 && st.isDir) continue;
    }
    if (r >= 0 && modeText) r = chmod(dirs[i], mode);
    if (r < 0) status = cannot("create directory", dirs[i], r);
  }
  return status;
}

function makeParents(path: Bytes): i64 {
  let r = mkdir(path, 0o777);
  if (r == -Errno.ENOENT) {
    r = makeParents(dirName(path));
    if (r >= 0) r = mkdir(path, 0o777);
  }
  return r == -Errno.EEXIST ? 0 : r;
}

/** mkfifo [-m MODE] NAME… */
export function mkfifo(args: Bytes[]): i32 {
  const o = new Options(args, "m:", "mode=m");
  let mode = 0o666;
  for (let c = o.next(); c != 0; c = o.next()) mode = parseMode(o.value, 0o666, false);
  if (o.isBad) return 1;
  if (mode < 0) return complain("invalid mode");
  const names = o.rest();
  if (names.length == 0) return complain("missing operand");
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    const r = mknod(names[i], S_IFIFO | mode, 0);
    if (r < 0) status = cannot("create fifo", names[i], r);
  }
  return status;
}

/** mknod [-m MODE] NAME b|c|p [MAJOR MINOR] */
export function mknodMain(args: Bytes[]): i32 {
  const o = new Options(args, "m:", "mode=m");
  let mode = 0o666;
  for (let c = o.next(); c != 0; c = o.next()) mode = parseMode(o.value, 0o666, false);
  if (o.isBad) return 1;
  if (mode < 0) return complain("invalid mode");
  const n = o.rest();
  if (n.length < 2 || n[1].len != 1) return complain("missing operand");
  const kind = n[1][0];
  if (kind == 0x70) {
    const r = mknod(n[0], S_IFIFO | mode, 0);
    return r < 0 ? cannot("create node", n[0], r) : 0;
  }
  if (kind != 0x62 && kind != 0x63 && kind != 0x75) return complainOf(n[1], "invalid device type");
  if (n.length != 4) return complain("special files require major and minor device numbers");
  const major = parseDec(n[2]);
  const isMajor = isNumber;
  const minor = parseDec(n[3]);
  if (!isMajor || !isNumber || major < 0 || minor < 0) return complain("invalid device number");
  const dev = ((<u64>minor) & 0xff) | ((<u64>major) << 8) | (((<u64>minor) & ~0xff) << 12);
  const r = mknod(n[0], (kind == 0x62 ? S_IFBLK : S_IFCHR) | mode, dev);
  return r < 0 ? cannot("create node", n[0], r) : 0;
}

/** touch [-acmh] [-r FILE] [-d @SECONDS] FILE… */
export function touch(args: Bytes[]): i32 {
  const o = new Options(args, "acmhr:d:t:", "no-create=c reference=r date=d no-dereference=h");
  let create = true;
  let noFollow: u32 = 0;
  let which = 0;
  store<i64>(times + 8, UTIME_NOW);
  store<i64>(times + 24, UTIME_NOW);
  for (let c = o.next(); c != 0; c = o.next()) {
    switch (c) {
      case 0x61:
        which |= 1;
        break;
      case 0x6d:
        which |= 2;
        break;
      case 0x63:
        create = false;
        break;
      case 0x68:
        noFollow = AT_SYMLINK_NOFOLLOW;
        create = false;
        break;
      case 0x72: {
        const st = new Stat();
        const r = st.of(o.value);
        if (r < 0) return cannot("get attributes of", o.value, r);
        setTimes(st.atime, st.atimeNs, st.mtime, st.mtimeNs);
        break;
      }
      default: {
        const t = o.value.len > 1 && o.value[0] == 0x40 ? parseDec(o.value.slice(1)) : 0;
        if (o.value.len < 2 || o.value[0] != 0x40 || !isNumber)
          return complainOf(o.value, "invalid date; write @SECONDS");
        setTimes(t, 0, t, 0);
      }
    }
  }
  if (o.isBad) return 1;
  if (which == 1) store<i64>(times + 24, UTIME_OMIT);
  if (which == 2) store<i64>(times + 8, UTIME_OMIT);
  const files = o.rest();
  if (files.length == 0) return complain("missing file operand");
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    let r = utimens(files[i], times, noFollow);
    if (r == -Errno.ENOENT && create) {
      const fd = open(files[i], O_WRONLY | O_CREAT | O_NONBLOCK, 0o666);
      r = fd;
      if (fd >= 0) {
        close(fd);
        r = utimens(files[i], times, 0);
      }
    } else if (r == -Errno.ENOENT && noFollow == 0) r = 0;
    if (r < 0) status = cannot("touch", files[i], r);
  }
  return status;
}

function setTimes(atime: i64, atimeNs: i64, mtime: i64, mtimeNs: i64): void {
  store<i64>(times, atime);
  store<i64>(times + 8, atimeNs);
  store<i64>(times + 16, mtime);
  store<i64>(times + 24, mtimeNs);
}

/** ln [-sfnTP] TARGET… NAME|DIR */
export function ln(args: Bytes[]): i32 {
  const o = new Options(args, "sfnTvPL", "symbolic=s force=f no-dereference=n no-target-directory=T");
  let soft = false;
  let force = false;
  let noDeref = false;
  let follow: u32 = 0;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x73) soft = true;
    else if (c == 0x66) force = true;
    else if (c == 0x6e || c == 0x54) noDeref = true;
    else if (c == 0x4c) follow = AT_SYMLINK_FOLLOW;
  }
  if (o.isBad) return 1;
  const names = o.rest();
  if (names.length == 0) return complain("missing file operand");
  const last = names.length > 1 ? names.pop() : b(".");
  const st = new Stat();
  const intoDir = st.of(last, noDeref) == 0 && st.isDir;
  if (names.length > 1 && !intoDir) return complainOf(last, "not a directory");
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    const to = intoDir ? join(last, baseName(names[i])) : last;
    let r = soft ? symlink(names[i], to) : link(names[i], to, follow);
    if (r == -Errno.EEXIST && force) {
      // The new link is made beside the old name and takes its place in one step.
      const beside = join(dirName(to), b(".ln" + now().toString()));
      r = soft ? symlink(names[i], beside) : link(names[i], beside, follow);
      if (r >= 0) r = rename(beside, to);
      if (r < 0) unlink(beside);
    }
    if (r < 0) status = cannot(soft ? "create symbolic link" : "create hard link", to, r);
  }
  return status;
}
