/** stty [size | sane | raw | rows N | cols N | [-]FLAG…]: the terminal on standard input. Without operands: what it is set to. */
import * as abi from "../../abi/termios";
import { Bytes, b } from "../../lib/bytes";
import { isNumber, parseDec } from "../libc/number";
import { stdout } from "../libc/out";
import { complainOf, fails } from "../libc/program";
import { ioctl } from "../libc/sys";

/** One flag: its name, its word of struct termios, its bit. */
class Flag {
  constructor(
    public name: string,
    public offset: i32,
    public bit: u32,
  ) {}
}

const IFLAG: i32 = 0;
const OFLAG: i32 = 4;
const LFLAG: i32 = 12;

const FLAGS: Flag[] = [
  new Flag("istrip", IFLAG, abi.ISTRIP),
  new Flag("inlcr", IFLAG, abi.INLCR),
  new Flag("igncr", IFLAG, abi.IGNCR),
  new Flag("icrnl", IFLAG, abi.ICRNL),
  new Flag("ixon", IFLAG, abi.IXON),
  new Flag("iutf8", IFLAG, abi.IUTF8),
  new Flag("opost", OFLAG, abi.OPOST),
  new Flag("onlcr", OFLAG, abi.ONLCR),
  new Flag("ocrnl", OFLAG, abi.OCRNL),
  new Flag("isig", LFLAG, abi.ISIG),
  new Flag("icanon", LFLAG, abi.ICANON),
  new Flag("iexten", LFLAG, abi.IEXTEN),
  new Flag("echo", LFLAG, abi.ECHO),
  new Flag("echoe", LFLAG, abi.ECHOE),
  new Flag("echok", LFLAG, abi.ECHOK),
  new Flag("echonl", LFLAG, abi.ECHONL),
  new Flag("echoctl", LFLAG, abi.ECHOCTL),
  new Flag("echoke", LFLAG, abi.ECHOKE),
  new Flag("noflsh", LFLAG, abi.NOFLSH),
  new Flag("tostop", LFLAG, abi.TOSTOP),
];

const termios: usize = memory.data(36, 8);
const winsize: usize = memory.data(8, 8);

function set(offset: i32, bits: u32, on: bool): void {
  const word = load<u32>(termios + offset);
  store<u32>(termios + offset, on ? word | bits : word & ~bits);
}

export function stty(args: Bytes[]): i32 {
  const r = ioctl(0, abi.TCGETS, termios);
  if (r < 0) return fails(b("standard input"), r);
  ioctl(0, abi.TIOCGWINSZ, winsize);
  if (args.length == 1 || args[1].equals(b("-a"))) return show();
  let isChanged = false;
  for (let i = 1; i < args.length; i++) {
    const a = args[i];
    if (a.equals(b("size")))
      stdout
        .dec(load<u16>(winsize))
        .byte(0x20)
        .dec(load<u16>(winsize + 2))
        .line();
    else if (a.equals(b("rows")) || a.equals(b("cols")) || a.equals(b("columns"))) {
      const v = i + 1 < args.length ? parseDec(args[i + 1]) : -1;
      if (i + 1 >= args.length || !isNumber || v < 0 || v > 0xffff) return complainOf(a, "needs a number");
      store<u16>(winsize + (a[0] == 0x72 ? 0 : 2), <u16>v);
      const w = ioctl(0, abi.TIOCSWINSZ, winsize);
      if (w < 0) return fails(a, w);
      i++;
    } else {
      if (!change(a)) return complainOf(a, "invalid argument");
      isChanged = true;
    }
  }
  if (!isChanged) return 0;
  const w = ioctl(0, abi.TCSETSW, termios);
  return w < 0 ? fails(b("standard input"), w) : 0;
}

function change(a: Bytes): bool {
  const isSane = a.equals(b("sane"));
  if (isSane || a.equals(b("raw")) || a.equals(b("cooked"))) {
    const on = !a.equals(b("raw"));
    set(IFLAG, abi.ICRNL | abi.IXON, on);
    set(OFLAG, abi.OPOST | (isSane ? abi.ONLCR : 0), on);
    set(LFLAG, abi.ISIG | abi.ICANON | abi.IEXTEN | (isSane ? abi.ECHO | abi.ECHOE | abi.ECHOK | abi.ECHOCTL : 0), on);
    return true;
  }
  const on = a.len == 0 || a[0] != 0x2d;
  const name = on ? a : a.slice(1);
  for (let i = 0; i < FLAGS.length; i++) {
    if (!name.equals(b(FLAGS[i].name))) continue;
    set(FLAGS[i].offset, FLAGS[i].bit, on);
    return true;
  }
  return false;
}

function show(): i32 {
  stdout
    .text("rows ")
    .dec(load<u16>(winsize))
    .text("; columns ")
    .dec(load<u16>(winsize + 2))
    .line();
  for (let i = 0; i < FLAGS.length; i++) {
    if ((load<u32>(termios + FLAGS[i].offset) & FLAGS[i].bit) == 0) stdout.byte(0x2d);
    stdout.text(FLAGS[i].name).byte(i + 1 < FLAGS.length ? 0x20 : 10);
  }
  return 0;
}
