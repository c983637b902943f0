/** Polled output on the board's 16550: boot lines and panics. Works before and after tty/ has taken the device over. */
import { mmio } from "./mmio";
import { ld8, st8 } from "./rv";

const UART_PA: u64 = 0x1000_0000;
const THR: u64 = 0;
const LSR: u64 = 5;
const LSR_THRE: u32 = 0x20;

export function consoleByte(c: u8): void {
  const uart = mmio(UART_PA);
  while ((ld8(uart + LSR) & LSR_THRE) == 0) {}
  st8(uart + THR, c);
}

/** Writes `n` bytes at `p`; a newline becomes CR LF. */
export function consoleWrite(p: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const c = load<u8>(p + i);
    if (c == 0x0a) consoleByte(0x0d);
    consoleByte(c);
  }
}
