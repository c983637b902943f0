/** Simple commands (POSIX XCU 2.9.1): expansion, redirection, assignments, and what the first word names. */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { stderr, stdout } from "../libc/out";
import { execve } from "../libc/sys";
import { Assign, FunctionDef, Simple, Word } from "./ast";
import { Builtin, findBuiltin } from "./builtin/table";
import { commandText } from "./command-text";
import { abort, warnOf } from "./errors";
import { EXIT, TESTED, evaluate } from "./evaluate";
import { exitShell } from "./exit";
import { expandAssignment, expandFields } from "./expand";
import { ForkMode, Job, forkShell } from "./fork";
import { functions } from "./functions";
import { holdList, holdNode, releaseList, releaseNode, spend } from "./memory";
import { waitForJob } from "./jobs";
import { assignment } from "./parser";
import { printPrompt } from "./prompt";
import { keep, redirect, restore } from "./redirect";
import { runForeignScript } from "./main";
import { DEFAULT_PATH, findProgram, searchError } from "./search";
import { Flow, sh } from "./state";
import { isText } from "./text";
import { strerror } from "../libc/strerror";
import { hasTraps } from "./trap";
import { assign, environment, makeLocal, popFrame, pushFrame, variable } from "./variables";

const EMPTY = b("");
const NOT_FOUND: i32 = 127;
const NOT_EXECUTABLE: i32 = 126;

export function runSimple(n: Simple, flags: i32): void {
  spend(1024);
  sh.substitution = 0;
  const args: Bytes[] = [];
  if (!expandCommand(n.words, args)) return;
  if (args.length == 0) return runAssignments(n);
  searchPath = null;
  const isPlain = !stripCommand(args);
  const builtin = findBuiltin(args[0]);
  const isSpecial = isPlain && builtin ? builtin.isSpecial : false;
  const known = isPlain && !isSpecial ? functions.get(args[0]) : null;
  if (known) return runFunction(known, n, args, flags);
  if (builtin) return runBuiltin(builtin, isSpecial, n, args, flags);
  runProgram(n, args, flags);
}

/** `command -p`: where programs are looked for instead of PATH. */
let searchPath: Bytes | null = null;

/** Takes `command [-p] [--]` away: what follows is no function, and no special builtin. False: there is no such prefix. */
function stripCommand(args: Bytes[]): bool {
  let found = false;
  while (args.length > 1 && isText(args[0], "command")) {
    let at = 1;
    let path: Bytes | null = null;
    if (isText(args[at], "-p")) {
      path = DEFAULT_PATH;
      at++;
    }
    if (at < args.length && isText(args[at], "--")) at++;
    if (at == args.length || (args[at].len > 1 && args[at][0] == 0x2d)) return found;
    args.splice(0, at);
    searchPath = path;
    found = true;
  }
  return found;
}

/** Words to fields; behind `export` and its like, `name=value` is expanded as an assignment. */
function expandCommand(words: Word[], args: Bytes[]): bool {
  let assigns = false;
  for (let i = 0; i < words.length; i++) {
    const a = assigns ? assignment(words[i]) : null;
    if (a) args.push(new BytesBuilder().bytes(a.name).byte(0x3d).bytes(expandAssignment(a.value)).take());
    else expandFields(words[i], args);
    if (sh.flow != Flow.None) return false;
    if (i == 0 && args.length > 0) {
      const first = findBuiltin(args[0]);
      assigns = first ? first.takesAssignments : false;
    }
  }
  return true;
}

/** No command word: the assignments are the shell's own. */
function runAssignments(n: Simple): void {
  const failed = redirect(n.redirs);
  if (failed == 0 && sh.flow == Flow.None) {
    const trace = newTrace();
    for (let i = 0; i < n.assigns.length && sh.flow == Flow.None; i++) setVariable(n.assigns[i], trace);
    traceCommand(trace, null);
    if (sh.flow == Flow.None) sh.status = sh.substitution;
  } else if (sh.flow == Flow.None) sh.status = failed;
  restore();
}

/** Where `set -x` collects assignments; null while it is off. */
function newTrace(): BytesBuilder | null {
  return sh.has(0x78) ? new BytesBuilder() : null;
}

function setVariable(a: Assign, trace: BytesBuilder | null): bool {
  const value = expandAssignment(a.value);
  if (sh.flow != Flow.None) return false;
  if (trace) {
    if (trace.len > 0) trace.byte(0x20);
    trace.bytes(a.name).byte(0x3d).bytes(value);
  }
  return assign(a.name, value);
}

/** Assignments before a command: exported, and put back by `popFrame`. */
function setLocally(n: Simple, trace: BytesBuilder | null): void {
  for (let i = 0; i < n.assigns.length && sh.flow == Flow.None; i++) {
    makeLocal(n.assigns[i].name);
    if (setVariable(n.assigns[i], trace)) variable(n.assigns[i].name).isExported = true;
  }
}

