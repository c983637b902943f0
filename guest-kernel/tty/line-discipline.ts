/**
 * Input of a terminal (POSIX 11.1, Linux N_TTY): canonical line editing, raw mode, echo, and the characters that signal.
 * It knows no task: a signal it recognises is handed to `TtyEvents`, and who reads decides how to wait.
 */
import * as abi from "../abi/termios";
import { SIGINT, SIGQUIT, SIGTSTP } from "../proc/signal-numbers";
import { Result, failed } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { Termios } from "./termios";
import { TtyOutput } from "./output";

/** As Linux: a line longer than this is cut, its end still counts. */
const CAPACITY: i32 = 4096;
/** Flags beside the byte in `queue`. */
const LINE_END: u16 = 0x100;
/** The end of a line made by VEOF: the byte itself is not read. */
const NOT_READ: u16 = 0x200;

const NL: u8 = 10;
const CR: u8 = 13;
const BS: u8 = 8;

export abstract class TtyEvents {
  /** `sig` for the foreground process group. */
  abstract signal(sig: i32): void;
  /** ^S and ^Q. */
  abstract setStopped(isStopped: bool): void;
}

@final
export class LineDiscipline {
  /** Bytes ready to be read, with flags: a ring. */
  private queue: StaticArray<u16> = new StaticArray<u16>(CAPACITY);
  private head: i32 = 0;
  private count: i32 = 0;
  /** Line ends in `queue`. */
  private lines: i32 = 0;
  /** The line that is being typed. */
  private edit: StaticArray<u8> = new StaticArray<u8>(CAPACITY);
  private editLen: i32 = 0;
  /** Column at which the edited line began. */
  private startColumn: i32 = 0;
  /** ^V came: the next byte is data. */
  private isLiteral: bool = false;

  constructor(
    public modes: Termios,
    private out: TtyOutput,
    private events: TtyEvents,
  ) {}

  /** One byte from the line. */
  receive(c: u8): void {
    const m = this.modes;
    if ((m.iflag & abi.ISTRIP) != 0) c &= 0x7f;
    if (this.isLiteral) {
      this.isLiteral = false;
      this.add(c);
      return;
    }
    if (c == CR) {
      if ((m.iflag & abi.IGNCR) != 0) return;
      if ((m.iflag & abi.ICRNL) != 0) c = NL;
    } else if (c == NL && (m.iflag & abi.INLCR) != 0) {
      c = CR;
    }
    if ((m.iflag & abi.IXON) != 0) {
      if (m.is(c, abi.VSTOP)) return this.events.setStopped(true);
      if (m.is(c, abi.VSTART)) return this.events.setStopped(false);
    }
    if (m.has(abi.ISIG)) {
      if (m.is(c, abi.VINTR)) return this.interrupt(c, SIGINT);
      if (m.is(c, abi.VQUIT)) return this.interrupt(c, SIGQUIT);
      if (m.is(c, abi.VSUSP)) return this.interrupt(c, SIGTSTP);
    }
    if (m.has(abi.ICANON)) this.receiveCanonical(c);
    else this.add(c);
  }

  private receiveCanonical(c: u8): void {
    const m = this.modes;
    if (m.is(c, abi.VERASE)) return this.erase();
    if (m.is(c, abi.VKILL)) return this.kill();
    if (m.has(abi.IEXTEN)) {
      if (m.is(c, abi.VWERASE)) return this.eraseWord();
      if (m.is(c, abi.VREPRINT) && m.has(abi.ECHO)) return this.reprint(c);
      if (m.is(c, abi.VLNEXT)) {
        this.isLiteral = true;
        if (m.has(abi.ECHO) && m.has(abi.ECHOCTL)) {
          this.out.put(0x5e);
          this.out.put(BS);
        }
        return;
      }
    }
    if (m.is(c, abi.VEOF)) return this.endLine(0, NOT_READ | LINE_END);
    if (c == NL) {
      if (m.has(abi.ECHO) || m.has(abi.ECHONL)) this.out.put(NL);
      return this.endLine(c, LINE_END);
    }
    if (m.is(c, abi.VEOL) || (m.has(abi.IEXTEN) && m.is(c, abi.VEOL2))) {
      this.echo(c);
      return this.endLine(c, LINE_END);
    }
    this.add(c);
  }

  /** Data: into the line being typed, or straight to the reader. */
  private add(c: u8): void {
    if (this.modes.has(abi.ICANON)) {
      // One place stays free for the end of the line.
      if (this.editLen >= CAPACITY - 1 - this.count) return this.out.put(7);
      if (this.editLen == 0) this.startColumn = this.out.column;
      this.edit[this.editLen++] = c;
    } else {
      if (this.count == CAPACITY) return;
      this.push(c);
    }
    this.echo(c);
  }

  private push(v: u16): void {
    this.queue[(this.head + this.count) % CAPACITY] = v;
    this.count++;
    if ((v & LINE_END) != 0) this.lines++;
  }

