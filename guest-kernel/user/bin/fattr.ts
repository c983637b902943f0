/** getfattr and setfattr: extended attributes, printed as the attr package prints them. */
import { Errno } from "../../abi/errno";
import { Bytes, b } from "../../lib/bytes";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { complain, complainOf, fails } from "../libc/program";
import { strerror } from "../libc/strerror";
import { getxattr, listxattr, removexattr, setxattr } from "../libc/sys";

const SIZE: usize = 65536;
const buffer: usize = memory.data(65536);

/** The attr package's word for ENODATA. */
function why(error: i64): string {
  return error == -Errno.ENODATA ? "No such attribute" : strerror(<i32>error);
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
        status = complainOf(files[i], String.UTF8.decodeUnsafe(name.ptr, name.len) + ": " + why(r));
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
    if (r < 0) status = complainOf(files[i], why(r));
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
