/** Evaluation of commands (POSIX XCU 2.9). The status of each is left in `sh.status`. */
import { O_CLOEXEC } from "../../abi/fcntl";
import { Bytes } from "../../lib/bytes";
import { close, dup3, pipe2 } from "../libc/sys";
import { Binary, Case, For, FunctionDef, If, Loop, Node, NodeKind, Pipeline, Simple, Unary } from "./ast";
import { commandText } from "./command-text";
import { exitShell } from "./exit";
import { expandPattern, expandText, expandWords } from "./expand";
import { release } from "./expanded";
import { ForkMode, Job, forkShell } from "./fork";
import { functions } from "./functions";
import { addJob, waitForJob } from "./jobs";
import { holdList, releaseList, safePoint, spend } from "./memory";
import { matches } from "./pattern";
import { redirect, restore } from "./redirect";
import { runSimple } from "./simple-command";
import { Flow, sh } from "./state";
import { stderr } from "../libc/out";
import { hasTraps, runTraps } from "./trap";
import { fail } from "./errors";
import { assign } from "./variables";

/** The status is looked at: `set -e` does not apply. */
export const TESTED: i32 = 1;
/** The shell has nothing to do afterwards: it ends, or turns into the command. */
export const EXIT: i32 = 2;

const pipe: usize = memory.data(8, 4);

export function evaluate(n: Node, flags: i32): void {
  let mayExit = false;
  // `set -n` only reads.
  if (sh.has(0x6e) && !sh.isInteractive) return;
  sh.line = n.line;
  switch (n.kind) {
    case NodeKind.Simple:
      runSimple(changetype<Simple>(n), flags);
      mayExit = true;
      break;
    case NodeKind.Pipeline:
      pipeline(changetype<Pipeline>(n), flags);
      mayExit = true;
      break;
    case NodeKind.Subshell:
      subshell(changetype<Unary>(n), flags);
      mayExit = true;
      break;
    case NodeKind.Background:
      background(changetype<Unary>(n));
      break;
    case NodeKind.Not: {
      evaluate(changetype<Unary>(n).body, TESTED);
      if (sh.flow == Flow.None) sh.status = sh.status == 0 ? 1 : 0;
      break;
    }
    case NodeKind.And:
    case NodeKind.Or: {
      const list = changetype<Binary>(n);
      evaluate(list.left, TESTED);
      if (sh.flow == Flow.None && (sh.status == 0) == (n.kind == NodeKind.And)) evaluate(list.right, flags);
      break;
    }
    case NodeKind.Sequence: {
      const list = changetype<Binary>(n);
      evaluate(list.left, flags & ~EXIT);
      safePoint();
      if (sh.flow == Flow.None) evaluate(list.right, flags);
      break;
    }
    case NodeKind.If:
      conditional(changetype<If>(n), flags);
      break;
    case NodeKind.While:
    case NodeKind.Until:
      loop(changetype<Loop>(n), flags & TESTED);
      break;
    case NodeKind.For:
      forLoop(changetype<For>(n), flags & TESTED);
      break;
    case NodeKind.Case:
      choose(changetype<Case>(n), flags);
      break;
    case NodeKind.Group:
      group(changetype<Unary>(n), flags);
      break;
    case NodeKind.Function:
      const def = changetype<FunctionDef>(n);
      functions.set(def.name, def);
      sh.status = 0;
      break;
  }
  runTraps();
  if (mayExit && sh.status != 0 && (flags & TESTED) == 0 && sh.has(0x65) && sh.flow == Flow.None) sh.flow = Flow.Exit;
  if ((flags & EXIT) != 0) exitShell();
}

function conditional(n: If, flags: i32): void {
  evaluate(n.test, TESTED);
  if (sh.flow != Flow.None) return;
  const otherwise = n.otherwise;
  if (sh.status == 0) evaluate(n.then, flags);
  else if (otherwise) evaluate(otherwise, flags);
  else sh.status = 0;
}

/** Behind the body of a loop: whether the loop goes on. */
function goesOn(): bool {
  if (sh.flow == Flow.None) return true;
  if (sh.flow != Flow.Break && sh.flow != Flow.Continue) return false;
  if (--sh.skip > 0) return false;
  const again = sh.flow == Flow.Continue;
  sh.flow = Flow.None;
  return again;
}

