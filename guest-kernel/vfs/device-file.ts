/** Open character and block devices. */
import { Errno } from "../abi/errno";
import { BlockDevice, SECTOR_SIZE } from "../dev/block-device";
import { CharDevice } from "../dev/char-device";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SIZE, allocFrameRaw, putFrame } from "../mm/frames";
import { IoBuf } from "../mm/io-buf";
import { checkpoint } from "../proc/checkpoint";
import { userBuf } from "../proc/task";
import { WaitQueue } from "../proc/wait-queue";
import { File, seekWithin } from "./file";
import { Path } from "./path";
import { prepare } from "./regular-file";

const BLKROGET: u32 = 0x125e;
const BLKGETSIZE: u32 = 0x1260;
const BLKFLSBUF: u32 = 0x1261;
const BLKSSZGET: u32 = 0x1268;
const BLKGETSIZE64: u32 = 0x80081272;

@final
export class CharFile extends File {
  constructor(
    path: Path,
    flags: u32,
    public device: CharDevice,
  ) {
    super(path, flags);
  }

  read(buf: IoBuf, pos: i64, flags: u32): Result {
    return this.device.read(buf, pos, flags);
  }
  write(buf: IoBuf, pos: i64, flags: u32): Result {
    return this.device.write(buf, pos, flags);
  }
  get isSeekable(): bool {
    return this.device.seekable;
  }
  get isStream(): bool {
    return true;
  }
  seek(_off: i64, _whence: i32): Result {
    if (!this.device.seekable) return fail(Errno.ESPIPE);
    // Such devices have no positions to speak of: every seek leads to the start.
    this.pos = 0;
    return 0;
  }
  ioctl(cmd: u32, arg: u64): Result {
    return this.device.ioctl(cmd, arg);
  }
  poll(): u32 {
    return this.device.poll();
  }
  addWaiters(to: Array<WaitQueue>): void {
    const q = this.device.waiters();
    if (q != null) to.push(q);
  }
  protected release(): void {
    this.device.close(this.flags);
  }
}

/** Bytes of a block device: each page of a request goes through one frame. */
@final
export class BlockFile extends File {
  constructor(
    path: Path,
    flags: u32,
    private device: BlockDevice,
  ) {
    super(path, flags);
  }

  get isSeekable(): bool {
    return true;
  }

  private get size(): i64 {
    return <i64>(this.device.sectors * SECTOR_SIZE);
  }

  read(buf: IoBuf, pos: i64, _flags: u32): Result {
    return this.move(buf, pos, false);
  }

  write(buf: IoBuf, pos: i64, _flags: u32): Result {
    if (buf.len > 0 && pos >= this.size) return fail(Errno.ENOSPC);
    return this.move(buf, pos, true);
  }

  private move(buf: IoBuf, pos: i64, isWrite: bool): Result {
    if (pos >= this.size) return 0;
    const all = min<u64>(buf.len, this.size - pos);
    const frame = allocFrameRaw();
    if (frame == 0) return fail(Errno.ENOMEM);
    let done: u64 = 0;
    let r: Result = 0;
    while (done < all) {
      r = prepare(buf, done, !isWrite);
      if (failed(r)) break;
      const part = min<u64>(<u64>r, all - done);
      r = this.movePage(frame, buf, done, part, <u64>pos + done, isWrite);
      if (failed(r)) break;
      done += r;
      if ((done & 0xfffff) == 0 && !checkpoint()) {
        r = fail(Errno.EINTR);
        break;
      }
    }
    putFrame(frame);
    return done > 0 ? <Result>done : r;
  }

  /** Moves what of the `n` bytes at `at` lies in one page of the device. Returns how many. Errors: -EIO, -EFAULT. */
  private movePage(frame: usize, buf: IoBuf, off: u64, n: u64, at: u64, isWrite: bool): Result {
    const inPage = <usize>(at & (PAGE_SIZE - 1));
    const part = <usize>min<u64>(n, PAGE_SIZE - inPage);
    const first = at / SECTOR_SIZE;
    const shift = <usize>(at % SECTOR_SIZE);
    const count = <u32>((shift + part + SECTOR_SIZE - 1) / SECTOR_SIZE);
    let r = this.device.read(first, count, frame);
    if (failed(r)) return r;
    r = isWrite ? buf.get(off, frame + shift, part) : buf.put(off, frame + shift, part);
    if (!failed(r) && isWrite) r = this.device.write(first, count, frame);
    return failed(r) ? r : <Result>part;
  }

  seek(off: i64, whence: i32): Result {
    return seekWithin(this, off, whence, this.size);
  }

  ioctl(cmd: u32, arg: u64): Result {
    switch (cmd) {
      case BLKROGET:
        return userBuf(arg, 4).writeU32(0, this.device.readOnly ? 1 : 0);
      case BLKSSZGET:
        return userBuf(arg, 4).writeU32(0, SECTOR_SIZE);
      case BLKGETSIZE:
        return userBuf(arg, 8).writeU64(0, this.device.sectors);
      case BLKGETSIZE64:
        return userBuf(arg, 8).writeU64(0, <u64>this.size);
      case BLKFLSBUF:
        return this.device.flush();
      default:
        return fail(Errno.ENOTTY);
    }
  }

  fsync(): Result {
    return this.device.flush();
  }
}
