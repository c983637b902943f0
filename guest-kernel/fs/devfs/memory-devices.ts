/** The character devices that are no hardware, major 1: null, zero, full, random, urandom, kmsg. */
import { Errno } from "../../abi/errno";
import { O_NONBLOCK } from "../../abi/fcntl";
import { CharDevice, POLLIN, POLLOUT, registerCharDevice } from "../../dev/char-device";
import { makeDev } from "../../dev/dev-number";
import { LOG_INFO, klogLine, logByte, logEnd, logStart } from "../../hal/log";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { IoBuf } from "../../mm/io-buf";
import { checkpoint } from "../../proc/checkpoint";
import { addEntropy, fillRandom } from "../../proc/random";
import { prepare } from "../../vfs/regular-file";

const MEM_MAJOR: u32 = 1;
const CHECKPOINT_MASK: u64 = (1 << 20) - 1;

/** A device whose reads go on for ever; `fill` makes the next `n` bytes at `off`. */
abstract class Source extends CharDevice {
  abstract fill(buf: IoBuf, off: u64, n: usize): Result;

  read(buf: IoBuf, _pos: i64, _flags: u32): Result {
    let done: u64 = 0;
    while (done < buf.len) {
      let r = prepare(buf, done, true);
      const n = <u64>r;
      if (!failed(r)) r = this.fill(buf, done, <usize>n);
      if (failed(r)) return done > 0 ? <Result>done : r;
      done += n;
      if ((done & CHECKPOINT_MASK) == 0 && !checkpoint()) break;
    }
    return <Result>done;
  }
  /** Everything is taken and forgotten. */
  write(buf: IoBuf, _pos: i64, _flags: u32): Result {
    return <Result>buf.len;
  }
  get seekable(): bool {
    return true;
  }
}

@final
class Null extends Source {
  fill(_buf: IoBuf, _off: u64, _n: usize): Result {
    return 0;
  }
  read(_buf: IoBuf, _pos: i64, _flags: u32): Result {
    return 0;
  }
}

@final
class Zero extends Source {
  fill(buf: IoBuf, off: u64, n: usize): Result {
    return buf.zero(off, n);
  }
}

@final
class Full extends Source {
  fill(buf: IoBuf, off: u64, n: usize): Result {
    return buf.zero(off, n);
  }
  write(buf: IoBuf, _pos: i64, _flags: u32): Result {
    return buf.len == 0 ? 0 : fail(Errno.ENOSPC);
  }
}

@final
class Random extends Source {
  fill(buf: IoBuf, off: u64, n: usize): Result {
    const block = Bytes.alloc(<i32>min<usize>(n, 4096));
    let r: Result = 0;
    for (let at: usize = 0; at < n && !failed(r); at += block.len) {
      const part = min<usize>(n - at, block.len);
      fillRandom(block.ptr, <i32>part);
      r = buf.put(off + at, block.ptr, part);
    }
    return r;
  }
  /** What is written is stirred in. */
  write(buf: IoBuf, _pos: i64, _flags: u32): Result {
    const block = Bytes.alloc(<i32>min<u64>(buf.len, 256));
    const r = buf.get(0, block.ptr, block.len);
    if (failed(r)) return r;
    addEntropy(block.ptr, block.len);
    return <Result>buf.len;
  }
}

const MAX_LINE: u64 = 976;

/** The kernel's log: each write is a line; reading gives one line a call, from the oldest on. */
@final
class Kmsg extends CharDevice {
  read(buf: IoBuf, pos: i64, flags: u32): Result {
    let from = max<u64>(<u64>pos, logStart());
    if (from >= logEnd()) return (flags & O_NONBLOCK) != 0 ? fail(Errno.EAGAIN) : 0;
    const line = new BytesBuilder();
    while (from < logEnd()) {
      const c = logByte(from++);
      line.byte(c);
      if (c == 0x0a) break;
    }
    if (<u64>line.len > buf.len) return fail(Errno.EINVAL);
    const text = line.take();
    const r = buf.put(0, text.ptr, text.len);
    return failed(r) ? r : text.len;
  }

  write(buf: IoBuf, _pos: i64, _flags: u32): Result {
    if (buf.len > MAX_LINE) return fail(Errno.EINVAL);
    const text = Bytes.alloc(<i32>buf.len);
    const r = buf.get(0, text.ptr, text.len);
    if (failed(r)) return r;
    let start = 0;
    let severity = LOG_INFO;
    // "<N>" in front gives the severity.
    if (text.len > 2 && text[0] == 0x3c && text.indexOf(0x3e) == 2) {
      severity = <i32>(text[1] & 7);
      start = 3;
    }
    let end = text.len;
    while (end > start && text[end - 1] == 0x0a) end--;
    klogLine(new BytesBuilder().bytes(text.slice(start, end)), severity);
    return <Result>buf.len;
  }

  get seekable(): bool {
    return true;
  }
  poll(): u32 {
    return POLLIN | POLLOUT;
  }
}

export function registerMemoryDevices(): void {
  registerCharDevice(new Null("null", makeDev(MEM_MAJOR, 3), 0o666));
  registerCharDevice(new Zero("zero", makeDev(MEM_MAJOR, 5), 0o666));
  registerCharDevice(new Full("full", makeDev(MEM_MAJOR, 7), 0o666));
  registerCharDevice(new Random("random", makeDev(MEM_MAJOR, 8), 0o666));
  registerCharDevice(new Random("urandom", makeDev(MEM_MAJOR, 9), 0o666));
  registerCharDevice(new Kmsg("kmsg", makeDev(MEM_MAJOR, 11), 0o644));
}
