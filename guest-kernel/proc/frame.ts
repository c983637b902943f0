/** The trap frame (docs/wasm2rv.md): where a task's registers are while it is not running. */

/** Register numbers. */
export const RA: usize = 1;
export const SP: usize = 2;
export const GP: usize = 3;
export const TP: usize = 4;
export const A0: usize = 10;
export const A1: usize = 11;
export const A2: usize = 12;
export const A7: usize = 17;

export const FRAME_SIZE: usize = 560;
const SEPC: usize = 0;
const SSTATUS: usize = 256;
const SCAUSE: usize = 264;
const STVAL: usize = 272;
/** f0 … f31, fcsr. */
export const FRAME_FP: usize = 288;
export const FP_SIZE: usize = 264;

export const SSTATUS_SPP: u64 = 1 << 8;
export const SSTATUS_SPIE: u64 = 1 << 5;
/** Floating point unit: 0 off, 1 initial, 2 clean, 3 dirty. */
export const SSTATUS_FS: u64 = 3 << 13;
export const FS_INITIAL: u64 = 1 << 13;
export const FS_CLEAN: u64 = 2 << 13;
export const FS_DIRTY: u64 = 3 << 13;

export function readReg(frame: usize, x: usize): u64 {
  return load<u64>(frame + x * 8);
}

export function writeReg(frame: usize, x: usize, v: u64): void {
  store<u64>(frame + x * 8, v);
}

export function readPc(frame: usize): u64 {
  return load<u64>(frame + SEPC);
}

export function writePc(frame: usize, v: u64): void {
  store<u64>(frame + SEPC, v);
}

export function readStatus(frame: usize): u64 {
  return load<u64>(frame + SSTATUS);
}

export function writeStatus(frame: usize, v: u64): void {
  store<u64>(frame + SSTATUS, v);
}

export function readCause(frame: usize): u64 {
  return load<u64>(frame + SCAUSE);
}

export function readFaultAddress(frame: usize): u64 {
  return load<u64>(frame + STVAL);
}

/** Past the `ecall`: the system call is over. */
export function skipCall(frame: usize): void {
  writePc(frame, readPc(frame) + 4);
}

/** The registers of a program that starts: all zero but pc and sp; interrupts on in user mode, no floating point yet. */
export function startFrame(frame: usize, pc: u64, sp: u64): void {
  memory.fill(frame, 0, FRAME_SIZE);
  writePc(frame, pc);
  writeReg(frame, SP, sp);
  writeStatus(frame, SSTATUS_SPIE);
}
