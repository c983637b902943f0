/**
 * The six kernels by which the compiler is measured, as the kernel's own code is written: managed arrays, bounds checks on.
 * kernels.c has their twins: the same algorithms, statement by statement.
 */

/** Copies byte by byte. */
export function copy(dst: StaticArray<u8>, src: StaticArray<u8>, n: i32): void {
  for (let i = 0; i < n; i++) dst[i] = src[i];
}

export function crc32Table(table: StaticArray<u32>): void {
  for (let i: u32 = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
}

export function crc32(table: StaticArray<u32>, data: StaticArray<u8>, n: i32): u32 {
  let crc: u32 = 0xffffffff;
  for (let i = 0; i < n; i++) crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
  return ~crc;
}

/** A hash table with open addressing; key 0 is an empty slot. */
export class HashMap {
  keys: StaticArray<u32>;
  values: StaticArray<u32>;
  mask: u32;
  constructor(size: i32) {
    this.keys = new StaticArray<u32>(size);
    this.values = new StaticArray<u32>(size);
    this.mask = <u32>size - 1;
  }
  slotOf(key: u32): u32 {
    let at = (key * 0x9e3779b1) & this.mask;
    while (this.keys[at] != 0 && this.keys[at] != key) at = (at + 1) & this.mask;
    return at;
  }
  set(key: u32, value: u32): void {
    const at = this.slotOf(key);
    this.keys[at] = key;
    this.values[at] = value;
  }
  get(key: u32): u32 {
    return this.values[this.slotOf(key)];
  }
}

export function hashMap(map: HashMap, count: u32): u32 {
  let key: u32 = 12345;
  for (let i: u32 = 0; i < count; i++) {
    key = key * 1664525 + 1013904223;
    map.set(key | 1, i);
  }
  let sum: u32 = 0;
  key = 12345;
  for (let i: u32 = 0; i < 2 * count; i++) {
    key = key * 1664525 + 1013904223;
    sum += map.get(key | 1);
  }
  return sum;
}

/** A buddy allocator over unit-sized blocks: doubly linked free lists per order, threaded through arrays. */
export class Buddy {
  next: StaticArray<i32>;
  prev: StaticArray<i32>;
  /** Order of the free block that starts here, or -1. */
  order: StaticArray<i8>;
  heads: StaticArray<i32>;
  constructor(public maxOrder: i32) {
    const n = 1 << maxOrder;
    this.next = new StaticArray<i32>(n);
    this.prev = new StaticArray<i32>(n);
    this.order = new StaticArray<i8>(n);
    this.heads = new StaticArray<i32>(maxOrder + 1);
    for (let i = 0; i < n; i++) this.order[i] = -1;
    for (let o = 0; o <= maxOrder; o++) this.heads[o] = -1;
    this.insert(0, maxOrder);
  }
  insert(block: i32, o: i32): void {
    const head = this.heads[o];
    this.next[block] = head;
    this.prev[block] = -1;
    if (head >= 0) this.prev[head] = block;
    this.heads[o] = block;
    this.order[block] = <i8>o;
  }
  remove(block: i32, o: i32): void {
    const next = this.next[block];
    const prev = this.prev[block];
    if (prev >= 0) this.next[prev] = next;
    else this.heads[o] = next;
    if (next >= 0) this.prev[next] = prev;
    this.order[block] = -1;
  }
  alloc(o: i32): i32 {
    let at = o;
    while (at <= this.maxOrder && this.heads[at] < 0) at++;
    if (at > this.maxOrder) return -1;
    const block = this.heads[at];
    this.remove(block, at);
    while (at > o) {
      at--;
      this.insert(block + (1 << at), at);
    }
    return block;
  }
  free(block: i32, o: i32): void {
    while (o < this.maxOrder) {
      const buddy = block ^ (1 << o);
      if (this.order[buddy] != o) break;
      this.remove(buddy, o);
      block &= ~(1 << o);
      o++;
    }
    this.insert(block, o);
  }
}

export function allocator(buddy: Buddy, live: StaticArray<i32>, orders: StaticArray<i32>, count: i32): i32 {
  let seed: u32 = 99;
  let failures = 0;
  for (let i = 0; i < count; i++) {
    seed = seed * 1664525 + 1013904223;
    const slot = (<i32>(seed >> 16)) & 255;
    if (live[slot] >= 0) buddy.free(live[slot], orders[slot]);
    const o = (<i32>(seed >> 28)) & 3;
    const block = buddy.alloc(o);
    live[slot] = block;
    orders[slot] = o;
    if (block < 0) failures++;
  }
  return failures;
}

/** memcmp order of two byte strings within one buffer. */
export function compareStrings(text: StaticArray<u8>, a: i32, aLength: i32, b: i32, bLength: i32): i32 {
  const n = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < n; i++) {
    const x = text[a + i];
    const y = text[b + i];
    if (x != y) return <i32>x - <i32>y;
  }
  return aLength - bLength;
}

export function stringCompare(text: StaticArray<u8>, n: i32, length: i32): i32 {
  let smaller = 0;
  for (let a = 0; a + length <= n; a += 7) {
    const b = <i32>((<u32>a * 31) % <u32>(n - length));
    if (compareStrings(text, a, length, b, length) < 0) smaller++;
  }
  return smaller;
}

export function shellSort(values: StaticArray<i32>, n: i32): void {
  let gap = 1;
  while (gap < n / 3) gap = gap * 3 + 1;
  for (; gap > 0; gap = (gap - 1) / 3) {
    for (let i = gap; i < n; i++) {
      const value = values[i];
      let k = i;
      while (k >= gap && values[k - gap] > value) {
        values[k] = values[k - gap];
        k -= gap;
      }
      values[k] = value;
    }
  }
}