function loop(n: Loop, flags: i32): void {
  let status = 0;
  sh.loops++;
  for (;;) {
    evaluate(n.test, TESTED);
    if (sh.flow != Flow.None) {
      if (goesOn()) continue;
      // A break in the condition leaves the status that the body had.
      if (sh.flow >= Flow.Return) status = sh.status;
      break;
    }
    if ((sh.status == 0) != (n.kind == NodeKind.While)) break;
    evaluate(n.body, flags);
    status = sh.status;
    if (!goesOn()) break;
    spend(256);
    safePoint();
  }
  sh.loops--;
  sh.status = status;
}

function forLoop(n: For, flags: i32): void {
  const list: Bytes[] = [];
  if (n.words) expandWords(n.words!, list);
  else for (let i = 0; i < sh.params.length; i++) list.push(sh.params[i]);
  if (sh.flow != Flow.None) return;
  let status = 0;
  holdList(list);
  sh.loops++;
  for (let i = 0; i < list.length; i++) {
    if (!assign(n.name, list[i])) {
      status = sh.status;
      break;
    }
    evaluate(n.body, flags);
    status = sh.status;
    if (!goesOn()) break;
    spend(256);
    safePoint();
  }
  sh.loops--;
  releaseList();
  sh.status = status;
}

function choose(n: Case, flags: i32): void {
  const word = expandText(n.word);
  for (let i = 0; i < n.items.length && sh.flow == Flow.None; i++) {
    const item = n.items[i];
    for (let k = 0; k < item.patterns.length && sh.flow == Flow.None; k++) {
      const p = expandPattern(item.patterns[k]);
      const isMatch = sh.flow == Flow.None && matches(p, 0, p.len, word);
      release(p);
      if (!isMatch) continue;
      const body = item.body;
      if (body) evaluate(body, flags);
      else sh.status = 0;
      return;
    }
  }
  if (sh.flow == Flow.None) sh.status = 0;
}

function group(n: Unary, flags: i32): void {
  if (n.redirs.length == 0) return evaluate(n.body, flags);
  sh.line = n.line;
  const failed = redirect(n.redirs);
  if (failed != 0) sh.status = failed;
  else evaluate(n.body, flags & TESTED);
  restore();
}

/** A forked copy that evaluates the body, or, with EXIT, this process itself. */
function subshell(n: Unary, flags: i32): void {
  if ((flags & EXIT) == 0 || hasTraps()) {
    const job = new Job(commandText(n));
    const pid = forkShell(job, ForkMode.Foreground);
    if (pid < 0) return;
    if (pid > 0) {
      sh.status = waitForJob(job);
      return;
    }
    flags |= EXIT;
  }
  const failed = redirect(n.redirs);
  if (failed != 0) sh.status = failed;
  else evaluate(n.body, flags);
  exitShell();
}

function background(n: Unary): void {
  const job = new Job(commandText(n.body));
  const body = n.body;
  if (body.kind == NodeKind.Pipeline) {
    if (!startPipeline(changetype<Pipeline>(body), job, ForkMode.Background, TESTED)) return;
  } else {
    const pid = forkShell(job, ForkMode.Background);
    if (pid < 0) return;
    if (pid == 0) {
      evaluate(body, EXIT);
      exitShell();
    }
  }
  addJob(job);
  sh.lastBackground = job.processes[job.processes.length - 1].pid;
  if (sh.isInteractive) stderr.byte(0x5b).dec(job.id).text("] ").dec(sh.lastBackground).line().flush();
  sh.status = 0;
}

function pipeline(n: Pipeline, flags: i32): void {
  const job = new Job(commandText(n));
  if (startPipeline(n, job, ForkMode.Foreground, flags & TESTED)) sh.status = waitForJob(job);
}

/** Forks every stage. False: a pipe or a process could not be made, which has been reported. */
function startPipeline(n: Pipeline, job: Job, mode: ForkMode, flags: i32): bool {
  let input = -1;
  const last = n.stages.length - 1;
  for (let i = 0; i <= last; i++) {
    store<i32>(pipe, -1);
    store<i32>(pipe + 4, -1);
    if (i < last && pipe2(pipe, O_CLOEXEC) < 0) {
      if (input >= 0) close(input);
      fail("Pipe call failed");
      return false;
    }
    const nextInput = load<i32>(pipe);
    const output = load<i32>(pipe + 4);
    const pid = forkShell(job, mode);
    if (pid < 0) return false;
    if (pid == 0) {
      if (nextInput >= 0) close(nextInput);
      if (input > 0) {
        dup3(input, 0);
        close(input);
      }
      if (output >= 0 && output != 1) {
        dup3(output, 1);
        close(output);
      }
      evaluate(n.stages[i], flags | EXIT);
      exitShell();
    }
    if (input >= 0) close(input);
    if (output >= 0) close(output);
    input = nextInput;
  }
  return true;
}
