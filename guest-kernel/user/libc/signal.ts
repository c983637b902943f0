/** Signals: numbers and names of Linux asm-generic, dispositions, and flags that the one handler sets. */
import { Nr } from "../../abi/nr";
import { Bytes } from "../../lib/bytes";
import { funcAddr } from "./rv";
import { sys } from "./sys";

export const SIGHUP: i32 = 1;
export const SIGINT: i32 = 2;
export const SIGQUIT: i32 = 3;
export const SIGKILL: i32 = 9;
export const SIGPIPE: i32 = 13;
export const SIGTERM: i32 = 15;
export const SIGCHLD: i32 = 17;
export const SIGCONT: i32 = 18;
export const SIGSTOP: i32 = 19;
export const SIGTSTP: i32 = 20;
export const SIGTTIN: i32 = 21;
export const SIGTTOU: i32 = 22;
export const NSIG: i32 = 65;

const NAMES =
  "EXIT HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " +
  "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";
const FIRST_REALTIME: i32 = 34;

const action: usize = memory.data(48, 8);
const pending: usize = memory.data(65);
const anyPending: usize = memory.data(8, 8);

export const enum Disposition {
  Default,
  Ignore,
  Catch,
}

function onSignal(sig: i32): void {
  store<u8>(pending + sig, 1);
  store<u32>(anyPending, 1);
}

/** A caught signal interrupts system calls (no SA_RESTART); `takePending` tells of it later. */
export function setDisposition(sig: i32, d: Disposition): i64 {
  const handler: u64 = d == Disposition.Catch ? funcAddr(onSignal.index) : <u64>d;
  store<u64>(action, handler);
  store<u64>(action + 8, 0);
  store<u64>(action + 16, 0);
  return sys(Nr.rt_sigaction, sig, action, 0, 8);
}

/** Whether the signal is ignored now. */
export function isIgnored(sig: i32): bool {
  return sys(Nr.rt_sigaction, sig, 0, action, 8) == 0 && load<u64>(action) == 1;
}

export function hasPending(): bool {
  return load<u32>(anyPending) != 0;
}

export function isPending(sig: i32): bool {
  return load<u8>(pending + sig) != 0;
}

/** Takes the lowest signal that has been caught, or 0. */
export function takePending(): i32 {
  store<u32>(anyPending, 0);
  for (let sig = 1; sig < NSIG; sig++) {
    if (load<u8>(pending + sig) == 0) continue;
    store<u8>(pending + sig, 0);
    // There may be more.
    store<u32>(anyPending, 1);
    return sig;
  }
  return 0;
}

/** Forgets one caught signal. */
export function dropPending(sig: i32): void {
  store<u8>(pending + sig, 0);
}

export function clearPending(): void {
  memory.fill(pending, 0, NSIG);
  store<u32>(anyPending, 0);
}

const mask: usize = memory.data(16, 8);

/** Blocks every signal, so that `suspend` misses none. */
export function blockSignals(): void {
  store<u64>(mask, <u64>-1);
  sys(Nr.rt_sigprocmask, 2, mask, 0, 8);
}
export function unblockSignals(): void {
  store<u64>(mask, 0);
  sys(Nr.rt_sigprocmask, 2, mask, 0, 8);
}
/** Waits, with nothing blocked, until a caught signal has come. */
export function suspend(): void {
  store<u64>(mask, 0);
  sys(Nr.rt_sigsuspend, mask, 8);
}

/** Without "SIG"; a number where the signal has no name. */
export function signalName(sig: i32): string {
  let at = 0;
  for (let i = 0; i < sig; i++) {
    const next = NAMES.indexOf(" ", at);
    if (next < 0) return sig < FIRST_REALTIME ? sig.toString() : realtimeName(sig);
    at = next + 1;
  }
  const end = NAMES.indexOf(" ", at);
  return NAMES.substring(at, end < 0 ? NAMES.length : end);
}

function realtimeName(sig: i32): string {
  if (sig == FIRST_REALTIME) return "RTMIN";
  if (sig == NSIG - 1) return "RTMAX";
  const middle = (FIRST_REALTIME + NSIG) / 2;
  if (sig <= middle) return "RTMIN+" + (sig - FIRST_REALTIME).toString();
  return "RTMAX-" + (NSIG - 1 - sig).toString();
}

/** The number of a name in any case, with or without "SIG", or of a number; -1 when there is none. 0 is EXIT. */
export function signalNumber(name: Bytes): i32 {
  let v = 0;
  let isNumber = name.len > 0 && name.len < 4;
  for (let i = 0; i < name.len && isNumber; i++) {
    if (name[i] < 0x30 || name[i] > 0x39) isNumber = false;
    v = v * 10 + (name[i] - 0x30);
  }
  if (isNumber) return v < NSIG ? v : -1;
  const from = name.len > 3 && (name[0] | 0x20) == 0x73 && (name[1] | 0x20) == 0x69 && (name[2] | 0x20) == 0x67 ? 3 : 0;
  for (let sig = 0; sig < NSIG; sig++) if (isNameIn(name, from, signalName(sig))) return sig;
  return -1;
}

function isNameIn(name: Bytes, from: i32, known: string): bool {
  if (name.len - from != known.length) return false;
  for (let i = from; i < name.len; i++) {
    const c = name[i];
    const upper = c >= 0x61 && c <= 0x7a ? c - 32 : c;
    if (upper != <u8>known.charCodeAt(i - from)) return false;
  }
  return true;
}

/** What strsignal says. */
export function signalText(sig: i32): string {
  switch (sig) {
    case SIGHUP:
      return "Hangup";
    case SIGINT:
      return "Interrupt";
    case SIGQUIT:
      return "Quit";
    case 4:
      return "Illegal instruction";
    case 5:
      return "Trace/breakpoint trap";
    case 6:
      return "Aborted";
    case 7:
      return "Bus error";
    case 8:
      return "Floating point exception";
    case SIGKILL:
      return "Killed";
    case 10:
      return "User defined signal 1";
    case 11:
      return "Segmentation fault";
    case 12:
      return "User defined signal 2";
    case SIGPIPE:
      return "Broken pipe";
    case 14:
      return "Alarm clock";
    case SIGTERM:
      return "Terminated";
    case SIGSTOP:
      return "Stopped (signal)";
    case SIGTSTP:
      return "Stopped";
    case SIGTTIN:
      return "Stopped (tty input)";
    case SIGTTOU:
      return "Stopped (tty output)";
  }
  return "Signal " + sig.toString();
}
