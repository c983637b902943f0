/** Exceptions of user programs: page faults that memory can cure, and the signals for all others. */
import { Errno } from "../abi/errno";
import { failed, fail } from "../lib/result";
import { PROT_EXEC, PROT_READ, PROT_WRITE } from "../mm/vma";
import { enableFp } from "../proc/fp";
import { readCause, readFaultAddress, readPc } from "../proc/frame";
import { forceSignal } from "../proc/signal";
import {
  BUS_ADRALN,
  BUS_ADRERR,
  ILL_ILLOPC,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGBUS,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_BRKPT,
} from "../proc/signal-numbers";
import { SigInfo } from "../proc/signal-state";
import { Task } from "../proc/task";
import { outOfMemory } from "./out-of-memory";

/** scause of exceptions (privileged architecture, "Supervisor Cause Register"). */
const INSTRUCTION_MISALIGNED: i32 = 0;
const INSTRUCTION_ACCESS: i32 = 1;
const ILLEGAL_INSTRUCTION: i32 = 2;
const BREAKPOINT: i32 = 3;
const LOAD_MISALIGNED: i32 = 4;
const LOAD_ACCESS: i32 = 5;
const STORE_MISALIGNED: i32 = 6;
const STORE_ACCESS: i32 = 7;
export const USER_ECALL: i32 = 8;
const INSTRUCTION_PAGE_FAULT: i32 = 12;
const LOAD_PAGE_FAULT: i32 = 13;
const STORE_PAGE_FAULT: i32 = 15;

export function userException(t: Task): void {
  const cause = <i32>readCause(t.frame);
  const addr = readFaultAddress(t.frame);
  switch (cause) {
    case INSTRUCTION_PAGE_FAULT:
      return pageFault(t, addr, PROT_EXEC);
    case LOAD_PAGE_FAULT:
      return pageFault(t, addr, PROT_READ);
    case STORE_PAGE_FAULT:
      return pageFault(t, addr, PROT_WRITE);
    case ILLEGAL_INSTRUCTION:
      if (!enableFp(t)) raise(t, SIGILL, ILL_ILLOPC, readPc(t.frame));
      return;
    case BREAKPOINT:
      return raise(t, SIGTRAP, TRAP_BRKPT, readPc(t.frame));
    case INSTRUCTION_MISALIGNED:
    case LOAD_MISALIGNED:
    case STORE_MISALIGNED:
      return raise(t, SIGBUS, BUS_ADRALN, addr);
    case INSTRUCTION_ACCESS:
    case LOAD_ACCESS:
    case STORE_ACCESS:
      return raise(t, SIGBUS, BUS_ADRERR, addr);
    default:
      return raise(t, SIGILL, ILL_ILLOPC, readPc(t.frame));
  }
}

function pageFault(t: Task, addr: u64, access: u32): void {
  const space = t.space;
  const r = space.fault(addr, access);
  if (!failed(r)) {
    t.minorFaults++;
    return;
  }
  if (r == fail(Errno.EFAULT)) {
    raise(t, SIGSEGV, space.vmas.find(addr) != null ? SEGV_ACCERR : SEGV_MAPERR, addr);
  } else if (r == fail(Errno.ENOMEM)) outOfMemory(t);
  else raise(t, SIGBUS, BUS_ADRERR, addr);
}

function raise(t: Task, sig: i32, code: i32, addr: u64): void {
  forceSignal(t, new SigInfo(sig, code, 0, 0, 0, addr));
}
