/** The mappings of one address space: sorted, disjoint, neighbours that continue each other joined. */
import { insertAt, removeAt } from "../lib/array";
import { Vma } from "./vma";

@final
export class VmaList {
  private list: Array<Vma> = [];

  get length(): i32 {
    return this.list.length;
  }

  at(i: i32): Vma {
    return this.list[i];
  }

  /** Index of the first mapping that ends after `addr`. */
  indexAfter(addr: u64): i32 {
    let lo = 0;
    let hi = this.list.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.list[mid].end <= addr) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  /** The mapping that contains `addr`, or null. */
  find(addr: u64): Vma | null {
    const i = this.indexAfter(addr);
    return i < this.list.length && this.list[i].start <= addr ? this.list[i] : null;
  }

  overlaps(start: u64, end: u64): bool {
    const i = this.indexAfter(start);
    return i < this.list.length && this.list[i].start < end;
  }

  /** [start, end) is mapped without a hole. */
  covers(start: u64, end: u64): bool {
    let at = start;
    for (let i = this.indexAfter(start); at < end; i++) {
      if (i >= this.list.length || this.list[i].start > at) return false;
      at = this.list[i].end;
    }
    return true;
  }

  /** Takes `v` over; it overlaps nothing. */
  insert(v: Vma): void {
    const i = this.indexAfter(v.start);
    insertAt<Vma>(this.list, i, v);
    this.joinAt(i);
    this.joinAt(i - 1);
  }

  /** Makes `addr` a boundary between mappings, where it lies inside one. */
  split(addr: u64): void {
    const i = this.indexAfter(addr);
    if (i >= this.list.length) return;
    const v = this.list[i];
    if (v.start >= addr) return;
    const upper = v.part(addr, v.end);
    v.end = addr;
    insertAt<Vma>(this.list, i + 1, upper);
  }

  /** Takes out whatever lies in [start, end); the caller has released the pages. */
  remove(start: u64, end: u64): void {
    this.split(start);
    this.split(end);
    const first = this.indexAfter(start);
    let n = 0;
    while (first + n < this.list.length && this.list[first + n].end <= end) this.list[first + n++].drop();
    if (n > 0) this.list.splice(first, n);
  }

  /** Joins what [start, end) touches with its neighbours after a change of protection. */
  tidy(start: u64, end: u64): void {
    for (let i = max(this.indexAfter(start) - 1, 0); i < this.list.length && this.list[i].start <= end;) {
      if (!this.joinAt(i)) i++;
    }
  }

  /** The highest free range of `len` bytes inside [floor, ceiling), or 0. */
  findFree(len: u64, floor: u64, ceiling: u64): u64 {
    let top = ceiling;
    for (let i = this.list.length - 1; i >= 0; i--) {
      const v = this.list[i];
      if (v.start >= top) continue;
      if (v.end < top && top - v.end >= len) break;
      top = v.start;
      if (top < floor + len) return 0;
    }
    return top >= floor + len ? top - len : 0;
  }

  /** Mapped bytes. */
  get bytes(): u64 {
    let n: u64 = 0;
    for (let i = 0; i < this.list.length; i++) n += this.list[i].end - this.list[i].start;
    return n;
  }

  private joinAt(i: i32): bool {
    if (i < 0 || i + 1 >= this.list.length) return false;
    const v = this.list[i];
    const next = this.list[i + 1];
    if (!v.joins(next)) return false;
    v.end = next.end;
    next.drop();
    removeAt<Vma>(this.list, i + 1);
    return true;
  }
}
