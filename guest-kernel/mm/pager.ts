/** What backs a mapping: anonymous memory knows nothing of files, and mm/ knows no VFS. */
import { Errno } from "../abi/errno";
import { BytesBuilder } from "../lib/bytes";
import { Result, fail } from "../lib/result";

/** Receives a frame; valid only when the Result is 0. The receiver owns one reference. */
export class FrameOut {
  frame: usize = 0;
}

/** A source of pages for a private or shared mapping; counted, because it keeps a file open. */
export abstract class Pager {
  /** The page at page number `index`, shared with the page cache. Errors: -EIO, -ENOMEM, -EFAULT past the end (SIGBUS). */
  abstract page(index: u64, out: FrameOut): Result;
  /** The same page, about to be written through a shared mapping. The default is a file that cannot be. Errors: as page. */
  pageForWrite(_index: u64, _out: FrameOut): Result {
    return fail(Errno.EFAULT);
  }
  /** Whether pageForWrite works: MAP_SHARED with PROT_WRITE is refused otherwise. */
  get sharedWritable(): bool {
    return false;
  }
  abstract ref(): void;
  abstract unref(): void;
  /** For /proc/PID/maps. */
  abstract device(): u64;
  abstract ino(): u64;
  abstract writePath(out: BytesBuilder): void;
}
