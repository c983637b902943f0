/**
 * The frame that a signal handler runs on, as Linux riscv64 lays it out (struct rt_sigframe: siginfo, ucontext), and the
 * way back from it. Programs read and change it.
 */
import { Result, failed } from "../lib/result";
import { TRAMPOLINE } from "../mm/address-space";
import { UserBuf } from "../mm/user-buf";
import { forgetFp, saveFp } from "./fp";
import {
  A0,
  A1,
  A2,
  FRAME_FP,
  FP_SIZE,
  FS_CLEAN,
  RA,
  SP,
  SSTATUS_FS,
  readPc,
  readReg,
  readStatus,
  writePc,
  writeReg,
  writeStatus,
} from "./frame";
import {
  CLD_EXITED,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SIGCHLD,
  SI_USER,
  SIG_DFL,
  UNBLOCKABLE_MASK,
  sigBit,
} from "./signal-numbers";
import { SigAction, SigInfo } from "./signal-state";
import { Task } from "./task";

/** siginfo_t, then ucontext: flags, link, stack, mask; then the registers at a 16-byte boundary, then 528 bytes of FP. */
const INFO_SIZE: usize = 128;
const UC: usize = INFO_SIZE;
const UC_STACK: usize = UC + 16;
const UC_MASK: usize = UC + 40;
const UC_REGS: usize = UC + 176;
const UC_FP: usize = UC_REGS + 256;
const SIZE: usize = UC_FP + 528;

const SS_ONSTACK: u32 = 1;
const SS_DISABLE: u32 = 2;

/** The frame is put together here before it is copied out. */
const image: usize = memory.data(1088, 16);

export function isOnAltStack(t: Task, sp: u64): bool {
  const s = t.signals;
  return (s.altFlags & SS_DISABLE) == 0 && sp > s.altSp && sp - s.altSp <= s.altSize;
}

/** Makes `t` enter the handler of `a`; false: its stack cannot take the frame. */
export function enterHandler(t: Task, info: SigInfo, a: SigAction): bool {
  const s = t.signals;
  const f = t.frame;
  let sp = readReg(f, SP);
  const onAlt = isOnAltStack(t, sp);
  if ((a.flags & SA_ONSTACK) != 0 && (s.altFlags & SS_DISABLE) == 0 && !onAlt) sp = s.altSp + s.altSize;
  const at = (sp - SIZE) & ~(<u64>15);
  if (onAlt && !isOnAltStack(t, at + 1)) return false;
  memory.fill(image, 0, SIZE);
  writeSigInfo(image, info);
  store<u64>(image + UC_STACK, s.altSp);
  store<u32>(image + UC_STACK + 8, (s.altFlags & SS_DISABLE) != 0 ? SS_DISABLE : onAlt ? SS_ONSTACK : 0);
  store<u64>(image + UC_STACK + 16, s.altSize);
  store<u64>(image + UC_MASK, s.hasSavedMask ? s.savedMask : s.blocked);
  store<u64>(image + UC_REGS, readPc(f));
  memory.copy(image + UC_REGS + 8, f + 8, 31 * 8);
  if ((readStatus(f) & SSTATUS_FS) != 0) {
    saveFp(t);
    memory.copy(image + UC_FP, f + FRAME_FP, 32 * 8);
    store<u32>(image + UC_FP + 256, load<u32>(f + FRAME_FP + 256));
  }
  if (failed(new UserBuf(t.space, at, SIZE).put(0, image, SIZE))) return false;

  s.hasSavedMask = false;
  s.blocked |= a.mask & ~UNBLOCKABLE_MASK;
  if ((a.flags & SA_NODEFER) == 0) s.blocked |= sigBit(info.signo) & ~UNBLOCKABLE_MASK;
  const handler = a.handler;
  if ((a.flags & SA_RESETHAND) != 0) a.handler = SIG_DFL;
  writePc(f, handler);
  writeReg(f, RA, TRAMPOLINE);
  writeReg(f, SP, at);
  writeReg(f, A0, info.signo);
  writeReg(f, A1, at);
  writeReg(f, A2, at + UC);
  return true;
}

/** rt_sigreturn: the frame lies at the stack pointer. Errors: -EFAULT (the caller sends SIGSEGV). */
export function leaveHandler(t: Task): Result {
  const f = t.frame;
  const r = new UserBuf(t.space, readReg(f, SP), SIZE).get(0, image, SIZE);
  if (failed(r)) return r;
  t.signals.blocked = load<u64>(image + UC_MASK) & ~UNBLOCKABLE_MASK;
  writePc(f, load<u64>(image + UC_REGS));
  memory.copy(f + 8, image + UC_REGS + 8, 31 * 8);
  if ((readStatus(f) & SSTATUS_FS) != 0) {
    memory.copy(f + FRAME_FP, image + UC_FP, 32 * 8);
    store<u64>(f + FRAME_FP + FP_SIZE - 8, <u64>load<u32>(image + UC_FP + 256));
    writeStatus(f, (readStatus(f) & ~SSTATUS_FS) | FS_CLEAN);
    forgetFp(t);
  }
  return 0;
}

/** Fills the 128 bytes at `p`, zero before, as siginfo_t. */
export function writeSigInfo(p: usize, info: SigInfo): void {
  store<i32>(p, info.signo);
  store<i32>(p + 8, info.code);
  if (info.addr != 0) {
    store<u64>(p + 16, info.addr);
    return;
  }
  store<i32>(p + 16, info.pid);
  store<u32>(p + 20, info.uid);
  if (info.signo == SIGCHLD && info.code >= CLD_EXITED) store<i32>(p + 24, <i32>info.value);
  else if (info.code < SI_USER) store<u64>(p + 24, info.value);
}
