/** times: what the shell and its children have used. */
import { Nr } from "../../../abi/nr";
import { Bytes } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { sys } from "../../libc/sys";

/** clock_t of times(2) counts hundredths. */
const TICKS: i64 = 100;
const buffer: usize = memory.data(32, 8);

export function times(_args: Bytes[]): i32 {
  sys(Nr.times, buffer);
  for (let i: usize = 0; i < 4; i++) {
    const t = load<i64>(buffer + i * 8);
    stdout.dec(t / (60 * TICKS)).byte(0x6d);
    stdout
      .dec((t / TICKS) % 60)
      .byte(0x2e)
      .dec((t % TICKS) * 10000, 6, 0x30)
      .byte(0x73);
    stdout.byte(i == 0 || i == 2 ? 0x20 : 10);
  }
  return 0;
}
