/**
 * The names of one tmpfs directory: a hash for lookup, and a list in the order of creation for readdir. An entry's
 * position never changes and is never used again, so a listing is not disturbed by removals and creations meanwhile.
 */
import { Bytes } from "../../lib/bytes";
import { Inode } from "../../vfs/inode";

@final
export class Entry {
  hashNext: Entry | null = null;
  next: Entry | null = null;
  prev: Entry | null = null;

  constructor(
    public name: Bytes,
    public inode: Inode,
    /** Ascending along the list, > 0. */
    public position: i64,
  ) {}
}

@final
export class Directory {
  count: i32 = 0;
  first: Entry | null = null;
  private last: Entry | null = null;
  private buckets: StaticArray<Entry | null> = new StaticArray<Entry | null>(8);
  private lastPosition: i64 = 0;
  /** What after() found last, so that a listing does not search from the start each time. */
  private cursor: Entry | null = null;

  find(name: Bytes): Entry | null {
    let e = this.buckets[this.bucket(name)];
    while (e != null && !e.name.equals(name)) e = e.hashNext;
    return e;
  }

  /** `name` is not there yet. */
  add(name: Bytes, inode: Inode): void {
    if (this.count >= this.buckets.length * 2) this.grow();
    const e = new Entry(name.clone(), inode, ++this.lastPosition);
    const last = this.last;
    e.prev = last;
    if (last != null) last.next = e;
    else this.first = e;
    this.last = e;
    this.chain(e);
    this.count++;
  }

  remove(e: Entry): void {
    const i = this.bucket(e.name);
    let before: Entry | null = null;
    let at = this.buckets[i];
    while (at != null && at != e) {
      before = at;
      at = at.hashNext;
    }
    if (before != null) before.hashNext = e.hashNext;
    else this.buckets[i] = e.hashNext;
    const prev = e.prev;
    const next = e.next;
    if (prev != null) prev.next = next;
    else this.first = next;
    if (next != null) next.prev = prev;
    else this.last = prev;
    if (this.cursor == e) this.cursor = prev;
    this.count--;
  }

  /** The first entry after position `pos`, or null. */
  after(pos: i64): Entry | null {
    const c = this.cursor;
    let e = c != null && c.position <= pos ? c : this.first;
    while (e != null && e.position <= pos) e = e.next;
    this.cursor = e;
    return e;
  }

  private bucket(name: Bytes): i32 {
    return <i32>(name.hash() & (this.buckets.length - 1));
  }

  private chain(e: Entry): void {
    const i = this.bucket(e.name);
    e.hashNext = this.buckets[i];
    this.buckets[i] = e;
  }

  private grow(): void {
    this.buckets = new StaticArray<Entry | null>(this.buckets.length * 4);
    let e = this.first;
    while (e != null) {
      this.chain(e);
      e = e.next;
    }
  }
}
