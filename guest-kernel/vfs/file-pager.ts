/** Mappings of regular files: pages of `inode.data()` as it is at each fault, so that a mapping follows a copy-up. */
import { Errno } from "../abi/errno";
import { realtimeNs } from "../hal/time";
import { BytesBuilder } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SHIFT, getFrame } from "../mm/frames";
import { FrameOut, Pager } from "../mm/pager";
import { pageIn } from "./file-io";
import { Path } from "./path";
import { writePathName } from "./path-name";

@final
export class FilePager extends Pager {
  private users: i32 = 1;

  /** Takes `path` over. `mayWrite`: shared pages may be written, the file being open for that. */
  constructor(
    private path: Path,
    private mayWrite: bool = false,
  ) {
    super();
  }

  page(index: u64, out: FrameOut): Result {
    const d = this.path.inode.data();
    if (<i64>(index << PAGE_SHIFT) >= d.size) return fail(Errno.EFAULT);
    const r = pageIn(d, index);
    if (failed(r)) return r;
    out.frame = <usize>r;
    getFrame(out.frame);
    return 0;
  }

  pageForWrite(index: u64, out: FrameOut): Result {
    if (!this.mayWrite) return fail(Errno.EFAULT);
    const r = this.page(index, out);
    if (failed(r)) return r;
    const d = this.path.inode.data();
    d.mtime = d.ctime = realtimeNs();
    return r;
  }

  get sharedWritable(): bool {
    return this.mayWrite;
  }

  ref(): void {
    this.users++;
  }

  unref(): void {
    if (--this.users == 0) this.path.drop();
  }

  device(): u64 {
    return this.path.inode.fs.dev;
  }

  ino(): u64 {
    return this.path.inode.ino;
  }

  writePath(out: BytesBuilder): void {
    writePathName(out, this.path);
  }
}
