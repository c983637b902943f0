/** A terminal: line discipline, output, window size, and job control (POSIX 11.1.3–11.1.7) over one serial line. */
import { Errno } from "../abi/errno";
import * as abi from "../abi/termios";
import { O_NOCTTY, O_NONBLOCK } from "../abi/fcntl";
import { ByteSink, Uart } from "../dev/uart";
import { CharDevice, POLLHUP, POLLIN, POLLOUT } from "../dev/char-device";
import { Result, fail, failed } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { ERESTARTSYS, deadlineAfter, expired, park, parkUntil } from "../proc/park";
import { SIGCONT, SIGHUP, SIGTTIN, SIGTTOU, SIGWINCH, sigBit } from "../proc/signal-numbers";
import { isOrphanedGroup, signalGroup } from "../proc/signal";
import { groupExists, groupInSession } from "../proc/task-table";
import { Task, current, userBuf } from "../proc/task";
import { Terminal } from "../proc/terminal";
import { WaitQueue } from "../proc/wait-queue";
import { LineDiscipline, TtyEvents } from "./line-discipline";
import { Termios } from "./termios";
import { TtyDriver, TtyOutput } from "./output";

const NS_PER_DECISECOND: i64 = 100_000_000;
const CHUNK: usize = 256;

@final
class SerialLine extends TtyDriver {
  constructor(private uart: Uart) {
    super();
  }
  send(c: u8): void {
    this.uart.send(c);
  }
}

/** What the line discipline tells the terminal. */
@final
class Events extends TtyEvents {
  private tty: Tty | null = null;

  /** Before the first event. */
  attach(tty: Tty): void {
    this.tty = tty;
  }
  signal(sig: i32): void {
    const group = (this.tty as Tty).foreground;
    if (group != 0) signalGroup(group, sig);
  }
  setStopped(isStopped: bool): void {
    (this.tty as Tty).setStopped(isStopped);
  }
}

@final
class Sink extends ByteSink {
  constructor(private tty: Tty) {
    super();
  }
  receive(c: u8): void {
    this.tty.discipline.receive(c);
  }
  received(): void {
    this.tty.readers.wakeAll();
  }
}

/** The terminal as a session's property; `device` is how programs reach it. */
@final
export class Tty extends Terminal {
  modes: Termios;
  readers: WaitQueue = new WaitQueue();
  writers: WaitQueue = new WaitQueue();
  out: TtyOutput;
  discipline: LineDiscipline;
  /** struct winsize: rows, columns, and pixels, u16 each. */
  winsize: StaticArray<u8> = new StaticArray<u8>(abi.WINSIZE_SIZE);
  isStopped: bool = false;
  isHungUp: bool = false;

  constructor(
    uart: Uart,
    private number: u64,
  ) {
    super();
    const modes = new Termios();
    const out = new TtyOutput(new SerialLine(uart), modes);
    const events = new Events();
    this.modes = modes;
    this.out = out;
    this.discipline = new LineDiscipline(modes, out, events);
    events.attach(this);
  }

  get rdev(): u64 {
    return this.number;
  }

  /** Where the UART driver delivers. */
  sink(): ByteSink {
    return new Sink(this);
  }

  setStopped(isStopped: bool): void {
    this.isStopped = isStopped;
    if (!isStopped) this.writers.wakeAll();
  }

  hangup(): void {
    if (this.foreground != 0) {
      signalGroup(this.foreground, SIGHUP);
      signalGroup(this.foreground, SIGCONT);
    }
    this.foreground = 0;
    this.discipline.flushInput();
    this.readers.wakeAll();
    this.writers.wakeAll();
  }

  /** Is the caller in this terminal's session but not in its foreground group? */
  private isBackground(t: Task): bool {
    return t.terminal == this && this.foreground != 0 && t.pgid != this.foreground;
  }

  /**
   * Job control: stops a background caller with `sig`. 0 when the caller may go on.
   * Errors: -EIO (signal ignored or blocked, or the group is orphaned, and reading), -ERESTARTSYS.
   */
  checkForeground(sig: i32): Result {
    const t = current();
    if (!this.isBackground(t)) return 0;
    const isDeaf = t.signals.ignores(sig) || (t.signals.blocked & sigBit(sig)) != 0;
    if (sig == SIGTTOU && isDeaf) return 0;
    if (isDeaf || isOrphanedGroup(t.pgid)) return fail(Errno.EIO);
    signalGroup(t.pgid, sig);
    return fail(ERESTARTSYS);
  }

