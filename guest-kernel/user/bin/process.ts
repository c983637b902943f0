/** kill and ps: processes from outside. */
import { Bytes, b } from "../../lib/bytes";
import { listDir } from "../libc/dir";
import { readFile } from "../libc/input";
import { isNumber, parseDec } from "../libc/number";
import { stdout } from "../libc/out";
import { complain, complainOf, fails } from "../libc/program";
import { Stat } from "../libc/stat";
import { kill } from "../libc/sys";
import { userName } from "../libc/users";

const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";

/** A signal's number from its number or its name with or without SIG, or -1. */
export function signalNumber(s: Bytes): i32 {
  const v = parseDec(s);
  if (isNumber) return v >= 0 && v <= 64 ? <i32>v : -1;
  if (s.startsWith(b("SIG"))) s = s.slice(3);
  const names = SIGNALS.split(" ");
  for (let i = 0; i < names.length; i++) if (b(names[i]).equals(s)) return i + 1;
  return s.equals(b("EXIT")) ? 0 : -1;
}

export function signalName(sig: i32): string {
  const names = SIGNALS.split(" ");
  return sig >= 1 && sig <= names.length ? names[sig - 1] : sig.toString();
}

/** kill [-SIGNAL | -s SIGNAL] PID… | -l */
export function killMain(args: Bytes[]): i32 {
  let sig = 15;
  let at = 1;
  if (args.length > 1 && args[1].len > 1 && args[1][0] == 0x2d) {
    if (args[1].equals(b("-l"))) {
      const names = SIGNALS.split(" ");
      for (let i = 0; i < names.length; i++) stdout.text(names[i]).byte(i + 1 < names.length ? 0x20 : 10);
      return 0;
    }
    const isSeparate = args[1].equals(b("-s"));
    if (isSeparate && args.length < 3) return complain("missing signal");
    if (!args[1].equals(b("--"))) sig = signalNumber(isSeparate ? args[2] : args[1].slice(1));
    if (sig < 0) return complainOf(args[isSeparate ? 2 : 1], "invalid signal");
    at = isSeparate ? 3 : 2;
  }
  if (at >= args.length) return complain("missing process id");
  let status = 0;
  for (; at < args.length; at++) {
    const pid = parseDec(args[at]);
    if (!isNumber) status = complainOf(args[at], "arguments must be process or job IDs");
    else {
      const r = kill(<i32>pid, sig);
      if (r < 0) status = fails(args[at], r);
    }
  }
  return status;
}

/** ps: every process, as busybox shows them. */
export function ps(_args: Bytes[]): i32 {
  const names: Bytes[] = [];
  const r = listDir(b("/proc"), names);
  if (r < 0) return fails(b("/proc"), r);
  const pids: i32[] = [];
  for (let i = 0; i < names.length; i++) {
    const pid = parseDec(names[i]);
    if (isNumber) pids.push(<i32>pid);
  }
  pids.sort((x, y) => x - y);
  stdout.text("PID   USER     STAT COMMAND\n");
  for (let i = 0; i < pids.length; i++) {
    const dir = "/proc/" + pids[i].toString();
    const stat = readFile(b(dir + "/stat"));
    const cmdline = readFile(b(dir + "/cmdline"));
    const st = new Stat();
    if (!stat || !cmdline || st.of(b(dir)) < 0) continue;
    const open = stat.indexOf(0x28);
    let close = stat.len - 1;
    while (close > open && stat[close] != 0x29) close--;
    const owner = userName(st.uid);
    stdout
      .left(b(pids[i].toString()), 5)
      .byte(0x20)
      .left(owner ? owner : b(st.uid.toString()), 8)
      .byte(0x20);
    stdout.left(stat.slice(close + 2, close + 3), 4).byte(0x20);
    if (cmdline.len == 0)
      stdout
        .byte(0x5b)
        .bytes(stat.slice(open + 1, close))
        .byte(0x5d);
    for (let k = 0; k < cmdline.len - 1; k++) stdout.byte(cmdline[k] == 0 ? 0x20 : cmdline[k]);
    stdout.line();
  }
  return 0;
}
