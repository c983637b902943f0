/** One mapping of an address space: a range of pages with one protection and one source. */
import { Pager } from "./pager";

export const PROT_READ: u32 = 1;
export const PROT_WRITE: u32 = 2;
export const PROT_EXEC: u32 = 4;

export const MAP_SHARED: u32 = 1;
export const MAP_PRIVATE: u32 = 2;
export const MAP_SHARED_VALIDATE: u32 = 3;
export const MAP_FIXED: u32 = 0x10;
export const MAP_ANONYMOUS: u32 = 0x20;
export const MAP_GROWSDOWN: u32 = 0x100;
export const MAP_POPULATE: u32 = 0x8000;
export const MAP_STACK: u32 = 0x20000;
export const MAP_FIXED_NOREPLACE: u32 = 0x100000;

@final
export class Vma {
  constructor(
    /** Page-aligned. */
    public start: u64,
    public end: u64,
    public prot: u32,
    public isShared: bool,
    /** null: anonymous. Counted by this mapping. */
    public pager: Pager | null = null,
    /** Page number of `start` inside the pager. */
    public pageOffset: u64 = 0,
  ) {}

  /** The stack: a fault below `start` extends it. */
  growsDown: bool = false;
  /** The mapping that brk moves. */
  isHeap: bool = false;
  /** What mprotect may add: a shared read-only open file never becomes writable. */
  maxProt: u32 = 7;

  get pages(): u64 {
    return (this.end - this.start) >> 12;
  }

  /** A copy of [start, end), which must lie inside; the pager is counted once more. */
  part(start: u64, end: u64): Vma {
    const off = this.pageOffset + ((start - this.start) >> 12);
    const v = new Vma(start, end, this.prot, this.isShared, this.pager, off);
    v.growsDown = this.growsDown;
    v.isHeap = this.isHeap;
    v.maxProt = this.maxProt;
    const p = this.pager;
    if (p != null) p.ref();
    return v;
  }

  drop(): void {
    const p = this.pager;
    if (p != null) p.unref();
  }

  /** `next` continues this mapping, so that the two can be one. */
  joins(next: Vma): bool {
    return (
      this.end == next.start &&
      this.prot == next.prot &&
      this.maxProt == next.maxProt &&
      this.isShared == next.isShared &&
      this.growsDown == next.growsDown &&
      this.isHeap == next.isHeap &&
      this.pager === next.pager &&
      (this.pager == null || this.pageOffset + this.pages == next.pageOffset)
    );
  }
}
