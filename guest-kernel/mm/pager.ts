/** What backs a mapping: anonymous memory knows nothing of files, and mm/ knows no VFS. */
import { Result } from "../lib/result";

/** Receives a frame; valid only when the Result is 0. The receiver owns one reference. */
export class FrameOut {
  frame: usize = 0;
}

/** A source of pages for a private or shared mapping; counted, because it keeps a file open. */
export abstract class Pager {
  /** The page at page number `index`, shared with the page cache. Errors: -EIO, -ENOMEM, -EFAULT past the end (SIGBUS). */
  abstract page(index: u64, out: FrameOut): Result;
  abstract ref(): void;
  abstract unref(): void;
  /** For /proc/PID/maps: writes the path. */
  abstract device(): u64;
  abstract ino(): u64;
}