  /** TIOCSCTTY and the first open by a session leader. Errors: -EPERM. */
  adopt(t: Task, mayStealAsRoot: bool): Result {
    if (t.terminal == this && this.session == t.sid) return 0;
    if (t.pid != t.sid || t.terminal != null) return fail(Errno.EPERM);
    if (this.session != 0 && !(mayStealAsRoot && t.cred.isCapable)) return fail(Errno.EPERM);
    this.session = t.sid;
    this.foreground = t.pgid;
    t.terminal = this;
    return 0;
  }
}

/** The node of a terminal below /dev. */
@final
export class TtyDevice extends CharDevice {
  constructor(
    name: string,
    public tty: Tty,
  ) {
    super(name, tty.rdev, 0o620);
  }

  open(flags: u32): Result {
    const t = current();
    if ((flags & O_NOCTTY) == 0 && t.pid == t.sid && t.terminal == null && this.tty.session == 0) {
      this.tty.adopt(t, false);
    }
    return 0;
  }

  read(buf: IoBuf, _pos: i64, flags: u32): Result {
    const tty = this.tty;
    const r = tty.checkForeground(SIGTTIN);
    if (failed(r)) return r;
    if (buf.len == 0) return 0;
    if (!tty.modes.has(abi.ICANON)) return this.readRaw(buf, flags);
    if (!tty.discipline.isReadable(1)) return this.wait(flags);
    return tty.discipline.take(buf, 0, buf.len);
  }

  /** VMIN and VTIME (POSIX 11.1.7): cases A–D. */
  private readRaw(buf: IoBuf, flags: u32): Result {
    const d = this.tty.discipline;
    const vmin = <i32>this.tty.modes.cc[abi.VMIN];
    const vtime = <i64>this.tty.modes.cc[abi.VTIME];
    const wanted = <i32>min<u64>(max(vmin, 1), buf.len);
    if (d.isReadable(wanted)) return d.take(buf, 0, buf.len);
    if (vmin == 0) {
      if (vtime == 0) return 0;
      const deadline = deadlineAfter(vtime * NS_PER_DECISECOND);
      return expired(deadline) ? 0 : parkUntil(this.tty.readers, deadline);
    }
    if (vtime > 0 && d.available > 0) {
      // The gap between bytes counts from the first; a byte that comes later only ends the wait sooner.
      const deadline = deadlineAfter(vtime * NS_PER_DECISECOND);
      return expired(deadline) ? d.take(buf, 0, buf.len) : parkUntil(this.tty.readers, deadline);
    }
    if ((flags & O_NONBLOCK) != 0 && d.available > 0) return d.take(buf, 0, buf.len);
    return this.wait(flags);
  }

  private wait(flags: u32): Result {
    if (this.tty.isHungUp) return 0;
    return (flags & O_NONBLOCK) != 0 ? fail(Errno.EAGAIN) : park(this.tty.readers);
  }

  write(buf: IoBuf, _pos: i64, flags: u32): Result {
    const tty = this.tty;
    if (tty.modes.has(abi.TOSTOP)) {
      const r = tty.checkForeground(SIGTTOU);
      if (failed(r)) return r;
    }
    if (tty.isStopped) return (flags & O_NONBLOCK) != 0 ? fail(Errno.EAGAIN) : park(tty.writers);
    for (let done: u64 = 0; done < buf.len;) {
      const n = <usize>min<u64>(buf.len - done, CHUNK);
      const e = buf.get(done, chunk, n);
      if (failed(e)) return done > 0 ? <Result>done : e;
      for (let i: usize = 0; i < n; i++) tty.out.put(load<u8>(chunk + i));
      done += n;
    }
    return <Result>buf.len;
  }

  poll(): u32 {
    const tty = this.tty;
    const vmin = tty.modes.cc[abi.VTIME] != 0 ? 1 : <i32>tty.modes.cc[abi.VMIN];
    return (
      (tty.discipline.isReadable(vmin) ? POLLIN : 0) |
      (tty.isStopped ? 0 : POLLOUT) |
      (tty.isHungUp ? POLLHUP | POLLIN : 0)
    );
  }

  waiters(): WaitQueue | null {
    return this.tty.readers;
  }

