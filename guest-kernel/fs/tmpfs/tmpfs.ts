/** One tmpfs: its limits and what is used of them. */
import { Errno } from "../../abi/errno";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { PAGE_SIZE } from "../../mm/frames";
import { Filesystem, Inode, NewInode, S_IFDIR, StatFs } from "../../vfs/inode";
import { anonymousDev } from "../../vfs/superblock";
import { TmpInode } from "./inode";
import { TmpOptions } from "./options";
import { Space } from "./space";

const TMPFS_MAGIC: u64 = 0x01021994;

@final
export class TmpFs extends Filesystem {
  private space: Space;
  private top: Inode | null = null;

  /** `typeName`: devtmpfs is a tmpfs under another name. */
  constructor(
    private options: TmpOptions,
    private typeName: string = "tmpfs",
  ) {
    super();
    this.space = new Space(options);
    this.space.usedInodes = 1;
    this.dev = anonymousDev();
    this.inMemory = true;
    this.top = new TmpInode(this, this.space, new NewInode(S_IFDIR | options.mode, options.uid, options.gid));
  }

  get type(): string {
    return this.typeName;
  }

  root(): Inode {
    return this.top as Inode;
  }

  pagesChanged(by: i32): void {
    this.space.usedPages += by;
  }

  statfs(out: StatFs): Result {
    const o = this.options;
    out.type = TMPFS_MAGIC;
    out.bsize = PAGE_SIZE;
    out.frsize = PAGE_SIZE;
    out.fsid = this.dev;
    out.blocks = o.pages;
    out.bfree = out.bavail = o.pages > this.space.usedPages ? o.pages - this.space.usedPages : 0;
    out.files = o.inodes;
    out.ffree = o.inodes > this.space.usedInodes ? o.inodes - this.space.usedInodes : 0;
    return 0;
  }

  /** New limits; not below what is used. Errors: -EINVAL. */
  remount(readOnly: bool, data: Bytes): Result {
    const o = new TmpOptions();
    const r = o.parse(data);
    if (r < 0) return r;
    if (o.hasPages && o.pages != 0 && o.pages < this.space.usedPages) return fail(Errno.EINVAL);
    if (o.hasInodes && o.inodes != 0 && o.inodes < this.space.usedInodes) return fail(Errno.EINVAL);
    if (o.hasPages) {
      this.options.pages = o.pages;
      this.options.hasPages = true;
    }
    if (o.hasInodes) {
      this.options.inodes = o.inodes;
      this.options.hasInodes = true;
    }
    this.readOnly = readOnly;
    return 0;
  }

  shutdown(): void {
    const top = this.top;
    this.top = null;
    if (top != null) (top as TmpInode).destroy();
  }

  showOptions(out: BytesBuilder): void {
    const o = this.options;
    if (o.hasPages)
      out
        .text(",size=")
        .unsigned((o.pages * PAGE_SIZE) >> 10)
        .text("k");
    if (o.hasInodes) out.text(",nr_inodes=").unsigned(o.inodes);
    if (o.mode != 0o1777) out.text(",mode=").octal(o.mode, 3);
    if (o.uid != 0) out.text(",uid=").unsigned(o.uid);
    if (o.gid != 0) out.text(",gid=").unsigned(o.gid);
  }
}
