/** cd and pwd (POSIX XCU 4): the logical working directory keeps the names of symbolic links. */
import { Bytes, BytesBuilder, b } from "../../../lib/bytes";
import { join } from "../../libc/dir";
import { stdout } from "../../libc/out";
import { Stat } from "../../libc/stat";
import { chdir, getcwd } from "../../libc/sys";
import { failed, warnAbout } from "../errors";
import { isText } from "../text";
import { assign, valueOf, variable } from "../variables";

const PWD = b("PWD");
const OLDPWD = b("OLDPWD");
const SLASH: u8 = 0x2f;
/** The logical working directory; empty while it is unknown. */
let current: Bytes = b("");

/** PWD from the environment is kept if it names the directory we are in. */
export function initWorkingDirectory(): void {
  const inherited = valueOf(PWD);
  if (inherited && inherited.len > 0 && inherited[0] == SLASH && isHere(inherited)) current = inherited;
  else {
    const real = getcwd();
    current = real ? real : b("");
  }
  if (current.len > 0) assign(PWD, current);
}

function isHere(path: Bytes): bool {
  const here = new Stat();
  const there = new Stat();
  return there.of(path) == 0 && here.of(b(".")) == 0 && here.ino == there.ino && here.dev == there.dev;
}

export function pwd(args: Bytes[]): i32 {
  if (args.length > 1 && isText(args[1], "-P")) {
    const real = getcwd();
    if (!real) return failed("getcwd() failed");
    stdout.bytes(real).line();
  } else stdout.bytes(current).line();
  return 0;
}

export function cd(args: Bytes[]): i32 {
  let at = 1;
  let isPhysical = false;
  for (; at < args.length && args[at].len > 1 && args[at][0] == 0x2d; at++) {
    if (isText(args[at], "--")) {
      at++;
      break;
    }
    for (let i = 1; i < args[at].len; i++) {
      const c = args[at][i];
      if (c != 0x4c && c != 0x50) return failed("Illegal option -" + String.fromCharCode(c));
      isPhysical = c == 0x50;
    }
  }
  let target: Bytes | null = at < args.length ? args[at] : valueOf(b("HOME"));
  let tells = false;
  if (at < args.length && isText(args[at], "-")) {
    target = valueOf(OLDPWD);
    tells = true;
  }
  const dest = target ? target : b("");
  if (dest.len == 0 && at >= args.length) return 0;
  if (dest.len == 0 || startsAt(dest)) {
    if (!enter(dest.len == 0 ? b(".") : dest, isPhysical)) return cannot(dest);
  } else {
    const found = throughPath(dest, isPhysical);
    if (found < 0) return cannot(dest);
    if (found > 0) tells = true;
  }
  if (tells) stdout.bytes(current).line();
  return 0;
}

/** `/…`, `.…/`, `..`: CDPATH is not used. */
function startsAt(s: Bytes): bool {
  if (s[0] == SLASH) return true;
  if (s[0] != 0x2e) return false;
  if (s.len == 1 || s[1] == SLASH) return true;
  return s[1] == 0x2e && (s.len == 2 || s[2] == SLASH);
}

/** Tries the directories of CDPATH. Returns 1 when a named one had it, 0 for the current directory, -1 for none. */
function throughPath(dest: Bytes, isPhysical: bool): i32 {
  const list = valueOf(b("CDPATH"));
  for (let from = 0; list != null && from <= list.len;) {
    let end = list.indexOf(0x3a, from);
    if (end < 0) end = list.len;
    const dir = list.slice(from, end);
    from = end + 1;
    const candidate = join(dir, dest);
    const s = new Stat();
    if (s.of(candidate) == 0 && s.isDir) return enter(candidate, isPhysical) ? (dir.len > 0 ? 1 : 0) : -1;
  }
  return enter(dest, isPhysical) ? 0 : -1;
}

function cannot(dest: Bytes): i32 {
  warnAbout("can't cd to", dest);
  return 2;
}

function enter(dest: Bytes, isPhysical: bool): bool {
  let next = dest;
  if (!isPhysical) {
    const logical = normalized(dest);
    if (!logical) return false;
    next = logical;
  }
  if (chdir(next) < 0) return false;
  const real = isPhysical ? getcwd() : next;
  assign(OLDPWD, current);
  current = real ? real : b("");
  assign(PWD, current);
  variable(PWD).isExported = true;
  variable(OLDPWD).isExported = true;
  return true;
}

/** `dest` from the current directory without `.`, `..` and double slashes; null: what `..` leaves is no directory. */
function normalized(dest: Bytes): Bytes | null {
  const path = dest.len > 0 && dest[0] == SLASH ? dest : join(current, dest);
  const parts: Bytes[] = [];
  const s = new Stat();
  for (let from = 0; from < path.len;) {
    let end = path.indexOf(SLASH, from);
    if (end < 0) end = path.len;
    const part = path.slice(from, end);
    from = end + 1;
    if (part.len == 0 || isText(part, ".")) continue;
    if (isText(part, "..")) {
      if (parts.length > 0) {
        if (s.of(assembled(parts)) != 0 || !s.isDir) return null;
        parts.pop();
      }
      continue;
    }
    parts.push(part);
  }
  return assembled(parts);
}

function assembled(parts: Bytes[]): Bytes {
  const out = new BytesBuilder();
  for (let i = 0; i < parts.length; i++) out.byte(SLASH).bytes(parts[i]);
  if (parts.length == 0) out.byte(SLASH);
  return out.take();
}
