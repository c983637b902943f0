/** Calls to the firmware (SBI 1.0): the timer, system reset, and the console before there is a driver. */
import { sbi } from "./rv";

const EXT_TIME: u64 = 0x54494d45;
const EXT_SRST: u64 = 0x53525354;
const EXT_CONSOLE_PUTCHAR: u64 = 1;
const EXT_CONSOLE_GETCHAR: u64 = 2;

export const RESET_SHUTDOWN: u64 = 0;
export const RESET_COLD_REBOOT: u64 = 1;

const value: usize = memory.data(8, 8);

/** The next timer interrupt comes when the `time` CSR reaches `ticks`; clears the pending one. */
export function sbiSetTimer(ticks: u64): void {
  sbi(EXT_TIME, 0, ticks, 0, 0, 0, value);
}

export function sbiPutchar(c: u8): void {
  sbi(EXT_CONSOLE_PUTCHAR, 0, c, 0, 0, 0, value);
}

/** A byte, or -1. */
export function sbiGetchar(): i64 {
  return sbi(EXT_CONSOLE_GETCHAR, 0, 0, 0, 0, 0, value);
}

/** Does not return where the firmware has the extension. */
export function sbiReset(type: u64): void {
  sbi(EXT_SRST, 0, type, 0, 0, 0, value);
}
