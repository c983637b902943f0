/** The end of the machine after a bug of ours: the cause and the registers on the console, then status 255. */
import { BytesBuilder } from "../lib/bytes";
import { consoleWrite } from "./console";
import { finish } from "./finisher";
import { LOG_EMERG, klogLine } from "./log";

const PANIC_STATUS: u32 = 255;

/** ABI names of x1 … x31, four letters each. */
const REGISTERS = "ra  sp  gp  tp  t0  t1  t2  s0  s1  a0  a1  a2  a3  a4  a5  a6  a7  s2  s3  s4  s5  s6  s7  s8  s9  s10 s11 t3  t4  t5  t6  ";

let isPanicking = false;
/** boot sets it: prints the backtrace that starts at (pc, sp, ra); pc 0: at the caller. */
let backtrace: (pc: u64, sp: u64, ra: u64) => void = (_pc: u64, _sp: u64, _ra: u64): void => {};

export function setBacktrace(fn: (pc: u64, sp: u64, ra: u64) => void): void {
  backtrace = fn;
}

/** Says what is wrong and where, and ends the machine. Never returns. */
export function panic(what: string): void {
  panicLine(new BytesBuilder().text(what), 0);
}

/** `frame` is the trap frame of a fault inside the kernel, or 0. */
export function panicLine(what: BytesBuilder, frame: usize): void {
  if (isPanicking) finish(PANIC_STATUS);
  isPanicking = true;
  klogLine(new BytesBuilder().text("Kernel panic: ").bytes(what.take()), LOG_EMERG);
  if (frame != 0) printFrame(frame);
  if (frame != 0) backtrace(load<u64>(frame), load<u64>(frame + 16), load<u64>(frame + 8));
  else backtrace(0, 0, 0);
  finish(PANIC_STATUS);
}

/** Ends with pc, status, cause and the integer registers of a trap frame, four to a line. */
export function printFrame(frame: usize): void {
  const out = new BytesBuilder();
  out.text("  sepc ").hex(load<u64>(frame), 16).text("  sstatus ").hex(load<u64>(frame + 256), 16);
  out.text("  scause ").hex(load<u64>(frame + 264), 16).text("  stval ").hex(load<u64>(frame + 272), 16);
  for (let i = 1; i < 32; i++) {
    out.text((i - 1) % 4 == 0 ? "\n  " : "  ");
    for (let k = 0; k < 4; k++) out.byte(<u8>REGISTERS.charCodeAt((i - 1) * 4 + k));
    out.byte(0x20).hex(load<u64>(frame + <usize>i * 8), 16);
  }
  out.byte(0x0a);
  const text = out.take();
  consoleWrite(text.ptr, text.len);
}
