/** System calls that only the proofs make, and small helpers around them. */
import { Nr } from "../../abi/nr";
import { exit, fork, sys, wait4 } from "../libc/sys";

export const PROT_NONE: u64 = 0;
export const PROT_READ: u64 = 1;
export const PROT_RW: u64 = 3;
export const MAP_SHARED: u64 = 1;
export const MAP_PRIVATE: u64 = 2;
export const MAP_FIXED: u64 = 0x10;
export const MAP_ANONYMOUS: u64 = 0x20;
/** Programs made from AssemblyScript reach 2 GiB: mappings are asked for here. */
const ARENA: u64 = 0x4000_0000;
let next: u64 = ARENA;

const cell: usize = memory.data(256, 16);

/** Maps `len` bytes below 2 GiB; fd -1 is anonymous memory. */
export function map(len: u64, prot: u64, flags: u64, fd: i32 = -1): usize {
  const at = next;
  next += (len + 0x1fff) & ~(<u64>0xfff);
  const more: u64 = fd < 0 ? MAP_ANONYMOUS : 0;
  return <usize>sys(Nr.mmap, at, len, prot, flags | more, fd, 0);
}

export function unmap(p: usize, len: u64): i64 {
  return sys(Nr.munmap, p, len);
}

/** Runs `body` in a child, which exits with its value. Returns the pid. */
export function spawn(body: () => i32): i32 {
  const pid = <i32>fork();
  if (pid == 0) exit(body());
  return pid;
}

/** wait4's status word of `pid`, or -1. */
export function statusOf(pid: i32): i32 {
  return wait4(pid, cell, 0) == pid ? load<i32>(cell) : -1;
}

/** `body` ran in a child and returned `code`. */
export function childReturns(body: () => i32, code: i32): bool {
  return statusOf(spawn(body)) == code << 8;
}

export function sleepMs(ms: i32): i64 {
  store<i64>(cell + 16, ms / 1000);
  store<i64>(cell + 24, (ms % 1000) * 1_000_000);
  return sys(Nr.nanosleep, cell + 16, 0);
}

export function monotonicMs(): i64 {
  sys(Nr.clock_gettime, 1, cell + 32);
  return load<i64>(cell + 32) * 1000 + load<i64>(cell + 40) / 1_000_000;
}

export function pid(): i32 {
  return <i32>sys(Nr.getpid);
}

/** ITIMER_REAL fires once after `ms`. */
export function alarmMs(ms: i32): void {
  memory.fill(cell + 48, 0, 32);
  store<i64>(cell + 64, ms / 1000);
  store<i64>(cell + 72, (ms % 1000) * 1000);
  sys(Nr.setitimer, 0, cell + 48, 0);
}

/** Free memory in bytes, as sysinfo(2) says. */
export function freeMemory(): u64 {
  sys(Nr.sysinfo, cell + 80);
  return load<u64>(cell + 80 + 40);
}

export function powerOff(): void {
  sys(Nr.sync);
  sys(Nr.reboot, 0xfee1dead, 672274793, 0x4321fedc);
}

/** Where results of a child are left for its parent: one page that fork shares. */
export const board: usize = map(4096, PROT_RW, MAP_SHARED);
