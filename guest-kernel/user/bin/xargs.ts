/** xargs [-0rt] [-n N] [-I STR] [COMMAND [ARG…]]: runs a command on the words of standard input. */
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { execSearch } from "../libc/exec";
import { Input } from "../libc/input";
import { isNumber, parseDec } from "../libc/number";
import { Options } from "../libc/options";
import { stderr, stdout } from "../libc/out";
import { complain, environ, fails } from "../libc/program";
import { exitStatus } from "../libc/process";
import { exit, fork, wait4 } from "../libc/sys";

/** Bytes of arguments in one command, as GNU's default. */
const MAX_BYTES: i32 = 128 * 1024;
const statusWord: usize = memory.data(4, 4);

let trace = false;

export function xargs(args: Bytes[]): i32 {
  // Options end at the command's name: its own are not ours.
  let split = 1;
  while (split < args.length && args[split].len > 1 && args[split][0] == 0x2d) {
    const a = args[split];
    const last = a[a.len - 1];
    split += a.len == 2 && (last == 0x6e || last == 0x49) ? 2 : 1;
  }
  const o = new Options(args.slice(0, split), "0rtn:I:");
  let zero = false;
  let skipEmpty = false;
  let limit: i64 = i64.MAX_VALUE;
  let replace: Bytes | null = null;
  trace = false;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x30) zero = true;
    else if (c == 0x72) skipEmpty = true;
    else if (c == 0x74) trace = true;
    else if (c == 0x49) replace = o.value;
    else {
      limit = parseDec(o.value);
      if (!isNumber || limit < 1) return complain("invalid number for -n option");
    }
  }
  if (o.isBad) return 1;
  const command = split < args.length ? args.slice(split) : [b("echo")];
  const input = new Input(0);
  let words: Bytes[] = [];
  let bytes = 0;
  let status = 0;
  let any = false;
  for (let w = next(input, zero, replace != null); w && status < 124; w = next(input, zero, replace != null)) {
    any = true;
    if (replace) {
      status = max(status, run(substituted(command, replace, w)));
      continue;
    }
    if (words.length > 0 && (words.length >= limit || bytes + w.len > MAX_BYTES)) {
      status = max(status, run(command.concat(words)));
      words = [];
      bytes = 0;
    }
    words.push(w);
    bytes += w.len + 1;
  }
  if (status < 124 && !replace && (words.length > 0 || (!any && !skipEmpty))) {
    status = max(status, run(command.concat(words)));
  }
  return status;
}

/** The next word (quotes and backslashes as POSIX), NUL-ended item, or line; null at the end. */
function next(input: Input, zero: bool, byLine: bool): Bytes | null {
  if (zero) return input.line(0);
  if (byLine) return input.line();
  let c = input.byte();
  while (c == 0x20 || c == 9 || c == 10) c = input.byte();
  if (c < 0) return null;
  const word = new BytesBuilder();
  let quote = 0;
  for (; c >= 0 && (quote != 0 || !(c == 0x20 || c == 9 || c == 10)); c = input.byte()) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      else word.byte(<u8>c);
    } else if (c == 0x22 || c == 0x27) quote = c;
    else if (c == 0x5c) {
      c = input.byte();
      if (c >= 0) word.byte(<u8>c);
    } else word.byte(<u8>c);
  }
  return word.take();
}

/** The command with every `mark` in its words replaced. */
function substituted(command: Bytes[], mark: Bytes, word: Bytes): Bytes[] {
  const list: Bytes[] = [];
  for (let i = 0; i < command.length; i++) {
    const a = command[i];
    const out = new BytesBuilder();
    for (let at = 0; at < a.len;) {
      if (mark.len > 0 && a.slice(at).startsWith(mark)) {
        out.bytes(word);
        at += mark.len;
      } else out.byte(a[at++]);
    }
    list.push(out.take());
  }
  return list;
}

/** GNU's statuses: 123 when a command failed, 124 for 255, 125 for a signal, 126 and 127 when it could not run. */
function run(argv: Bytes[]): i32 {
  if (trace) {
    for (let i = 0; i < argv.length; i++) stderr.bytes(argv[i]).byte(i + 1 < argv.length ? 0x20 : 10);
    stderr.flush();
  }
  stdout.flush();
  const pid = fork();
  if (pid == 0) {
    const r = execSearch(argv, environ);
    fails(argv[0], r);
    exit(r == -2 ? 127 : 126);
  }
  if (pid < 0) return fails(argv[0], pid) + 125;
  wait4(<i32>pid, statusWord, 0);
  const s = exitStatus(load<i32>(statusWord));
  if ((load<i32>(statusWord) & 0x7f) != 0) return 125;
  return s == 0 ? 0 : s == 255 ? 124 : s >= 126 ? s : 123;
}
