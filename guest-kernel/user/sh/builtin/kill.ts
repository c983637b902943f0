/** kill: by process, process group or job. */
import { Bytes, b } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { isNumber, parseDec } from "../../libc/number";
import { NSIG, SIGTERM, signalName, signalNumber } from "../../libc/signal";
import { kill as send } from "../../libc/sys";
import { strerror } from "../../libc/strerror";
import { failed, failedAbout, failedOf, illegalNumber, warn } from "../errors";
import { jobBySpec } from "../jobs";
import { isText, smallNumber } from "../text";

const USAGE = "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]";

export function kill(args: Bytes[]): i32 {
  if (args.length < 2) return failed(USAGE);
  let at = 1;
  let sig = SIGTERM;
  if (isText(args[1], "-l")) return list(args);
  if (isText(args[1], "-s")) {
    if (args.length < 3) return failed(USAGE);
    sig = signalNumber(args[2]);
    if (sig < 0) return failedOf(b("invalid signal number or name"), toText(args[2]));
    at = 3;
  } else if (isText(args[1], "--")) at = 2;
  else if (args[1].len > 1 && args[1][0] == 0x2d) {
    sig = signalNumber(args[1].slice(1));
    if (sig < 0) return failed("Illegal option " + toText(args[1].slice(0, 2)));
    at = 2;
  }
  if (at < args.length && at > 1 && isText(args[at], "--")) at++;
  if (at >= args.length) return failed(USAGE);
  let status = 0;
  for (; at < args.length; at++) {
    let pid: i32;
    if (args[at].len > 0 && args[at][0] == 0x25) {
      const job = jobBySpec(args[at]);
      if (!job) return failedAbout("No such job:", args[at]);
      pid = job.group != 0 ? -job.group : job.processes[0].pid;
    } else {
      pid = <i32>parseDec(args[at]);
      if (!isNumber) return illegalNumber(args[at]);
    }
    const r = send(pid, sig);
    if (r < 0) {
      warn(strerror(<i32>r));
      status = 1;
    }
  }
  return status;
}

function toText(s: Bytes): string {
  return String.UTF8.decodeUnsafe(s.ptr, s.len);
}

/** All names, or the name of a number or of a status above 128. */
function list(args: Bytes[]): i32 {
  if (args.length == 2) {
    stdout.text("0").line();
    for (let sig = 1; sig < NSIG; sig++) stdout.text(signalName(sig)).line();
    return 0;
  }
  let n = smallNumber(args[2]);
  if (n > 128) n -= 128;
  if (n < 1 || n >= NSIG) return failedOf(b("invalid signal number or exit status"), toText(args[2]));
  stdout.text(signalName(n)).line();
  return 0;
}
