/** Traps and the shell's own signal dispositions (POSIX XCU 2.11, trap). */
import { Bytes } from "../../lib/bytes";
import {
  Disposition,
  NSIG,
  SIGINT,
  SIGQUIT,
  SIGTERM,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  hasPending,
  isIgnored,
  setDisposition,
  takePending,
} from "../libc/signal";
import { stderr } from "../libc/out";
import { Flow, sh } from "./state";
import { evaluateText } from "./script";

const enum Known {
  Unknown,
  Default,
  Ignore,
  Catch,
  /** Ignored when the shell started: a shell without a terminal cannot change that. */
  Inherited,
}

/** By signal number; 0 is EXIT. Null: the default; empty: ignored. */
const actions = new StaticArray<Bytes | null>(NSIG);
const dispositions = new StaticArray<u8>(NSIG);
let isRunning: bool = false;

export function trapAction(sig: i32): Bytes | null {
  return actions[sig];
}

/** Sets an action; null is the default. */
export function setTrap(sig: i32, action: Bytes | null): void {
  actions[sig] = action;
  if (sig > 0) updateSignal(sig);
}

/** Something would run when the shell ends or a signal comes: it must not turn into another program. */
export function hasTraps(): bool {
  for (let i = 0; i < NSIG; i++) {
    const a = actions[i];
    if (a && a.len > 0) return true;
  }
  return false;
}

/** Makes the kernel's disposition what traps and modes ask for. */
export function updateSignal(sig: i32): void {
  let wanted = Disposition.Default;
  const action = actions[sig];
  if (action) wanted = action.len > 0 ? Disposition.Catch : Disposition.Ignore;
  else if (!sh.isSubshell) {
    if (sh.isInteractive && sig == SIGINT) wanted = Disposition.Catch;
    else if (sh.isInteractive && (sig == SIGQUIT || sig == SIGTERM)) wanted = Disposition.Ignore;
    else if (sh.has(0x6d) && (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)) wanted = Disposition.Ignore;
  }
  if (dispositions[sig] == Known.Unknown) {
    const jobSignal = sh.has(0x6d) && (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU);
    if (isIgnored(sig)) dispositions[sig] = <u8>(jobSignal ? Known.Ignore : Known.Inherited);
    else dispositions[sig] = <u8>Known.Default;
  }
  const now = dispositions[sig];
  if (now == Known.Inherited || now == <u8>wanted + 1) return;
  setDisposition(sig, wanted);
  dispositions[sig] = <u8>wanted + 1;
}

/** Interactive mode or job control has been switched. */
export function updateModeSignals(): void {
  updateSignal(SIGINT);
  updateSignal(SIGQUIT);
  updateSignal(SIGTERM);
  updateSignal(SIGTSTP);
  updateSignal(SIGTTIN);
  updateSignal(SIGTTOU);
}

/** In a forked child: traps are reset, what is ignored stays ignored. */
export function resetTraps(): void {
  isRunning = false;
  for (let sig = 0; sig < NSIG; sig++) {
    const a = actions[sig];
    if (a && a.len > 0) actions[sig] = null;
    if (sig > 0 && dispositions[sig] != Known.Unknown && dispositions[sig] != Known.Default) updateSignal(sig);
  }
}

/** For a background command without job control. */
export function ignoreInBackground(sig: i32): void {
  if (actions[sig]) return;
  setDisposition(sig, Disposition.Ignore);
  dispositions[sig] = <u8>Known.Inherited;
}

/** Runs the actions of the signals that have come. Called between commands. */
export function runTraps(): void {
  if (!hasPending() || isRunning) return;
  for (let sig = takePending(); sig > 0; sig = takePending()) {
    const action = actions[sig];
    if (!action) {
      if (sig == SIGINT && sh.isInteractive && sh.flow == Flow.None) {
        sh.status = 128 + SIGINT;
        sh.flow = Flow.Interrupt;
        stderr.line().flush();
      }
      continue;
    }
    if (action.len == 0) continue;
    const flow = sh.flow;
    const skip = sh.skip;
    if (flow >= Flow.Exit) return;
    const status = sh.status;
    sh.flow = Flow.None;
    isRunning = true;
    evaluateText(action, 0);
    isRunning = false;
    if (sh.flow == Flow.None) {
      sh.status = status;
      sh.flow = flow;
      sh.skip = skip;
    }
  }
}

/** The EXIT trap, once. `sh.status` is what the shell ends with, before and after. */
export function runExitTrap(): void {
  const action = actions[0];
  if (!action || action.len == 0) return;
  actions[0] = null;
  const status = sh.status;
  sh.flow = Flow.None;
  sh.loops = 0;
  evaluateText(action, 0);
  if (sh.flow == Flow.None) sh.status = status;
}
