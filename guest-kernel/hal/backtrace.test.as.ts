/** What backtrace.test.ts drives: one walk over a table and a stack that the test writes into `arena`. */
import { backtrace, trapCause } from "./backtrace";

const space = memory.data(16384, 16);

export function arena(): usize {
  return space;
}
export function begin(at: u64, sp: u64, ra: u64, low: u64, high: u64): void {
  backtrace.begin(at, sp, ra, low, high);
}
export function beginHere(low: u64, high: u64): void {
  backtrace.beginHere(low, high);
}
export function next(): bool {
  return backtrace.next();
}
export function pc(): u64 {
  return backtrace.pc;
}
export function name(): string {
  return String.UTF8.decodeUnsafe(backtrace.name, backtrace.nameLength);
}
export function file(): string {
  return String.UTF8.decodeUnsafe(backtrace.file, backtrace.fileLength);
}
export function line(): u32 {
  return backtrace.line;
}
export function cause(at: u64): string {
  return trapCause(at);
}
