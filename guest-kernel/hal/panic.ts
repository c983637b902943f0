/**
 * The end of the machine after a bug of ours: cause, registers and backtrace on the console, then status 255. Nothing
 * here allocates: the heap may be what is broken.
 */
import { backtrace, trapCause } from "./backtrace";
import { consoleByte } from "./console";
import { finish } from "./finisher";
import {
  here,
  symAddr_estack_bottom,
  symAddr_estack_top,
  symAddr_kstack_bottom,
  symAddr_kstack_guard,
  symAddr_kstack_top,
} from "./rv";
import { va as kva } from "./mmio";

const PANIC_STATUS: u32 = 255;
const CAUSE_BREAKPOINT: u64 = 3;
const SP: usize = 16;
const RA: usize = 8;
const SCAUSE: usize = 264;
const STVAL: usize = 272;

/** ABI names of x1 … x31, four letters each. */
const REGISTERS =
  "ra  sp  gp  tp  t0  t1  t2  s0  s1  a0  a1  a2  a3  a4  a5  a6  a7  s2  s3  s4  s5  s6  s7  s8  s9  s10 s11 t3  t4  t5  t6  ";

let isPanicking = false;
const scratch: usize = memory.data(16, 8);

/** Says what is wrong, and ends the machine. Never returns. */
export function panic(what: string): void {
  begin(what);
  text("\n");
  traceHere();
  finish(PANIC_STATUS);
}

/** Where AssemblyScript's assert, throw and failed bounds checks go (`--use abort=…`). Never returns. */
export function kabort(message: string | null, file: string | null, line: u32, column: u32): void {
  begin(message == null ? "assertion failed" : message);
  if (file != null) {
    text(" at ");
    text(file);
    text(":");
    decimal(line);
    text(":");
    decimal(column);
  }
  text("\n");
  traceHere();
  finish(PANIC_STATUS);
}

/** A trap inside the kernel: `frame` is its trap frame (docs/wasm2rv.md). */
export function panicTrap(frame: usize): void {
  const pc = load<u64>(frame);
  const cause = load<u64>(frame, SCAUSE);
  const sp = load<u64>(frame, SP);
  const guard = kva(symAddr_kstack_guard());
  const what = cause == CAUSE_BREAKPOINT ? trapCause(pc) : "";
  const isOverflow = load<u64>(frame, STVAL) - guard < 4096;
  begin(what.length > 0 ? what : isOverflow ? "kernel stack overflow" : causeName(cause));
  text("\n");
  printFrame(frame);
  trace(pc, sp, load<u64>(frame, RA));
  finish(PANIC_STATUS);
}

function begin(what: string): void {
  // A panic while panicking: the first one has said what matters.
  if (isPanicking) finish(PANIC_STATUS);
  isPanicking = true;
  text("\nKernel panic: ");
  text(what);
}

/** pc, status, cause and the integer registers of a trap frame, four to a line. */
export function printFrame(frame: usize): void {
  text("  sepc ");
  hex(load<u64>(frame));
  text("  sstatus ");
  hex(load<u64>(frame, 256));
  text("  scause ");
  hex(load<u64>(frame, SCAUSE));
  text("  stval ");
  hex(load<u64>(frame, STVAL));
  for (let i = 1; i < 32; i++) {
    text((i - 1) % 4 == 0 ? "\n  " : "  ");
    for (let k = 0; k < 4; k++) consoleByte(<u8>REGISTERS.charCodeAt((i - 1) * 4 + k));
    text(" ");
    hex(load<u64>(frame + <usize>i * 8));
  }
  text("\n");
}

function traceHere(): void {
  here(scratch);
  trace(load<u64>(scratch), load<u64>(scratch, 8), 0);
}

/** One line for each function on the stack that `sp` is on. */
function trace(pc: u64, sp: u64, ra: u64): void {
  const onEmergency = sp >= kva(symAddr_estack_bottom()) && sp <= kva(symAddr_estack_top());
  const low = kva(onEmergency ? symAddr_estack_bottom() : symAddr_kstack_bottom());
  const high = kva(onEmergency ? symAddr_estack_top() : symAddr_kstack_top());
  text("Backtrace:\n");
  backtrace.begin(pc, max(sp, low), ra, low, high);
  while (backtrace.next()) {
    text("  ");
    hex(backtrace.pc);
    text(" ");
    bytes(backtrace.name, backtrace.nameLength);
    if (backtrace.line != 0) {
      text(" (");
      bytes(backtrace.file, backtrace.fileLength);
      text(":");
      decimal(backtrace.line);
      text(")");
    }
    text("\n");
  }
}

function causeName(cause: u64): string {
  switch (<u32>cause) {
    case 0:
      return "misaligned jump in the kernel";
    case 2:
      return "illegal instruction in the kernel";
    case 3:
      return "breakpoint in the kernel";
    case 12:
      return "instruction page fault in the kernel";
    case 13:
      return "load page fault in the kernel";
    case 15:
      return "store page fault in the kernel";
    default:
      return "unexpected trap in the kernel";
  }
}

function text(s: string): void {
  for (let i = 0; i < s.length; i++) {
    const c = <u8>s.charCodeAt(i);
    if (c == 0x0a) consoleByte(0x0d);
    consoleByte(c);
  }
}

function bytes(p: usize, n: i32): void {
  for (let i = 0; i < n; i++) consoleByte(load<u8>(p + i));
}

function hex(v: u64): void {
  for (let shift = 60; shift >= 0; shift -= 4) {
    const d = <u8>((v >> (<u64>shift)) & 15);
    consoleByte(d < 10 ? 0x30 + d : 0x57 + d);
  }
}

function decimal(v: u32): void {
  if (v >= 10) decimal(v / 10);
  consoleByte(<u8>(0x30 + (v % 10)));
}
