/** Special builtins that steer the shell: `:` break continue return exit eval . exec */
import { Bytes, BytesBuilder, b } from "../../../lib/bytes";
import { stderr } from "../../libc/out";
import { mustWarnOfStopped } from "../jobs";
import { failedOf, illegalNumber } from "../errors";
import { evaluateFile, evaluateText, openScript } from "../script";
import { builtinFlags, executeProgram } from "../simple-command";
import { EXIT, TESTED } from "../evaluate";
import { Flow, sh } from "../state";
import { smallNumber } from "../text";
import { S_IFREG, Stat } from "../../libc/stat";
import { join } from "../../libc/dir";
import { valueOf } from "../variables";

export function colon(_args: Bytes[]): i32 {
  return 0;
}

export function breakBuiltin(args: Bytes[]): i32 {
  return leave(args, Flow.Break);
}

export function continueBuiltin(args: Bytes[]): i32 {
  return leave(args, Flow.Continue);
}

/** At most as many loops as there are; outside of any nothing happens. */
function leave(args: Bytes[], flow: Flow): i32 {
  const n = args.length > 1 ? smallNumber(args[1]) : 1;
  if (n <= 0) return illegalNumber(args[1]);
  if (sh.loops == 0) return 0;
  sh.skip = min(n, sh.loops);
  sh.flow = flow;
  return 0;
}

/** The operand of return and exit, or the status so far; -1 after an error. */
function statusOperand(args: Bytes[]): i32 {
  if (args.length < 2) return sh.status;
  const n = smallNumber(args[1]);
  if (n < 0) illegalNumber(args[1]);
  return n;
}

export function returnBuiltin(args: Bytes[]): i32 {
  const n = statusOperand(args);
  if (n < 0) return 2;
  sh.flow = Flow.Return;
  return n;
}

export function exitBuiltin(args: Bytes[]): i32 {
  const n = statusOperand(args);
  if (n < 0) return 2;
  if (sh.isInteractive && mustWarnOfStopped()) {
    stderr.text("You have stopped jobs.").line().flush();
    return 0;
  }
  sh.flow = Flow.Exit;
  return n;
}

export function evalBuiltin(args: Bytes[]): i32 {
  const text = new BytesBuilder();
  for (let i = 1; i < args.length; i++) {
    if (i > 1) text.byte(0x20);
    text.bytes(args[i]);
  }
  const flags = builtinFlags & TESTED;
  sh.command = b("");
  return evaluateText(text.take(), flags);
}

/** Runs a file in this shell; a name without a slash is looked up in PATH. */
export function dot(args: Bytes[]): i32 {
  if (args.length < 2) return 0;
  const path = sourcePath(args[1]);
  if (!path) return failedOf(args[1], "not found");
  const fd = openScript(path);
  if (fd < 0) return failedOf(b("cannot open ").concat(path), "No such file");
  const flags = builtinFlags & ~EXIT;
  const loops = sh.loops;
  sh.command = b("");
  sh.loops = 0;
  const status = evaluateFile(fd, flags);
  sh.loops = loops;
  if (sh.flow == Flow.Return) sh.flow = Flow.None;
  return status;
}

function sourcePath(name: Bytes): Bytes | null {
  if (name.indexOf(0x2f) >= 0) return name;
  const path = valueOf(b("PATH"));
  const s = new Stat();
  for (let from = 0; path != null && from <= path.len;) {
    let end = path.indexOf(0x3a, from);
    if (end < 0) end = path.len;
    const candidate = join(path.slice(from, end), name);
    if (s.of(candidate) == 0 && s.type == S_IFREG) return candidate;
    from = end + 1;
  }
  return null;
}

/** Without operands its redirections stay; a program that cannot be executed ends the shell. */
export function exec(args: Bytes[]): i32 {
  if (args.length < 2) return 0;
  const status = executeProgram(args.slice(1), null);
  sh.flow = Flow.Exit;
  return status;
}
