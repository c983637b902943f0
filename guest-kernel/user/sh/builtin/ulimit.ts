/** ulimit: resource limits of the shell and what it starts. */
import { Nr } from "../../../abi/nr";
import { Bytes, b } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { isNumber, parseDec } from "../../libc/number";
import { strerror } from "../../libc/strerror";
import { sys } from "../../libc/sys";
import { failed, illegalNumber } from "../errors";
import { isText } from "../text";

/** A row for each resource: option letter, number of asm-generic, unit in bytes or counts, and what it is called. */
@final
class Limit {
  constructor(
    public letter: string,
    public resource: i32,
    public unit: u64,
    public text: string,
  ) {}
}

const limits: Limit[] = [
  new Limit("t", 0, 1, "time(seconds)"),
  new Limit("f", 1, 512, "file(blocks)"),
  new Limit("d", 2, 1024, "data(kbytes)"),
  new Limit("s", 3, 1024, "stack(kbytes)"),
  new Limit("c", 4, 512, "coredump(blocks)"),
  new Limit("m", 5, 1024, "memory(kbytes)"),
  new Limit("l", 8, 1024, "locked memory(kbytes)"),
  new Limit("p", 6, 1, "process"),
  new Limit("n", 7, 1, "nofiles"),
  new Limit("v", 9, 1024, "vmemory(kbytes)"),
  new Limit("w", 10, 1, "locks"),
  new Limit("r", 14, 1, "rtprio"),
];
const INFINITY: u64 = u64.MAX_VALUE;
const buffer: usize = memory.data(16, 8);

export function ulimit(args: Bytes[]): i32 {
  let isSoft = true;
  let isHard = true;
  let choice = "f";
  let at = 1;
  for (; at < args.length && args[at].len > 1 && args[at][0] == 0x2d; at++) {
    for (let i = 1; i < args[at].len; i++) {
      const c = String.fromCharCode(args[at][i]);
      if (c == "H") isSoft = false;
      else if (c == "S") isHard = false;
      else if (c == "a" || find(c)) choice = c;
      else return failed("Illegal option -" + c);
    }
  }
  if (choice == "a") {
    for (let i = 0; i < limits.length; i++) {
      stdout.left(b(limits[i].text), 20).byte(0x20);
      show(limits[i], isSoft);
    }
    return 0;
  }
  const limit = find(choice)!;
  if (at == args.length) {
    show(limit, isSoft);
    return 0;
  }
  if (at + 1 < args.length) return failed("too many arguments");
  let v = INFINITY;
  if (!isText(args[at], "unlimited")) {
    v = <u64>parseDec(args[at]) * limit.unit;
    if (!isNumber) return illegalNumber(args[at]);
  }
  sys(Nr.prlimit64, 0, limit.resource, 0, buffer);
  if (isSoft) store<u64>(buffer, v);
  if (isHard) store<u64>(buffer + 8, v);
  const r = sys(Nr.prlimit64, 0, limit.resource, buffer, 0);
  return r < 0 ? failed("error setting limit: " + strerror(<i32>r)) : 0;
}

function find(letter: string): Limit | null {
  for (let i = 0; i < limits.length; i++) if (limits[i].letter == letter) return limits[i];
  return null;
}

function show(limit: Limit, isSoft: bool): void {
  sys(Nr.prlimit64, 0, limit.resource, 0, buffer);
  const v = load<u64>(buffer + (isSoft ? 0 : 8));
  if (v == INFINITY) stdout.text("unlimited").line();
  else stdout.unsigned(v / limit.unit).line();
}
