/** What one tmpfs has used of its limits. */
import { Errno } from "../../abi/errno";
import { Result, fail } from "../../lib/result";
import { TmpOptions } from "./options";

@final
export class Space {
  usedPages: u64 = 0;
  usedInodes: u64 = 0;
  private lastIno: u64 = 0;

  constructor(private options: TmpOptions) {}

  nextIno(): u64 {
    return ++this.lastIno;
  }

  /** One more inode. Errors: -ENOSPC. */
  chargeInode(): Result {
    if (this.options.inodes != 0 && this.usedInodes >= this.options.inodes) return fail(Errno.ENOSPC);
    this.usedInodes++;
    return 0;
  }

  /** Another page may be added. */
  get hasRoom(): bool {
    return this.options.pages == 0 || this.usedPages < this.options.pages;
  }
}
