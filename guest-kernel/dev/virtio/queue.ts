/**
 * A split virtqueue (virtio 1.2, 2.7) as the driver sees it, laid out so that both transports can use it: descriptors and
 * available ring in the first page, used ring in the second (the legacy layout with 4 KiB alignment).
 *
 * What the device writes is not trusted: a used entry that names no outstanding chain is ignored.
 */
import { fence, ld16, ld32, st16, st32, st64 } from "../../hal/rv";
import { va } from "../../hal/mmio";
import { PAGE_SIZE, allocFrame } from "../../mm/frames";

/** Descriptors in a queue, when the device offers so many. */
export const QUEUE_SIZE: u32 = 64;

const DESC_F_NEXT: u32 = 1;
const DESC_F_WRITE: u32 = 2;
const NONE: u32 = 0xffff;

@final
export class Virtqueue {
  /** Physical address of the descriptors; kernel pointer, too. */
  desc: usize = 0;
  avail: usize = 0;
  used: usize = 0;
  /** Bytes that the device wrote into the chain that `take` returned. */
  takenBytes: u32 = 0;

  private next: StaticArray<u16>;
  private outstanding: StaticArray<bool>;
  private freeHead: u32 = 0;
  private freeCount: u32;
  private availIdx: u32 = 0;
  private usedIdx: u32 = 0;

  constructor(public size: u32) {
    this.next = new StaticArray<u16>(size);
    this.outstanding = new StaticArray<bool>(size);
    this.freeCount = size;
    for (let i: u32 = 0; i < size; i++) this.next[i] = <u16>(i + 1);
  }

  /** Allocates the rings: two adjacent pages. False when memory is short or scattered (boot memory is neither). */
  allocate(): bool {
    const first = allocFrame();
    const second = allocFrame();
    if (first == 0 || second != first + PAGE_SIZE) return false;
    this.desc = first;
    this.avail = first + <usize>this.size * 16;
    this.used = second;
    return true;
  }

  get free(): u32 {
    return this.freeCount;
  }

  /** Takes a descriptor and fills it; the caller checked `free`. Returns its index. */
  private fill(addr: u64, len: u32, flags: u32): u32 {
    const i = this.freeHead;
    this.freeHead = this.next[i];
    this.freeCount--;
    const d = va(this.desc) + <u64>i * 16;
    st64(d, addr);
    st32(d + 8, len);
    st16(d + 12, flags);
    st16(d + 14, 0);
    return i;
  }

  private chain(from: u32, to: u32): void {
    const d = va(this.desc) + <u64>from * 16;
    st16(d + 12, (ld16(d + 12) | DESC_F_NEXT) & 0xffff);
    st16(d + 14, to);
    this.next[from] = <u16>to;
  }

  private publish(head: u32, last: u32): u32 {
    this.next[last] = <u16>NONE;
    this.outstanding[head] = true;
    const ring = va(this.avail);
    st16(ring + 4 + <u64>(this.availIdx % this.size) * 2, head);
    fence();
    this.availIdx = (this.availIdx + 1) & 0xffff;
    st16(ring + 2, this.availIdx);
    fence();
    return head;
  }

  /** One buffer that the device reads, or writes when `writable`. The caller checked `free >= 1`. */
  offer(addr: u64, len: u32, writable: bool): u32 {
    const i = this.fill(addr, len, writable ? DESC_F_WRITE : 0);
    return this.publish(i, i);
  }

  /** header (read), data (either way, absent when `len` is 0), status (written). The caller checked `free >= 3`. */
  offerRequest(header: u64, headerLen: u32, data: u64, len: u32, dataWritable: bool, status: u64): u32 {
    const first = this.fill(header, headerLen, 0);
    let last = first;
    if (len != 0) {
      const d = this.fill(data, len, dataWritable ? DESC_F_WRITE : 0);
      this.chain(last, d);
      last = d;
    }
    const s = this.fill(status, 1, DESC_F_WRITE);
    this.chain(last, s);
    return this.publish(first, s);
  }

  /** The head of a chain that the device has finished, its descriptors freed; or -1. */
  take(): i32 {
    const ring = va(this.used);
    while ((ld16(ring + 2) & 0xffff) != this.usedIdx) {
      fence();
      const e = ring + 4 + <u64>(this.usedIdx % this.size) * 8;
      const head = ld32(e);
      this.takenBytes = ld32(e + 4);
      this.usedIdx = (this.usedIdx + 1) & 0xffff;
      if (head >= this.size || !this.outstanding[head]) continue;
      this.outstanding[head] = false;
      let last = head;
      this.freeCount++;
      while (<u32>this.next[last] != NONE) {
        last = this.next[last];
        this.freeCount++;
      }
      this.next[last] = <u16>this.freeHead;
      this.freeHead = head;
      return <i32>head;
    }
    return -1;
  }
}
