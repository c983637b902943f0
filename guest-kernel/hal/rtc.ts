/** The board's real time clock (google,goldfish-rtc): nanoseconds since the epoch, read once at boot. */
import { mmio } from "./mmio";
import { ld32 } from "./rv";

const TIME_LOW: u64 = 0;
const TIME_HIGH: u64 = 4;

/** `pa` is the device's, 0 where the board has none: the epoch. Reading the low half latches the high one. */
export function readRtc(pa: u64): i64 {
  if (pa == 0) return 0;
  const low: u64 = ld32(mmio(pa) + TIME_LOW);
  const high: u64 = ld32(mmio(pa) + TIME_HIGH);
  return <i64>((high << 32) | low);
}
