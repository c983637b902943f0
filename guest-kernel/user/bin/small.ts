/** Programs of a few lines: true, false, sync, sleep, basename, dirname, seq, id, uname, env, readlink, pwd, whoami. */
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { baseName, dirName } from "../libc/dir";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { complain, complainOf, environ, fails } from "../libc/program";
import { execSearch } from "../libc/exec";
import { getcwd, lastError, open, fsync, close, readlink, sys } from "../libc/sys";
import { groupName, userName } from "../libc/users";
import { realPath } from "../libc/real-path";
import { O_RDONLY } from "../../abi/fcntl";

const NS: i64 = 1_000_000_000;
const buffer: usize = memory.data(65 * 6, 8);

export function trueMain(_args: Bytes[]): i32 {
  return 0;
}

export function falseMain(_args: Bytes[]): i32 {
  return 1;
}

/** sync [FILE…] */
export function sync(args: Bytes[]): i32 {
  let status = 0;
  if (args.length == 1) sys(Nr.sync);
  for (let i = 1; i < args.length; i++) {
    const fd = open(args[i], O_RDONLY);
    const r = fd < 0 ? <i64>fd : fsync(fd);
    if (r < 0) status = fails(args[i], r);
    if (fd >= 0) close(fd);
  }
  return status;
}

/** sleep NUMBER[smhd]…, fractions included. */
export function sleep(args: Bytes[]): i32 {
  if (args.length < 2) return complain("missing operand");
  let total: i64 = 0;
  for (let i = 1; i < args.length; i++) {
    let s = args[i];
    let unit: i64 = 1;
    const last = s.len > 0 ? s[s.len - 1] : <u8>0;
    if (last == 0x73 || last == 0x6d || last == 0x68 || last == 0x64) {
      unit = last == 0x6d ? 60 : last == 0x68 ? 3600 : last == 0x64 ? 86400 : 1;
      s = s.slice(0, s.len - 1);
    }
    const dot = s.indexOf(0x2e);
    const whole = dot == 0 ? 0 : parseDec(dot < 0 ? s : s.slice(0, dot));
    if (s.len == 0 || (dot != 0 && !isNumber) || whole < 0) return complainOf(args[i], "invalid time interval");
    let ns = whole * NS;
    let digit = NS / 10;
    for (let k = dot < 0 ? s.len : dot + 1; k < s.len; k++, digit /= 10) {
      if (s[k] < 0x30 || s[k] > 0x39) return complainOf(args[i], "invalid time interval");
      ns += <i64>(s[k] - 0x30) * digit;
    }
    total += ns * unit;
  }
  store<i64>(buffer, total / NS);
  store<i64>(buffer + 8, total % NS);
  while (sys(Nr.nanosleep, buffer, buffer) == -4) {}
  return 0;
}

export function basename(args: Bytes[]): i32 {
  if (args.length < 2) return complain("missing operand");
  let s = baseName(args[1]);
  if (args.length > 2 && s.len > args[2].len && s.endsWith(args[2])) s = s.slice(0, s.len - args[2].len);
  stdout.bytes(s).line();
  return 0;
}

export function dirname(args: Bytes[]): i32 {
  if (args.length < 2) return complain("missing operand");
  for (let i = 1; i < args.length; i++) stdout.bytes(dirName(args[i])).line();
  return 0;
}

/** seq [-w] [-s SEP] [FIRST [STEP]] LAST, integers. */
export function seq(args: Bytes[]): i32 {
  let separator = b("\n");
  let width = 0;
  let equalWidth = false;
  let at = 1;
  for (; at < args.length && args[at].len > 1 && args[at][0] == 0x2d; at++) {
    if (args[at][1] == 0x77) equalWidth = true;
    else if (args[at][1] == 0x73) separator = args[at].len > 2 ? args[at].slice(2) : args[++at];
    else break;
  }
  const n = args.length - at;
  if (n < 1 || n > 3) return complain("wrong number of operands");
  const v = new StaticArray<i64>(3);
  for (let i = 0; i < n; i++) {
    v[i] = parseDec(args[at + i]);
    if (!isNumber) return complainOf(args[at + i], "invalid integer argument");
    width = max(width, args[at + i].len);
  }
  const first = n > 1 ? v[0] : 1;
  const step = n > 2 ? v[1] : 1;
  const last = v[n - 1];
  if (step == 0) return complain("the increment must not be 0");
  let any = false;
  for (let i = first; step > 0 ? i <= last : i >= last; i += step) {
    if (any) stdout.bytes(separator);
    stdout.dec(i, equalWidth ? width : 0, 0x30);
    any = true;
  }
  if (any) stdout.line();
  return 0;
}

