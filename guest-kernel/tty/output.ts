/** Output processing of a terminal (POSIX 11.2.3): OPOST and the column that erasing needs. */
import { OCRNL, ONLCR, OPOST } from "../abi/termios";
import { Termios } from "./termios";

/** Where processed bytes go. */
export abstract class TtyDriver {
  abstract send(c: u8): void;
}

const NL: u8 = 10;
const CR: u8 = 13;

@final
export class TtyOutput {
  /** Cursor column, counting a byte that continues a UTF-8 sequence as nothing. */
  column: i32 = 0;

  constructor(
    private driver: TtyDriver,
    private modes: Termios,
  ) {}

  put(c: u8): void {
    if ((this.modes.oflag & OPOST) != 0) {
      if (c == NL && (this.modes.oflag & ONLCR) != 0) {
        this.column = 0;
        this.driver.send(CR);
      } else if (c == CR && (this.modes.oflag & OCRNL) != 0) {
        c = NL;
      }
    }
    if (c == CR) this.column = 0;
    else if (c == 8) this.column = max(this.column - 1, 0);
    else if (c == 9) this.column = (this.column | 7) + 1;
    else if (c >= 0x20 && c != 0x7f && (c & 0xc0) != 0x80) this.column++;
    this.driver.send(c);
  }
}
