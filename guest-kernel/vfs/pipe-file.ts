/** Open ends of pipes and fifos: where reading and writing wait. */
import { Errno } from "../abi/errno";
import { O_NONBLOCK } from "../abi/fcntl";
import { FIONREAD } from "../abi/termios";
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from "../dev/char-device";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SIZE } from "../mm/frames";
import { IoBuf } from "../mm/io-buf";
import { RESIDENT_CHUNK } from "../mm/user-buf";
import { park } from "../proc/park";
import { sendKernelSignal } from "../proc/signal";
import { SIGPIPE } from "../proc/signal-numbers";
import { current, userBuf } from "../proc/task";
import { WaitQueue } from "../proc/wait-queue";
import { File } from "./file";
import { Path } from "./path";
import { PIPE_BUF, Pipe } from "./pipe";
import { prepare } from "./regular-file";

@final
export class PipeFile extends File {
  /** Counts itself as a reader or writer of `pipe`, as `flags` say. */
  constructor(
    path: Path,
    flags: u32,
    public pipe: Pipe,
  ) {
    super(path, flags);
    pipe.openEnd(this.canRead, this.canWrite);
  }

  get isStream(): bool {
    return true;
  }

  read(buf: IoBuf, _pos: i64, flags: u32): Result {
    const p = this.pipe;
    if (buf.len == 0) return 0;
    if (p.used == 0) {
      if (p.writers == 0) return 0;
      return (flags & O_NONBLOCK) != 0 ? fail(Errno.EAGAIN) : park(p.readQueue);
    }
    let done: u64 = 0;
    while (done < buf.len && p.used > 0) {
      let r = prepare(buf, done, true);
      if (!failed(r)) r = p.take(buf, done, <u64>r);
      if (failed(r)) return done > 0 ? <Result>done : r;
      done += r;
    }
    return <Result>done;
  }

  write(buf: IoBuf, _pos: i64, flags: u32): Result {
    const p = this.pipe;
    if (buf.len == 0) return 0;
    if (p.readers == 0) {
      sendKernelSignal(current(), SIGPIPE);
      return fail(Errno.EPIPE);
    }
    const isAtomic = buf.len <= PIPE_BUF;
    if (p.room == 0 || (isAtomic && p.room < <u32>buf.len)) {
      return (flags & O_NONBLOCK) != 0 ? fail(Errno.EAGAIN) : park(p.writeQueue);
    }
    let done: u64 = 0;
    while (done < buf.len && p.room > 0) {
      let r = prepare(buf, done, false);
      // A page of the pipe is filled whole or not at all: what precedes a bad address in it is not written either.
      if (!failed(r) && <u64>r < min(buf.len - done, RESIDENT_CHUNK)) r &= ~(<i64>PAGE_SIZE - 1);
      if (r == 0) r = fail(Errno.EFAULT);
      if (!failed(r)) r = p.give(buf, done, <u64>r);
      if (failed(r)) return done > 0 ? <Result>done : r;
      done += r;
    }
    return <Result>done;
  }

  poll(): u32 {
    const p = this.pipe;
    let m: u32 = 0;
    if (this.canRead) m |= (p.used > 0 ? POLLIN : 0) | (p.writers == 0 ? POLLHUP : 0);
    if (this.canWrite) m |= (p.room >= PIPE_BUF ? POLLOUT : 0) | (p.readers == 0 ? POLLERR : 0);
    return m;
  }

  addWaiters(to: Array<WaitQueue>): void {
    if (this.canRead) to.push(this.pipe.readQueue);
    if (this.canWrite) to.push(this.pipe.writeQueue);
  }

  ioctl(cmd: u32, arg: u64): Result {
    return cmd == FIONREAD ? userBuf(arg, 4).writeU32(0, this.pipe.used) : fail(Errno.ENOTTY);
  }

  protected release(): void {
    this.pipe.closeEnd(this.canRead, this.canWrite);
  }
}
