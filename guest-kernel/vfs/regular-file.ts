/** Open regular files. */
import { Errno } from "../abi/errno";
import { O_APPEND } from "../abi/fcntl";
import { FIONREAD } from "../abi/termios";
import { Result, fail, failed } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { RESIDENT_CHUNK, UserBuf } from "../mm/user-buf";
import { checkpoint } from "../proc/checkpoint";
import { userBuf } from "../proc/task";
import { touchAtime } from "./atime";
import { File, SEEK_DATA, SEEK_HOLE, seekWithin } from "./file";
import { modeAfterWrite, readAt, writeAt } from "./file-io";
import { cred } from "./fs-context";
import { ATTR_CTIME, ATTR_MODE, SetAttr } from "./inode";
import { Path } from "./path";
import { realtimeNs } from "../hal/time";

const CHECKPOINT_EVERY: u64 = 1 << 20;

/** Makes the next chunk of a user buffer resident; how many bytes from `off` on may be moved. Errors: -EFAULT. */
export function prepare(buf: IoBuf, off: u64, forWrite: bool): Result {
  const n = min<u64>(buf.len - off, RESIDENT_CHUNK);
  return buf instanceof UserBuf ? (buf as UserBuf).makeResident(off, n, forWrite) : <Result>n;
}

@final
export class RegularFile extends File {
  constructor(path: Path, flags: u32) {
    super(path, flags);
    if (this.canWrite) this.inode.fs.writers++;
  }

  protected release(): void {
    if (this.canWrite) this.inode.fs.writers--;
  }

  get isSeekable(): bool {
    return true;
  }

  read(buf: IoBuf, pos: i64, flags: u32): Result {
    const inode = this.inode;
    let done: u64 = 0;
    let unchecked: u64 = 0;
    let r: Result = 0;
    while (done < buf.len && pos + <i64>done < inode.data().size) {
      r = prepare(buf, done, true);
      if (failed(r)) break;
      r = readAt(inode, pos + <i64>done, buf, done, r);
      if (r <= 0) break;
      done += r;
      unchecked += r;
      if (unchecked < CHECKPOINT_EVERY) continue;
      unchecked = 0;
      if (!checkpoint()) {
        r = fail(Errno.EINTR);
        break;
      }
    }
    if (buf.len > 0) touchAtime(this.path.mount, inode, flags);
    return done > 0 ? <Result>done : r;
  }

  write(buf: IoBuf, pos: i64, flags: u32): Result {
    const inode = this.inode;
    let r = this.dropSetId();
    if (failed(r)) return r;
    let done: u64 = 0;
    let unchecked: u64 = 0;
    while (done < buf.len) {
      r = prepare(buf, done, false);
      if (failed(r)) break;
      const at = (flags & O_APPEND) != 0 ? inode.data().size : pos + <i64>done;
      r = writeAt(inode, at, buf, done, r);
      if (r <= 0) break;
      done += r;
      unchecked += r;
      if ((flags & O_APPEND) != 0) this.appended = at + r;
      if (unchecked < CHECKPOINT_EVERY) continue;
      unchecked = 0;
      if (!checkpoint()) {
        r = fail(Errno.EINTR);
        break;
      }
    }
    return done > 0 ? <Result>done : r;
  }

  /** With O_APPEND: where the last write ended. */
  appended: i64 = 0;

  /** An unprivileged write clears the set-id bits. */
  private dropSetId(): Result {
    const inode = this.inode;
    const mode = modeAfterWrite(inode.mode);
    if (mode == inode.mode || cred().isFsCapable) return 0;
    const c = new SetAttr();
    c.mask = ATTR_MODE | ATTR_CTIME;
    c.mode = mode;
    c.ctime = realtimeNs();
    return inode.setattr(c);
  }

  seek(off: i64, whence: i32): Result {
    const d = this.inode.data();
    if (whence != SEEK_DATA && whence != SEEK_HOLE) return seekWithin(this, off, whence, d.size);
    if (off < 0 || off >= d.size) return fail(Errno.ENXIO);
    const r = d.seekData(off, whence == SEEK_HOLE);
    if (!failed(r)) this.pos = r;
    return r;
  }

  ioctl(cmd: u32, arg: u64): Result {
    if (cmd != FIONREAD) return fail(Errno.ENOTTY);
    return userBuf(arg, 4).writeU32(0, <u32>(this.inode.data().size - this.pos));
  }

  fsync(): Result {
    return this.inode.fs.sync();
  }
}
