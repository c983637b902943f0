/** A hash table keyed by bytes: variables, functions, aliases, command locations. */
import { Bytes } from "../../lib/bytes";

@final
class Entry<V> {
  constructor(
    public name: Bytes,
    public value: V,
    public next: Entry<V> | null,
  ) {}
}

@final
export class NameTable<V> {
  private buckets: StaticArray<Entry<V> | null> = new StaticArray<Entry<V> | null>(64);

  private find(name: Bytes): Entry<V> | null {
    let e = this.buckets[name.hash() & 63];
    while (e && !e.name.equals(name)) e = e.next;
    return e;
  }

  has(name: Bytes): bool {
    return this.find(name) != null;
  }

  /** Null: there is no such name. */
  get(name: Bytes): V | null {
    const e = this.find(name);
    return e ? e.value : null;
  }

  set(name: Bytes, value: V): void {
    const e = this.find(name);
    if (e) e.value = value;
    else {
      const at = name.hash() & 63;
      this.buckets[at] = new Entry<V>(name.clone(), value, this.buckets[at]);
    }
  }

  remove(name: Bytes): bool {
    const at = name.hash() & 63;
    let before: Entry<V> | null = null;
    let e = this.buckets[at];
    while (e) {
      if (e.name.equals(name)) {
        if (before) before.next = e.next;
        else this.buckets[at] = e.next;
        return true;
      }
      before = e;
      e = e.next;
    }
    return false;
  }

  clear(): void {
    for (let i = 0; i < 64; i++) this.buckets[i] = null;
  }

  /** In byte order. */
  names(): Bytes[] {
    const all: Bytes[] = [];
    for (let i = 0; i < 64; i++) {
      let e = this.buckets[i];
      while (e) {
        all.push(e.name);
        e = e.next;
      }
    }
    return all.sort((x, y) => x.compare(y));
  }
}
