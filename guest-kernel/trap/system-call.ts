/** From the registers of an `ecall` to the handler and back (docs/kernel-model.md: a call runs to its end or parks). */
import { Errno } from "../abi/errno";
import { Nr } from "../abi/nr";
import { Result, fail } from "../lib/result";
import { heapIsLow } from "../mm/heap";
import { A0, A1, A2, A7, readReg, skipCall, writeReg } from "../proc/frame";
import { ERESTARTSYS, ERESTART_RESTARTBLOCK, FRAME_WRITTEN, PARKED } from "../proc/park";
import { Task } from "../proc/task";
import { dispatch } from "../syscall/table";

/** Makes the call in `t`'s frame, for the first time or again. */
export function systemCall(t: Task): void {
  const f = t.frame;
  const nr = readReg(f, A7);
  t.restartCode = 0;
  let r: Result;
  if (heapIsLow() && makesObjects(nr)) r = fail(Errno.ENOMEM);
  else r = dispatch(nr, readReg(f, A0), readReg(f, A1), readReg(f, A2), readReg(f, 13), readReg(f, 14), readReg(f, 15));
  if (r == PARKED) {
    t.restartCall = true;
    t.voluntarySwitches++;
    return;
  }
  if (r == FRAME_WRITTEN) {
    t.progress.clear();
    return;
  }
  if (r <= fail(ERESTARTSYS) && r >= fail(ERESTART_RESTARTBLOCK)) {
    // The frame stays at the ecall, and the progress with it: with no handler in between it goes on where it was.
    t.restartCode = <i32>-r;
    return;
  }
  writeReg(f, A0, <u64>r);
  skipCall(f);
  t.progress.clear();
}

/** Calls that leave kernel objects behind; the others must work so that a program can give memory back. */
function makesObjects(nr: u64): bool {
  switch (<i32>nr) {
    case Nr.clone:
    case Nr.execve:
    case Nr.openat:
    case Nr.dup:
    case Nr.pipe2:
    case Nr.mmap:
    case Nr.mkdirat:
    case Nr.mknodat:
    case Nr.symlinkat:
    case Nr.linkat:
    case Nr.mount:
    case Nr.setxattr:
    case Nr.lsetxattr:
    case Nr.fsetxattr:
    case Nr.newfstatat:
    case Nr.statx:
    case Nr.getdents64:
      return true;
    default:
      return false;
  }
}