  private endLine(c: u8, flags: u16): void {
    for (let i = 0; i < this.editLen; i++) this.push(this.edit[i]);
    this.editLen = 0;
    if (this.count < CAPACITY) this.push(flags | c);
  }

  private interrupt(c: u8, sig: i32): void {
    if (!this.modes.has(abi.NOFLSH)) this.flushInput();
    this.echo(c);
    this.events.setStopped(false);
    this.events.signal(sig);
  }

  private isShownAsControl(c: u8): bool {
    return this.modes.has(abi.ECHOCTL) && (c < 0x20 || c == 0x7f) && c != 9 && c != NL;
  }

  private echo(c: u8): void {
    if (!this.modes.has(abi.ECHO)) return;
    if (this.isShownAsControl(c)) {
      this.out.put(0x5e);
      this.out.put(c ^ 0x40);
    } else {
      this.out.put(c);
    }
  }

  /** Bytes of the last character of the edited line. */
  private lastCharacter(): i32 {
    let n = 1;
    if ((this.modes.iflag & abi.IUTF8) == 0) return n;
    while (n < this.editLen && n < 4 && (this.edit[this.editLen - n] & 0xc0) == 0x80) n++;
    return n;
  }

  /** Columns that the edited line takes from its start. */
  private columns(): i32 {
    let column = this.startColumn;
    for (let i = 0; i < this.editLen; i++) {
      const c = this.edit[i];
      if (c == 9) column = (column | 7) + 1;
      else if (this.isShownAsControl(c)) column += 2;
      else if ((c & 0xc0) != 0x80) column++;
    }
    return column;
  }

  private erase(): void {
    if (this.editLen == 0) return;
    const before = this.columns();
    this.editLen -= this.lastCharacter();
    if (!this.modes.has(abi.ECHO)) return;
    if (!this.modes.has(abi.ECHOE)) return this.echo(this.modes.cc[abi.VERASE]);
    for (let n = before - this.columns(); n > 0; n--) {
      this.out.put(BS);
      this.out.put(0x20);
      this.out.put(BS);
    }
  }

  private eraseWord(): void {
    while (this.editLen > 0 && isBlank(this.edit[this.editLen - 1])) this.erase();
    while (this.editLen > 0 && !isBlank(this.edit[this.editLen - 1])) this.erase();
  }

  private kill(): void {
    if (this.modes.has(abi.ECHO) && !(this.modes.has(abi.ECHOE) && this.modes.has(abi.ECHOKE))) {
      this.echo(this.modes.cc[abi.VKILL]);
      if (this.modes.has(abi.ECHOK)) this.out.put(NL);
      this.editLen = 0;
      return;
    }
    while (this.editLen > 0) this.erase();
  }

  private reprint(c: u8): void {
    this.echo(c);
    this.out.put(NL);
    this.startColumn = 0;
    for (let i = 0; i < this.editLen; i++) this.echo(this.edit[i]);
  }

  /** Forgets what was typed and not yet read. */
  flushInput(): void {
    this.count = 0;
    this.lines = 0;
    this.editLen = 0;
    this.isLiteral = false;
  }

  /** Canonical mode has been switched: what was typed so far becomes readable, as Linux does. */
  canonicalChanged(): void {
    for (let i = 0; i < this.editLen; i++) this.push(this.edit[i]);
    this.editLen = 0;
    this.lines = 0;
    for (let i = 0; i < this.count; i++) {
      if ((this.queue[(this.head + i) % CAPACITY] & LINE_END) != 0) this.lines++;
    }
  }

  /** Bytes that a read would find: FIONREAD. */
  get available(): i32 {
    return this.modes.has(abi.ICANON) && this.lines == 0 ? 0 : this.count;
  }

  /** Would a read return now? In raw mode `minimum` is VMIN. */
  isReadable(minimum: i32): bool {
    return this.modes.has(abi.ICANON) ? this.lines > 0 : this.count >= max(minimum, 1);
  }

  /** Moves what is ready into `buf` from `off`; in canonical mode at most one line. Returns bytes, or -EFAULT. */
  take(buf: IoBuf, off: u64, limit: u64): Result {
    const isCanonical = this.modes.has(abi.ICANON);
    let n: u64 = 0;
    while (n < limit && this.count > 0) {
      const v = this.queue[this.head];
      if ((v & NOT_READ) == 0) {
        store<u8>(scratch, <u8>v);
        const e = buf.put(off + n, scratch, 1);
        if (failed(e)) return e;
        n++;
      }
      this.drop(v);
      if (isCanonical && (v & LINE_END) != 0) return <Result>n;
    }
    // A line that fits exactly up to its VEOF: the mark must not read as an end of file of its own.
    if (isCanonical && n > 0 && this.count > 0 && (this.queue[this.head] & NOT_READ) != 0) {
      this.drop(this.queue[this.head]);
    }
    return <Result>n;
  }

  private drop(v: u16): void {
    this.head = (this.head + 1) % CAPACITY;
    this.count--;
    if ((v & LINE_END) != 0) this.lines--;
  }
}

const scratch: usize = memory.data(1);

function isBlank(c: u8): bool {
  return c == 0x20 || c == 9;
}
