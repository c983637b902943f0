/** The system console: /dev/ttyS0, and /dev/console and /dev/tty that lead to a terminal. */
import { CharDevice, registerCharDevice } from "../dev/char-device";
import { makeDev } from "../dev/dev-number";
import { Uart } from "../dev/uart";
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { currentOrNull } from "../proc/task";
import { Tty, TtyDevice } from "./tty";

const TTYS_MAJOR: u32 = 4;
const TTYS_MINOR: u32 = 64;

/** A node that stands for another device: open() goes to `resolve()`. */
abstract class Alias extends CharDevice {
  read(_buf: IoBuf, _pos: i64, _flags: u32): Result {
    return fail(Errno.ENXIO);
  }
  write(_buf: IoBuf, _pos: i64, _flags: u32): Result {
    return fail(Errno.ENXIO);
  }
}

@final
class ConsoleAlias extends Alias {
  constructor(private device: TtyDevice) {
    super("console", makeDev(5, 1), 0o600);
  }
  resolve(): CharDevice | null {
    return this.device;
  }
}

@final
class CurrentTty extends Alias {
  constructor(private device: TtyDevice) {
    super("tty", makeDev(5, 0), 0o666);
  }
  resolve(): CharDevice | null {
    const t = currentOrNull();
    return t && t.terminal == this.device.tty ? this.device : null;
  }
}

/** Starts the terminal on the UART whose registers are at `regs`, and registers its nodes. */
export function consoleInit(regs: u64, irq: u32): void {
  const uart = new Uart(regs);
  const tty = new Tty(uart, makeDev(TTYS_MAJOR, TTYS_MINOR));
  const device = new TtyDevice("ttyS0", tty);
  uart.start(irq, tty.sink());
  registerCharDevice(device);
  registerCharDevice(new ConsoleAlias(device));
  registerCharDevice(new CurrentTty(device));
}
