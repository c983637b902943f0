/** Starting programs and catching signals. */
import { Nr } from "../../abi/nr";
import { funcAddr } from "./rv";
import { sys } from "./sys";

export const SIG_DFL: u64 = 0;
export const SIG_IGN: u64 = 1;
export const SA_RESTART: u64 = 0x10000000;
export const WNOHANG: u32 = 1;

/** struct sigaction of riscv64: handler, flags, mask. */
const action: usize = memory.data(24, 8);
const mask: usize = memory.data(8, 8);

/** `handler`: SIG_DFL, SIG_IGN, or handlerOf a function that only sets globals. */
export function sigaction(sig: i32, handler: u64, flags: u64 = 0): i64 {
  store<u64>(action, handler);
  store<u64>(action + 8, flags);
  store<u64>(action + 16, 0);
  return sys(Nr.rt_sigaction, sig, action, 0, 8);
}

/** The native address of a handler. It runs between any two instructions: it may allocate nothing. */
export function handlerOf(fn: (sig: i32) => void): u64 {
  return funcAddr(fn.index);
}

/** Replaces the set of blocked signals; bit n - 1 is signal n. */
export function setSignalMask(set: u64): void {
  const SIG_SETMASK: u64 = 2;
  store<u64>(mask, set);
  sys(Nr.rt_sigprocmask, SIG_SETMASK, mask, 0, 8);
}

/** ppoll(2) on `count` struct pollfd at `fds`, with `set` as the blocked signals while it waits. */
export function ppoll(fds: usize, count: i32, set: u64): i64 {
  store<u64>(mask, set);
  return sys(Nr.ppoll, fds, count, 0, mask, 8);
}

/** wait status -> exit status as a shell counts it. */
export function exitStatus(status: i32): i32 {
  return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}
