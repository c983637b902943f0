/** Raw mode of the terminal on descriptor 0, and its width. */
import {
  CC_OFFSET,
  ECHO,
  ICANON,
  ICRNL,
  IEXTEN,
  INLCR,
  ISIG,
  IXON,
  TCGETS,
  TCSETSW,
  TIOCGWINSZ,
  VMIN,
  VTIME,
} from "../../../abi/termios";
import { ioctl } from "../../libc/sys";

const cooked: usize = memory.data(64, 8);
const raw: usize = memory.data(64, 8);
const size: usize = memory.data(8, 8);
const SIZE: usize = 64;
const LFLAG: usize = 12;
const DEFAULT_COLUMNS: i32 = 80;

/** Every byte comes at once, unechoed; output is processed as before. False: no terminal. */
export function enterRaw(): bool {
  if (ioctl(0, TCGETS, cooked) < 0) return false;
  memory.copy(raw, cooked, SIZE);
  store<u32>(raw, load<u32>(raw) & ~(ICRNL | INLCR | IXON));
  store<u32>(raw + LFLAG, load<u32>(raw + LFLAG) & ~(ICANON | ECHO | ISIG | IEXTEN));
  store<u8>(raw + CC_OFFSET + VMIN, 1);
  store<u8>(raw + CC_OFFSET + VTIME, 0);
  return ioctl(0, TCSETSW, raw) >= 0;
}

export function leaveRaw(): void {
  ioctl(0, TCSETSW, cooked);
}

export function columns(): i32 {
  if (ioctl(0, TIOCGWINSZ, size) < 0) return DEFAULT_COLUMNS;
  const n = <i32>load<u16>(size + 2);
  return n > 0 ? n : DEFAULT_COLUMNS;
}