/** `set -x` */
function traceCommand(assigns: BytesBuilder | null, args: Bytes[] | null): void {
  if (!assigns || (assigns.len == 0 && !args)) return;
  stdout.flush();
  printPrompt(b("PS4"), "+ ");
  let first = assigns.len == 0;
  if (!first) stderr.bytes(assigns.take());
  for (let i = 0; args && i < args.length; i++) {
    if (!first) stderr.byte(0x20);
    stderr.bytes(args[i]);
    first = false;
  }
  stderr.line().flush();
}

function runBuiltin(builtin: Builtin, isSpecial: bool, n: Simple, args: Bytes[], flags: i32): void {
  const failed = redirect(n.redirs);
  if (failed != 0) {
    sh.status = failed;
    if (isSpecial && sh.flow == Flow.None) abort();
    restore();
    return;
  }
  const trace = newTrace();
  if (isSpecial) {
    for (let i = 0; i < n.assigns.length && sh.flow == Flow.None; i++) setVariable(n.assigns[i], trace);
  } else if (n.assigns.length > 0) {
    pushFrame();
    setLocally(n, trace);
  }
  const hasFrame = !isSpecial && n.assigns.length > 0;
  const keepsRedirections = builtin.keepsRedirections && args.length == 1;
  if (sh.flow == Flow.None) {
    traceCommand(trace, args);
    callBuiltin(builtin, isSpecial, args, flags);
  }
  if (hasFrame) popFrame();
  if (keepsRedirections && sh.flow == Flow.None) keep();
  else restore();
}

/** Runs a builtin and reports what its output met with. */
function callBuiltin(builtin: Builtin, isSpecial: bool, args: Bytes[], flags: i32): void {
  // eval and its like collect while they run.
  holdList(args);
  sh.command = args[0];
  builtinFlags = flags;
  const status = builtin.run(args);
  if (sh.flow < Flow.Abort) sh.status = status;
  // An error of a regular builtin is only its status.
  if (sh.flow == Flow.Abort && !isSpecial) sh.flow = Flow.None;
  stdout.flush();
  if (stdout.error != 0) {
    stdout.error = 0;
    warnOf(args[0], "I/O error");
    if (sh.status == 0) sh.status = 1;
  }
  sh.command = EMPTY;
  releaseList();
}

/** Flags of the builtin that runs, for those that evaluate commands. */
export let builtinFlags: i32 = 0;

function runFunction(f: FunctionDef, n: Simple, args: Bytes[], flags: i32): void {
  const failed = redirect(n.redirs);
  if (failed != 0) {
    sh.status = failed;
    restore();
    return;
  }
  pushFrame();
  const trace = newTrace();
  setLocally(n, trace);
  if (sh.flow == Flow.None) {
    traceCommand(trace, args);
    holdList(sh.params);
    holdNode(f);
    const outer = sh.params;
    const loops = sh.loops;
    const line = sh.line;
    sh.params = args.slice(1);
    sh.loops = 0;
    sh.functions++;
    evaluate(f.body, flags & TESTED);
    sh.functions--;
    if (sh.flow == Flow.Return) sh.flow = Flow.None;
    sh.loops = loops;
    sh.params = outer;
    sh.line = line;
    releaseNode();
    releaseList();
  }
  popFrame();
  restore();
}

function runProgram(n: Simple, args: Bytes[], flags: i32): void {
  if ((flags & EXIT) == 0 || hasTraps()) {
    // Looked up here, so that the place is remembered; a missing program needs no process, but its redirections count.
    const path = n.assigns.length == 0 ? findProgram(args[0], searchPath) : null;
    if (path || n.assigns.length > 0) {
      const job = new Job(sh.has(0x6d) ? commandText(n) : EMPTY);
      const pid = forkShell(job, ForkMode.Foreground);
      if (pid < 0) return;
      if (pid > 0) {
        sh.status = waitForJob(job);
        return;
      }
      becomeProgram(n, args);
    }
    const failed = redirect(n.redirs);
    if (failed != 0) sh.status = failed;
    else {
      traceCommand(newTrace(), args);
      sh.status = complainMissing(args[0], searchError);
    }
    restore();
    return;
  }
  becomeProgram(n, args);
}

/** In a process that is only there for this command. */
function becomeProgram(n: Simple, args: Bytes[]): void {
  const failed = redirect(n.redirs);
  if (failed != 0) sh.status = failed;
  else {
    pushFrame();
    const trace = newTrace();
    setLocally(n, trace);
    if (sh.flow == Flow.None) {
      traceCommand(trace, args);
      keep();
      sh.status = executeProgram(args, searchPath);
    }
  }
  exitShell();
}

/** Turns into a program. Returns, after a message, the status of the failure. `path` replaces PATH. */
export function executeProgram(args: Bytes[], path: Bytes | null): i32 {
  const program = findProgram(args[0], path);
  if (!program) return complainMissing(args[0], searchError);
  stdout.flush();
  const r = <i32>execve(program, args, environment());
  if (r == -Errno.ENOEXEC) runForeignScript(program, args);
  return complainMissing(args[0], r);
}

function complainMissing(name: Bytes, error: i32): i32 {
  if (error == -Errno.ENOENT || error == -Errno.ENOTDIR) {
    warnOf(name, "not found");
    return NOT_FOUND;
  }
  warnOf(name, strerror(error));
  return NOT_EXECUTABLE;
}
