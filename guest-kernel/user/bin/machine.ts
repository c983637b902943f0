/** dmesg, poweroff, reboot, halt, hostname: the machine as a whole. */
import { Nr } from "../../abi/nr";
import { Bytes, b } from "../../lib/bytes";
import { stdout } from "../libc/out";
import { fails } from "../libc/program";
import { sys } from "../libc/sys";

const SIZE: usize = 65536;
const buffer: usize = memory.data(65536, 8);

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
