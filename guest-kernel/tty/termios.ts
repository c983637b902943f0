/** The modes of one terminal; the bytes of struct termios are the only copy. */
import * as abi from "../abi/termios";

const NCC_DEFAULTS: StaticArray<u8> = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0];

@final
export class Termios {
  iflag: u32 = abi.ICRNL | abi.IXON;
  oflag: u32 = abi.OPOST | abi.ONLCR;
  cflag: u32 = abi.B115200 | abi.CS8 | abi.CREAD | abi.CLOCAL;
  lflag: u32 = abi.ISIG | abi.ICANON | abi.ECHO | abi.ECHOE | abi.ECHOK | abi.ECHOCTL | abi.ECHOKE | abi.IEXTEN;
  line: u8 = 0;
  /** Control characters, indexed by V*; 0 is off. */
  cc: StaticArray<u8> = NCC_DEFAULTS.slice<StaticArray<u8>>(0, abi.NCCS);

  /** Is `c` the control character `which`, which may be off? */
  is(c: u8, which: i32): bool {
    const v = this.cc[which];
    return v != 0 && v == c;
  }

  has(lflag: u32): bool {
    return (this.lflag & lflag) != 0;
  }

  /** Fills TERMIOS_SIZE bytes at `p`. */
  save(p: usize): void {
    store<u32>(p, this.iflag);
    store<u32>(p + 4, this.oflag);
    store<u32>(p + 8, this.cflag);
    store<u32>(p + 12, this.lflag);
    store<u8>(p + 16, this.line);
    memory.copy(p + abi.CC_OFFSET, changetype<usize>(this.cc), abi.NCCS);
  }

  load(p: usize): void {
    this.iflag = load<u32>(p);
    this.oflag = load<u32>(p + 4);
    this.cflag = load<u32>(p + 8);
    this.lflag = load<u32>(p + 12);
    this.line = load<u8>(p + 16);
    memory.copy(changetype<usize>(this.cc), p + abi.CC_OFFSET, abi.NCCS);
  }
}
