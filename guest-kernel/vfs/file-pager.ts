/** Mappings of regular files: pages straight from the page cache. */
import { Errno } from "../abi/errno";
import { BytesBuilder } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { PAGE_SHIFT, getFrame } from "../mm/frames";
import { FrameOut, Pager } from "../mm/pager";
import { pageIn } from "./file-io";
import { Path } from "./path";
import { writePathName } from "./path-name";

@final
export class FilePager extends Pager {
  private refs: i32 = 1;

  /** Takes `path` over. */
  constructor(private path: Path) {
    super();
  }

  page(index: u64, out: FrameOut): Result {
    const d = this.path.inode.data();
    if (<i64>index >= (d.size + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT) return fail(Errno.EFAULT);
    const r = pageIn(d, index);
    if (failed(r)) return r;
    out.frame = <usize>r;
    getFrame(out.frame);
    return 0;
  }

  /** Memory filesystems alone: their pages are the file, so nothing has to be written back. */
  get sharedWritable(): bool {
    return this.path.inode.data().fs.inMemory;
  }

  pageForWrite(index: u64, out: FrameOut): Result {
    return this.sharedWritable ? this.page(index, out) : fail(Errno.EFAULT);
  }

  ref(): void {
    this.refs++;
  }

  unref(): void {
    if (--this.refs == 0) this.path.drop();
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
