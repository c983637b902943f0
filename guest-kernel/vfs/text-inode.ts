/** Files whose content the kernel makes up when they are read: /proc. */
import { Errno } from "../abi/errno";
import { Bytes, BytesBuilder } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { File, seekWithin } from "./file";
import { Inode } from "./inode";
import { prepare } from "./regular-file";

/** A regular file without storage. */
export abstract class TextInode extends Inode {
  /** Appends the whole content. Errors: -ESRCH, -EACCES. */
  abstract generate(out: BytesBuilder): Result;
  /** Takes one write(2). Errors: -EINVAL. */
  store(_text: Bytes): Result {
    return fail(Errno.EINVAL);
  }
}

const MAX_STORE: u64 = 4096;

/** The content is made at the first read, and again after a return to the start, so that one pass is consistent. */
@final
export class TextFile extends File {
  private text: Bytes | null = null;

  get isSeekable(): bool {
    return true;
  }

  read(buf: IoBuf, pos: i64, _flags: u32): Result {
    if (this.text == null || pos == 0) {
      const out = new BytesBuilder();
      const r = (this.inode as TextInode).generate(out);
      if (failed(r)) return r;
      this.text = out.take();
    }
    const text = this.text as Bytes;
    if (pos >= text.len) return 0;
    const n = min<u64>(buf.len, text.len - pos);
    let done: u64 = 0;
    while (done < n) {
      let r = prepare(buf, done, true);
      const part = min<u64>(<u64>r, n - done);
      if (!failed(r)) r = buf.put(done, text.ptr + <usize>(pos + <i64>done), <usize>part);
      if (failed(r)) return done > 0 ? <Result>done : r;
      done += part;
    }
    return <Result>done;
  }

  write(buf: IoBuf, _pos: i64, _flags: u32): Result {
    const text = Bytes.alloc(<i32>min<u64>(buf.len, MAX_STORE));
    let r = buf.get(0, text.ptr, text.len);
    if (!failed(r)) r = (this.inode as TextInode).store(text);
    return failed(r) ? r : <Result>buf.len;
  }

  seek(off: i64, whence: i32): Result {
    return seekWithin(this, off, whence, this.inode.size);
  }
}