  ioctl(cmd: u32, arg: u64): Result {
    switch (cmd) {
      case abi.TCGETS:
        this.tty.modes.save(chunk);
        return userBuf(arg, abi.TERMIOS_SIZE).put(0, chunk, abi.TERMIOS_SIZE);
      case abi.TCSETS:
      case abi.TCSETSW:
      case abi.TCSETSF:
        return this.setModes(cmd, arg);
      case abi.TCSBRK:
        return 0;
      case abi.TCXONC:
        return this.flow(<i32>arg);
      case abi.TCFLSH:
        if (arg > 2) return fail(Errno.EINVAL);
        if (arg != 1) this.tty.discipline.flushInput();
        return 0;
      case abi.TIOCGWINSZ:
        return userBuf(arg, abi.WINSIZE_SIZE).put(0, changetype<usize>(this.tty.winsize), abi.WINSIZE_SIZE);
      case abi.TIOCSWINSZ:
        return this.setWinsize(arg);
      case abi.FIONREAD:
        return userBuf(arg, 4).writeU32(0, this.tty.discipline.available);
      case abi.TIOCOUTQ:
        return userBuf(arg, 4).writeU32(0, 0);
      case abi.TIOCSCTTY:
        return this.tty.adopt(current(), arg == 1);
      case abi.TIOCNOTTY:
        return this.giveUp();
      case abi.TIOCGPGRP:
        if (current().terminal != this.tty) return fail(Errno.ENOTTY);
        return userBuf(arg, 4).writeU32(0, this.tty.foreground);
      case abi.TIOCSPGRP:
        return this.setForeground(arg);
      case abi.TIOCGSID:
        if (current().terminal != this.tty) return fail(Errno.ENOTTY);
        return userBuf(arg, 4).writeU32(0, this.tty.session);
      default:
        return fail(Errno.ENOTTY);
    }
  }

  private setModes(cmd: u32, arg: u64): Result {
    const r = this.tty.checkForeground(SIGTTOU);
    if (failed(r)) return r;
    const e = userBuf(arg, abi.TERMIOS_SIZE).get(0, chunk, abi.TERMIOS_SIZE);
    if (failed(e)) return e;
    const wasCanonical = this.tty.modes.has(abi.ICANON);
    this.tty.modes.load(chunk);
    if (cmd == abi.TCSETSF) this.tty.discipline.flushInput();
    if (wasCanonical != this.tty.modes.has(abi.ICANON)) this.tty.discipline.canonicalChanged();
    if ((this.tty.modes.iflag & abi.IXON) == 0) this.tty.setStopped(false);
    this.tty.readers.wakeAll();
    return 0;
  }

  /** TCOOFF, TCOON; TCIOFF and TCION send STOP and START. */
  private flow(action: i32): Result {
    const cc = this.tty.modes.cc;
    if (action == 0) this.tty.setStopped(true);
    else if (action == 1) this.tty.setStopped(false);
    else if (action == 2 || action == 3) this.tty.out.put(cc[action == 2 ? abi.VSTOP : abi.VSTART]);
    else return fail(Errno.EINVAL);
    return 0;
  }

  private setWinsize(arg: u64): Result {
    const e = userBuf(arg, abi.WINSIZE_SIZE).get(0, chunk, abi.WINSIZE_SIZE);
    if (failed(e)) return e;
    const own = changetype<usize>(this.tty.winsize);
    if (memory.compare(own, chunk, abi.WINSIZE_SIZE) == 0) return 0;
    memory.copy(own, chunk, abi.WINSIZE_SIZE);
    if (this.tty.foreground != 0) signalGroup(this.tty.foreground, SIGWINCH);
    return 0;
  }

  private giveUp(): Result {
    const t = current();
    if (t.terminal != this.tty) return fail(Errno.ENOTTY);
    t.terminal = null;
    if (t.pid != t.sid) return 0;
    this.tty.session = 0;
    this.tty.hangup();
    return 0;
  }

  /** Errors: -ENOTTY, -ERESTARTSYS (background), -EFAULT, -EINVAL, -ESRCH, -EPERM. */
  private setForeground(arg: u64): Result {
    const t = current();
    if (t.terminal != this.tty || this.tty.session != t.sid) return fail(Errno.ENOTTY);
    const r = this.tty.checkForeground(SIGTTOU);
    if (failed(r)) return r;
    const v = userBuf(arg, 4).readU32();
    if (failed(v)) return v;
    const pgid = <i32>v;
    if (pgid < 0) return fail(Errno.EINVAL);
    if (!groupExists(pgid)) return fail(Errno.ESRCH);
    if (!groupInSession(pgid, t.sid)) return fail(Errno.EPERM);
    this.tty.foreground = pgid;
    return 0;
  }
}

const chunk: usize = memory.data(256);
