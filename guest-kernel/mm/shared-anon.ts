/** MAP_SHARED|MAP_ANONYMOUS: pages that fork does not copy, in a table of frames that lives while something maps them. */
import { Errno } from "../abi/errno";
import { BytesBuilder } from "../lib/bytes";
import { Result, fail } from "../lib/result";
import { PAGE_SIZE, allocFrame, getFrame, putFrame } from "./frames";
import { FrameOut, Pager } from "./pager";

const SLOTS: u64 = PAGE_SIZE / sizeof<usize>();

@final
export class SharedAnon extends Pager {
  private refs: i32 = 1;
  /** Frames of frame pointers, SLOTS in each; made when first touched. */
  private tables: StaticArray<usize>;

  constructor(pages: u64) {
    super();
    this.tables = new StaticArray<usize>(<i32>((pages + SLOTS - 1) / SLOTS));
  }

  page(index: u64, out: FrameOut): Result {
    const t = <i32>(index / SLOTS);
    if (t >= this.tables.length) return fail(Errno.EFAULT);
    if (this.tables[t] == 0) this.tables[t] = allocFrame();
    if (this.tables[t] == 0) return fail(Errno.ENOMEM);
    const at = this.tables[t] + <usize>(index % SLOTS) * sizeof<usize>();
    let frame = load<usize>(at);
    if (frame == 0) {
      frame = allocFrame();
      if (frame == 0) return fail(Errno.ENOMEM);
      store<usize>(at, frame);
    }
    getFrame(frame);
    out.frame = frame;
    return 0;
  }

  pageForWrite(index: u64, out: FrameOut): Result {
    return this.page(index, out);
  }

  get sharedWritable(): bool {
    return true;
  }

  ref(): void {
    this.refs++;
  }

  unref(): void {
    if (--this.refs > 0) return;
    for (let t = 0; t < this.tables.length; t++) {
      const table = this.tables[t];
      if (table == 0) continue;
      for (let i: usize = 0; i < PAGE_SIZE; i += sizeof<usize>()) {
        const frame = load<usize>(table + i);
        if (frame != 0) putFrame(frame);
      }
      putFrame(table);
      this.tables[t] = 0;
    }
  }

  device(): u64 {
    return 0;
  }

  ino(): u64 {
    return 0;
  }

  writePath(out: BytesBuilder): void {
    out.text("/dev/zero (deleted)");
  }
}