/** id [-u|-g|-G] [-n] */
export function id(args: Bytes[]): i32 {
  const o = new Options(args, "ugGnr");
  let what = 0;
  let names = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x6e) names = true;
    else if (c != 0x72) what = c;
  }
  if (o.isBad) return 1;
  const uid = <u32>sys(Nr.geteuid);
  const gid = <u32>sys(Nr.getegid);
  const count = <i32>sys(Nr.getgroups, 65, buffer);
  if (what == 0x75) return printId(userName(uid), uid, names);
  if (what == 0x67) return printId(groupName(gid), gid, names);
  if (what == 0) {
    named(stdout.text("uid=") ? uid : 0, userName(uid));
    named(stdout.text(" gid=") ? gid : 0, groupName(gid));
    stdout.text(" groups=");
  }
  let any = false;
  for (let i = -1; i < count; i++) {
    const g = i < 0 ? gid : load<u32>(buffer + i * 4);
    if (i >= 0 && g == gid) continue;
    if (any) stdout.byte(what == 0 ? 0x2c : 0x20);
    any = true;
    if (what == 0) named(g, groupName(g));
    else if (names && groupName(g)) stdout.bytes(groupName(g)!);
    else stdout.unsigned(g);
  }
  stdout.line();
  return 0;
}

function printId(name: Bytes | null, v: u32, names: bool): i32 {
  if (names && name) stdout.bytes(name);
  else stdout.unsigned(v);
  stdout.line();
  return 0;
}

function named(v: u32, name: Bytes | null): void {
  stdout.unsigned(v);
  if (name) stdout.byte(0x28).bytes(name).byte(0x29);
}

export function whoami(_args: Bytes[]): i32 {
  return printId(userName(<u32>sys(Nr.geteuid)), <u32>sys(Nr.geteuid), true);
}

/** uname -asnrvm */
export function uname(args: Bytes[]): i32 {
  const letters = "snrvm";
  const o = new Options(args, "asnrvmpio");
  let set = 0;
  for (let c = o.next(); c != 0; c = o.next()) {
    const i = letters.indexOf(String.fromCharCode(c));
    set |= c == 0x61 ? 31 : i >= 0 ? 1 << i : 0;
  }
  if (o.isBad) return 1;
  if (set == 0) set = 1;
  sys(Nr.uname, buffer);
  let any = false;
  for (let i = 0; i < 5; i++) {
    if ((set & (1 << i)) == 0) continue;
    if (any) stdout.byte(0x20);
    any = true;
    for (let p = buffer + i * 65; load<u8>(p) != 0; p++) stdout.byte(load<u8>(p));
  }
  stdout.line();
  return 0;
}

/** env [-i] [NAME=VALUE…] [COMMAND…] */
export function env(args: Bytes[]): i32 {
  let list = environ.slice(0);
  let at = 1;
  if (at < args.length && (args[at].equals(b("-i")) || args[at].equals(b("-")))) {
    list = [];
    at++;
  }
  for (; at < args.length && args[at].indexOf(0x3d) > 0; at++) {
    const name = args[at].slice(0, args[at].indexOf(0x3d) + 1);
    for (let i = 0; i < list.length; i++) {
      if (list[i].startsWith(name)) {
        list.splice(i, 1);
        break;
      }
    }
    list.push(args[at]);
  }
  if (at < args.length) {
    const r = execSearch(args.slice(at), list);
    fails(args[at], r);
    return r == -2 ? 127 : 126;
  }
  for (let i = 0; i < list.length; i++) stdout.bytes(list[i]).line();
  return 0;
}

/** readlink [-f] [-n] FILE…; realpath is readlink -f. */
export function readlinkMain(args: Bytes[]): i32 {
  const o = new Options(args, "fnem");
  let whole = args[0].endsWith(b("realpath"));
  let newline = true;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x6e) newline = false;
    else whole = true;
  }
  if (o.isBad) return 1;
  const files = o.rest();
  let status = files.length == 0 ? complain("missing operand") : 0;
  for (let i = 0; i < files.length; i++) {
    const s = whole ? realPath(files[i]) : readlink(files[i]);
    if (!s) {
      status = 1;
      if (whole) fails(files[i], lastError);
      continue;
    }
    stdout.bytes(s);
    if (newline) stdout.line();
  }
  return status;
}

export function pwd(_args: Bytes[]): i32 {
  const s = getcwd();
  if (!s) return complainOf(b("getcwd"), "No such file or directory");
  stdout.bytes(s).line();
  return 0;
}
